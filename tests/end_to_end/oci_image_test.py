"""`aimlock image --oci`, end to end: the same bytes everywhere, the files of an installation, and engines that run it.

Usage: oci_image_test.py AIMLOCK STATIC_AIMLOCK CHANNEL [unittest options]. Exit status 77: skipped, with the reason.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from end_to_end.containers import BASE, Buildah, Docker, base_archive, run, skip
from end_to_end.image_project import Project
from end_to_end.root_tree import Layout, differences, members_of, tree_of, tree_of_layers
from end_to_end.tiny_index import TinyIndex

AIMLOCK, STATIC_AIMLOCK, CHANNEL = (Path(word).resolve() for word in sys.argv[1:4])
MOMENT = 315532800  # 1980-01-01
NOBODY = 65534


class OciCase(unittest.TestCase):
    """Each class has a project with a pool."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="aimlock-oci-")))
        # Another user has to come through.
        cls.scratch.chmod(0o755)
        index = cls.enterClassContext(TinyIndex(cls.scratch / "index"))
        cls.project = Project(cls.scratch / "project", index.url, CHANNEL, AIMLOCK, STATIC_AIMLOCK)
        cls.project.solve("==1.0")
        cls.project.aimlock("vendor", "pool")

    def image(self, name: str, *options: str) -> Layout:
        """The image without a base, written to a folder of the test's own."""
        folder = self.scratch / "out" / name
        self.project.aimlock("image", "--oci", str(folder), "--base", "none", *options)
        return Layout(folder)


class Bytes(OciCase):
    """What needs no engine."""

    def test_one_digest_for_every_user_and_machine(self) -> None:
        expected = self.image("first", "--vendor", "pool")
        seen = {"first": expected.digest}
        seen["store, three threads"] = self.image("store", "--threads", "3").digest
        seen["warm store"] = self.image("warm", "--threads", "1").digest
        surroundings = {
            "bare": ({"TZ": "Asia/Kathmandu", "LC_ALL": "C"}, 0o077, "1"),
            "far": ({"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}, 0o000, "2"),
            "many": ({"TZ": "UTC", "SOURCE_DATE_EPOCH": "1", "PYTHONHASHSEED": "7", "PYTHONPATH": "/nowhere"}, 0o022, "7"),
        }
        for name, (environment, umask, threads) in surroundings.items():
            home = self.scratch / f"home-{name}"
            home.mkdir()
            user = {}
            if os.geteuid() == 0 and name != "many":
                os.chown(home, NOBODY, NOBODY)
                user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            command = [AIMLOCK, "image", "--lock", self.project.folder / "aimlock.lock", "--oci", home / "image", "--base", "none"]
            # The plan is written beside the lock, which is another user's: a copy of both.
            for file in ("aimlock.lock", "aimlock.toml"):
                shutil.copy(self.project.folder / file, home / file)
                if user:
                    os.chown(home / file, NOBODY, NOBODY)
            command[3] = home / "aimlock.lock"
            done = subprocess.run(
                [str(word) for word in [*command, "--vendor", self.project.folder / "pool", "--threads", threads]],
                cwd=home,
                env={"HOME": str(home), "PATH": "/usr/bin:/bin", "AIMLOCK_CACHE_DIR": str(home / "cache")} | environment,
                umask=umask,
                capture_output=True,
                text=True,
                check=False,
                **user,
            )
            self.assertEqual(0, done.returncode, done.stderr)
            seen[name] = Layout(home / "image").digest
        self.assertEqual({expected.digest}, set(seen.values()), seen)

    def test_layers_hold_what_the_dockerfile_replays(self) -> None:
        image = self.image("replayed", "--vendor", "pool")
        self.project.aimlock("image", "--vendor", "pool", "--installer", str(STATIC_AIMLOCK))
        expected = {}
        interpreter = self.scratch / "roots/interpreter"
        slices = sorted((self.project.folder / "aimlock.lock.d").iterdir(), key=lambda path: path.stem != "interpreter")
        for file in slices:
            root = self.scratch / "roots" / file.stem
            pool = self.project.folder / ".aimlock/pool" / file.stem
            self.project.aimlock("install", "--lock", str(file), "--prefix", "/opt/env", "--root", str(root), "--vendor", str(pool))
            program = self.project.folder / ".aimlock/byte_code.py"
            python = [str(interpreter / "opt/env/bin/python"), "-B", "-s", "-S", str(program)]
            run(*python, root, "/opt/env/lib/python3.11", env={"PYTHONHASHSEED": "0"})
            expected |= tree_of(root)
        held = tree_of_layers(image.tars()[1:])
        self.assertGreater(len(held), 1500)
        self.assertEqual([], differences(expected, held))
        self.assertTrue(any(path.startswith("opt/env/conda-meta/aimlock-lock.") for path in held), "no marker")
        self.assertIn("opt/env/bin/tiny", held, "no entry point")
        self.assertTrue(any(path.endswith("aimlock_tiny/__pycache__/__init__.cpython-311.pyc") for path in held))

    def test_layers_hold_what_install_puts_into_a_prefix(self) -> None:
        image = self.image("installed", "--vendor", "pool")
        root = self.scratch / "whole"
        self.project.aimlock("install", "--prefix", "/opt/env", "--root", str(root), "--vendor", "pool", "--target", "gpu")
        # What was asked for by name is in the lock's roots, which no layer's slice has.
        for record in (root / "opt/env/conda-meta").glob("*.json"):
            asked = json.loads(record.read_text())
            asked.pop("requested_spec", None)
            record.write_text(json.dumps(asked, indent=2, sort_keys=True, ensure_ascii=False) + "\n")

        def packages_files(tree: dict) -> dict:
            """Without the marker, which has a name of its own in every part of an image, and without byte code: a layer's is
            made of all of lib/python3.11, a prefix's of what came without it."""
            return {path: entry for path, entry in tree.items() if "/aimlock-lock" not in path and "__pycache__" not in path}

        installed, held = tree_of(root), tree_of_layers(image.tars()[1:])
        self.assertEqual([], differences(packages_files(installed), packages_files(held)))
        self.assertLessEqual({path for path in installed if path.endswith(".pyc")}, held.keys())

    def test_members_say_nothing_of_the_machine(self) -> None:
        image = self.image("members", "--vendor", "pool")
        ground, *layers = [members_of(tar) for tar in image.tars()]
        for members in (ground, *layers):
            paths = [member.name for member in members]
            self.assertEqual(sorted(paths, key=os.fsencode), paths)
            self.assertEqual(len(set(paths)), len(paths))
            for member in members:
                self.assertEqual((MOMENT, "", ""), (member.mtime, member.uname, member.gname), member.name)
                self.assertIn(member.mode, (0o644, 0o755, 0o777 if member.issym() else 0o755), member.name)
        self.assertEqual({(0, 0)}, {(member.uid, member.gid) for members in layers for member in members})
        owners = {member.name: (member.uid, member.gid) for member in ground}
        self.assertEqual((1000, 1000), owners["workspace"])
        self.assertEqual((1000, 1000), owners["home/aimlock"])
        self.assertEqual((0, 0), owners["etc/passwd"])

    def test_configuration_is_the_dockerfiles(self) -> None:
        image = self.image("configured", "--vendor", "pool")
        config = image.config["config"]
        self.assertEqual(("1000:1000", "/workspace", "python"), (config["User"], config["WorkingDir"], config["Cmd"][0]))
        self.assertEqual({"8888/tcp": {}}, config["ExposedPorts"])
        for line in ("CONDA_PREFIX=/opt/env", 'ODD=a $HOME "q" \\ `x`', "NVIDIA_VISIBLE_DEVICES=all"):
            self.assertIn(line, config["Env"])
        self.assertTrue(config["Env"][0].startswith("PATH=/opt/env/bin:/usr/local/sbin:"))
        self.assertEqual("gpu", config["Labels"]["io.aimlock.target"])
        self.assertEqual(("linux", "amd64"), (image.config["os"], image.config["architecture"]))
        self.assertEqual(len(image.config["history"]), len(image.config["rootfs"]["diff_ids"]))

    def test_a_moved_package_writes_one_layer(self) -> None:
        before = self.image("bump", "--vendor", "pool")
        self.addCleanup(self.project.aimlock, "vendor", "pool")
        self.addCleanup(self.project.solve, "==1.0")
        self.project.solve("==1.1")
        self.project.aimlock("vendor", "pool")
        folder = self.scratch / "out/bump"
        told = json.loads(self.project.aimlock("image", "--json", "--oci", str(folder), "--base", "none", "--vendor", "pool"))
        after = Layout(folder)
        old = {layer["digest"] for layer in before.manifest["layers"]}
        new = [layer for layer in after.manifest["layers"] if layer["digest"] not in old]
        self.assertEqual(1, len(new), new)
        self.assertIn("aimlock-tiny 1.1", new[0]["annotations"]["io.aimlock.packages"])
        self.assertEqual((new[0]["size"], len(after.manifest["layers"]) - 1), (told["new_bytes"], told["reused"]))
        self.assertEqual(after.digest, self.image("bump-anew", "--vendor", "pool").digest)
        held = {path.name for path in (folder / "blobs/sha256").iterdir()}
        named = [after.descriptor, after.manifest["config"], *after.manifest["layers"]]
        self.assertEqual({descriptor["digest"].removeprefix("sha256:") for descriptor in named}, held, "an old blob stayed")

    def test_a_killed_run_leaves_the_old_image_and_the_next_one_is_whole(self) -> None:
        expected = self.image("killed", "--vendor", "pool").digest
        for moment in (0.1, 0.7):
            folder = self.scratch / f"out/killed-{moment}"
            command = [AIMLOCK, "image", "--oci", folder, "--base", "none", "--vendor", "pool"]
            with subprocess.Popen([str(word) for word in command], cwd=self.project.folder, env=self.project.environment, stderr=subprocess.DEVNULL) as running:
                time.sleep(moment)
                running.send_signal(signal.SIGKILL)
            if (folder / "index.json").exists():
                self.assertEqual(expected, Layout(folder).digest)
            self.assertEqual(expected, self.image(folder.name, "--vendor", "pool").digest)
            self.assertEqual(["blobs", "index.json", "oci-layout"], sorted(path.name for path in folder.iterdir()))

    def test_a_damaged_layer_is_written_again(self) -> None:
        image = self.image("damaged", "--vendor", "pool")
        blob = self.scratch / "out/damaged/blobs" / image.manifest["layers"][-1]["digest"].replace(":", "/")
        data = bytearray(blob.read_bytes())
        data[len(data) // 2] ^= 1
        blob.write_bytes(data)
        self.assertEqual(image.digest, self.image("damaged", "--vendor", "pool").digest)

    def test_zstd_holds_the_same_layers(self) -> None:
        gzip = self.image("gzip", "--vendor", "pool")
        zstd = self.image("zstd", "--vendor", "pool", "--compression", "zstd")
        self.assertEqual(gzip.config, zstd.config)
        self.assertEqual({"application/vnd.oci.image.layer.v1.tar+zstd"}, {layer["mediaType"] for layer in zstd.manifest["layers"]})

    def test_a_folder_of_somebody_is_left_alone(self) -> None:
        folder = self.scratch / "theirs"
        folder.mkdir()
        (folder / "notes.txt").write_text("mine\n")
        self.refuse("aimlock did not make it", "--oci", str(folder), "--base", "none")
        self.assertEqual(["notes.txt"], [path.name for path in folder.iterdir()])

    def test_a_base_that_is_not_on_disk_is_asked_for(self) -> None:
        self.refuse("has to lie on disk", "--oci", str(self.scratch / "out/none"))

    def refuse(self, message: str, *options: str) -> None:
        """The command must fail, saying `message`."""
        done = subprocess.run([AIMLOCK, "image", *options], cwd=self.project.folder, env=self.project.environment, capture_output=True, text=True, check=False)
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn(message, done.stderr)


class WithoutADaemon(OciCase):
    """buildah and podman over a base of theirs."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.engine = Buildah(cls.scratch / "buildah")
        cls.addClassCleanup(cls.engine.close)
        cls.base = cls.scratch / "base"
        run("buildah", *cls.engine.storage, "push", "-q", BASE, f"oci:{cls.base}:base")

    def on_base(self, name: str, base: Path) -> Path:
        """The image over a base."""
        folder = self.scratch / "out" / name
        self.project.aimlock("image", "--oci", str(folder), "--base-layout", str(base), "--vendor", "pool")
        return folder

    def root_of(self, image: str) -> dict:
        """The root folder of an image, without the files that engines put into every container."""
        container = run("buildah", *self.engine.storage, "from", image).strip()
        try:
            tree = tree_of(Path(run("buildah", *self.engine.storage, "mount", container).strip()))
        finally:
            run("buildah", *self.engine.storage, "rm", container)
        return {path: entry for path, entry in tree.items() if path not in ("etc/hosts", "etc/hostname", "etc/resolv.conf")}

    def test_it_runs_as_the_images_user(self) -> None:
        folder = self.on_base("run", self.base)
        self.assertRegex(self.engine.run(f"oci:{folder}"), r"(?m)^container-ok 1000 [\d.]+ 1\.0 a \$HOME \"q\" \\ `x`$")
        self.assertIn("tiny 1.0", self.engine.run(f"oci:{folder}", "tiny"))
        self.assertEqual("aimlock", self.engine.run(f"oci:{folder}", "python", "-c", "import pwd; print(pwd.getpwuid(1000).pw_name)").strip())
        image = Layout(folder)
        self.assertEqual(Layout(self.base).manifest["layers"], image.manifest["layers"][:1], "the base was touched")

    def test_every_file_is_the_dockerfile_builds(self) -> None:
        folder = self.on_base("equal", self.base)
        self.project.aimlock("image", "--vendor", "pool", "--installer", str(STATIC_AIMLOCK))
        self.engine.build(self.project.folder, "localhost/built:1")
        built, written = self.root_of("localhost/built:1"), self.root_of(f"oci:{folder}")
        self.assertGreater(len(built), 2500)
        self.assertEqual([], differences(built, written))

    def test_saved_images_are_bases_too(self) -> None:
        for kind in ("docker-archive", "oci-archive"):
            archive = self.scratch / f"{kind}.tar"
            run("podman", *self.engine.storage, "save", "-q", "--format", kind, "-o", archive, BASE)
            self.assertIn("container-ok 1000", self.engine.run(f"oci:{self.on_base(kind, archive)}"))


class WithDocker(OciCase):
    """A dockerd that loads the image."""

    def test_docker_loads_and_runs_it(self) -> None:
        if shutil.which("skopeo") is None:
            self.skipTest("no skopeo: scripts/install_dependencies installs it")
        engine = self.enterContext(Docker(self.scratch / "docker"))
        engine.docker("import", base_archive(), BASE)
        engine.docker("save", "-o", self.scratch / "base.tar", BASE)
        folder = self.scratch / "out/docker"
        self.project.aimlock("image", "--oci", str(folder), "--base-layout", str(self.scratch / "base.tar"), "--vendor", "pool")
        run("skopeo", "copy", f"oci:{folder}", f"docker-archive:{self.scratch}/image.tar:localhost/oci:1")
        engine.docker("load", "-i", self.scratch / "image.tar")
        self.assertIn("container-ok 1000", engine.docker("run", "--rm", "--network", "none", "--read-only", "localhost/oci:1"))
        self.assertEqual(Layout(folder).config["rootfs"]["diff_ids"], engine.layers("localhost/oci:1"))


if __name__ == "__main__":
    if not STATIC_AIMLOCK.is_file():
        skip("no static program: cmake --preset static && cmake --build --preset static makes it")
    if os.geteuid() != 0 and "Bytes" not in sys.argv[4:]:
        skip("container engines are started as root only")
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)
