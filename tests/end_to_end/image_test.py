"""The image, end to end: a lock becomes a Dockerfile, real engines build it without network, containers run as non-root.

Usage: image_test.py AIMLOCK STATIC_AIMLOCK CHANNEL [unittest options]. Exit status 77: skipped, with the reason.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from end_to_end.containers import BASE, Buildah, Docker, base_archive, run, skip
from end_to_end.image_project import IMAGE, Project
from end_to_end.tiny_index import FolderServer, TinyIndex

AIMLOCK, STATIC_AIMLOCK, CHANNEL = (Path(word).resolve() for word in sys.argv[1:4])
class ImageCase(unittest.TestCase):
    """Each class has a project; the engines are made by the classes."""

    scratch: tempfile.TemporaryDirectory
    project: Project

    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = tempfile.TemporaryDirectory(prefix="aimlock-image-")
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = Path(cls.scratch.name)
        cls.index = cls.enterClassContext(TinyIndex(folder / "index"))
        cls.project = Project(folder / "project", cls.index.url, CHANNEL, AIMLOCK, STATIC_AIMLOCK)
        cls.project.write("==1.0")

    def check_output(self, output: str, version: str = "1.0") -> None:
        """What PROGRAM prints in a container that is as it should be."""
        self.assertRegex(output, rf"(?m)^container-ok 1000 [\d.]+ {version} a \$HOME \"q\" \\ `x`$")


class Files(ImageCase):
    """What needs no engine."""

    def test_hadolint_finds_nothing(self) -> None:
        run("hadolint", "--failure-threshold", "warning", self.project.folder / "Dockerfile")

    def test_compose_reads_the_services(self) -> None:
        if shutil.which("docker-compose") is None:
            self.skipTest("no docker-compose: scripts/install_dependencies installs it")
        shown = run("docker-compose", "config", cwd=self.project.folder)
        self.assertRegex(shown, r"(?m)^  gpu-dev:$")
        self.assertRegex(shown, r"(?m)^  cpu-dev:$")
        self.assertIn("driver: nvidia", shown)

    def test_a_second_run_writes_the_same_bytes(self) -> None:
        def written() -> dict[str, bytes]:
            names = ["Dockerfile", "compose.yaml", "aimlock.layers", "docker-bake.json", ".dockerignore"]
            slices = sorted((self.project.folder / "aimlock.lock.d").iterdir())
            return {str(path): path.read_bytes() for path in [*(self.project.folder / name for name in names), *slices]}

        before = written()
        self.project.write("==1.0")
        self.assertEqual(before, written())

    def test_the_plan_is_shown_and_nothing_written(self) -> None:
        before = {path: path.stat().st_mtime_ns for path in self.project.folder.rglob("*")}
        table = self.project.aimlock("image", "--plan")
        self.assertIn("since the last image", table)
        self.assertRegex(table, r"interpreter .* same")
        document = json.loads(self.project.aimlock("image", "--plan", "--json"))
        self.assertEqual((1, "planned", "gpu"), (document["schema"], document["status"], document["target"]))
        self.assertEqual([], [layer["id"] for layer in document["layers"] if layer["changed"]])
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.project.folder.rglob("*")})

    def test_archives_of_a_folder_go_into_the_context_unasked(self) -> None:
        pool = self.project.folder / ".aimlock/pool"
        vendored = {path.relative_to(pool): path.stat().st_size for path in pool.rglob("*") if path.is_file()}
        shutil.rmtree(pool)
        self.project.aimlock("image", "--installer", str(STATIC_AIMLOCK))
        self.assertEqual(vendored, {path.relative_to(pool): path.stat().st_size for path in pool.rglob("*") if path.is_file()})

    def test_a_dynamic_installer_is_refused(self) -> None:
        command = [AIMLOCK, "image", "--vendor", "pool", "--installer", "/bin/ls"]
        done = subprocess.run(command, cwd=self.project.folder, capture_output=True, text=True, check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("linked dynamically", done.stderr)
        self.assertIn("cmake --preset static", done.stderr)

    def test_a_file_of_the_user_is_not_replaced(self) -> None:
        compose = self.project.folder / "compose.yaml"
        ours = compose.read_text()
        self.addCleanup(compose.write_text, ours)
        compose.write_text("services: {}\n")
        command = [AIMLOCK, "image", "--vendor", "pool", "--installer", STATIC_AIMLOCK]
        done = subprocess.run(command, cwd=self.project.folder, capture_output=True, text=True, check=False)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn("compose.yaml", done.stderr)
        self.assertEqual("services: {}\n", compose.read_text())


class BuildKit(ImageCase):
    """dockerd's BuildKit, and docker-compose over it."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.engine = cls.enterClassContext(Docker(Path(cls.scratch.name) / "docker"))
        cls.engine.docker("import", base_archive(), BASE)

    def build(self, *options: str) -> str:
        """`docker build` in the project's folder."""
        return self.engine.docker("build", "--progress=plain", *options, ".", cwd=self.project.folder)

    def test_the_image_runs_as_non_root_and_stays_the_same(self) -> None:
        self.build("--network", "none", "-t", "first")
        self.check_output(self.engine.docker("run", "--rm", "--network", "none", "--read-only", "first"))
        self.assertIn("tiny 1.0", self.engine.docker("run", "--rm", "--network", "none", "first", "tiny"))
        shown = self.engine.docker("run", "--rm", "--network", "none", "first", "/bin/sh", "-c", "echo /usr/local/bin/* /run/*")
        self.assertNotIn("aimlock", shown, "the installer is in a layer")

        second = self.build("--network", "none", "-t", "second")
        self.assertEqual(self.engine.layers("first"), self.engine.layers("second"))
        steps = set(re.findall(r"(?m)^(#\d+) \[[^]]*\d+/\d+\] (?:RUN|COPY)", second))
        cached = set(re.findall(r"(?m)^(#\d+) CACHED$", second))
        self.assertTrue(steps)
        self.assertLessEqual(steps, cached)

        # Without its cache the builder runs every step again; only the two that no package is in may differ.
        self.build("--network", "none", "--no-cache", "-t", "third")
        pairs = list(zip(self.engine.layers("first"), self.engine.layers("third"), strict=True))
        self.assertLessEqual(sum(a != b for a, b in pairs), 2, pairs)

    def test_an_audit_inside_the_container_finds_no_drift(self) -> None:
        self.build("--network", "none", "-t", "audited")
        mounts = ["-v", f"{STATIC_AIMLOCK}:/aimlock:ro", "-v", f"{self.project.folder}/aimlock.lock:/aimlock.lock:ro"]
        words = ["/aimlock", "audit", "--lock", "/aimlock.lock", "--target", "gpu", "--prefix", "/opt/env"]
        self.engine.docker("run", "--rm", "--network", "none", *mounts, "audited", *words)

    def test_a_moved_package_changes_its_layer_alone(self) -> None:
        self.build("--network", "none", "-t", "before")
        self.addCleanup(self.project.write, "==1.0")
        self.project.write("==1.1")
        self.build("--network", "none", "-t", "after")
        self.check_output(self.engine.docker("run", "--rm", "--network", "none", "after"), "1.1")
        before, after = self.engine.layers("before"), self.engine.layers("after")
        self.assertEqual(len(before), len(after))
        # The wheel's layer, and the last step's, which only looks.
        self.assertLessEqual(sum(a != b for a, b in zip(before, after)), 2)

    def test_the_three_commands_work_word_for_word(self) -> None:
        self.engine.docker("build", "-t", IMAGE, ".", cwd=self.project.folder)
        workspace = f"{self.project.folder}:/workspace"
        command = ["run", "--gpus", "all", "-p", "8888:8888", "-v", workspace, IMAGE]
        no_gpu = self.engine.attempt(*command)
        # No toolkit here: the request for GPUs must be the only thing that fails.
        self.assertIn("could not select device driver", no_gpu.stderr)
        self.check_output(self.engine.docker(*(word for word in command if word not in ("--gpus", "all"))))
        if shutil.which("docker-compose") is None:
            self.skipTest("no docker-compose: scripts/install_dependencies installs it")
        for service, expected in (("gpu-dev", "could not select device driver"), ("cpu-dev", "container-ok 1000")):
            done = subprocess.run(
                ["docker-compose", "up", service],
                cwd=self.project.folder,
                env=self.engine.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=300,
            )
            self.assertIn(expected, done.stdout)

    def test_the_classic_builder_builds_the_classic_dialect(self) -> None:
        self.addCleanup(self.project.write, "==1.0")
        self.project.write("==1.0", "--dialect", "classic")
        self.engine.docker("build", "--network", "none", "-t", "classic", ".", cwd=self.project.folder, DOCKER_BUILDKIT="0")
        self.check_output(self.engine.docker("run", "--rm", "--network", "none", "classic"))


class WithoutADaemon(ImageCase):
    """buildah and podman."""

    def test_two_builds_are_one_image_and_it_runs(self) -> None:
        engine = Buildah(Path(self.scratch.name) / "buildah")
        self.addCleanup(engine.close)
        first = engine.build(self.project.folder, "localhost/first:1")
        second = engine.build(self.project.folder, "localhost/second:1")
        self.assertEqual(first, second)
        self.check_output(engine.run("localhost/first:1"))

    def test_a_build_can_fetch_for_itself(self) -> None:
        channel = self.enterContext(FolderServer(CHANNEL.parent))
        online = Project(Path(self.scratch.name) / "online", self.index.url, f"{channel.url}/{CHANNEL.name}", AIMLOCK, STATIC_AIMLOCK)
        online.solve("==1.0")
        online.aimlock("image", "--installer", str(STATIC_AIMLOCK))
        self.assertFalse((online.folder / ".aimlock/pool").exists())
        engine = Buildah(Path(self.scratch.name) / "buildah-online")
        self.addCleanup(engine.close)
        engine.build(online.folder, "localhost/online:1")
        self.check_output(engine.run("localhost/online:1"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("container engines are started as root only")
    if not STATIC_AIMLOCK.is_file():
        skip("no static program: cmake --preset static && cmake --build --preset static makes it")
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)
