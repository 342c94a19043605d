"""`aimlock image push`, end to end, to a registry on loopback that counts what it gets.

Usage: push_test.py AIMLOCK CHANNEL [unittest options].
"""

import base64
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

from end_to_end.containers import run
from end_to_end.image_project import Project, write_layout
from end_to_end.root_tree import Layout
from end_to_end.tiny_index import TinyIndex
from end_to_end.tiny_registry import TinyRegistry

AIMLOCK, CHANNEL = (Path(word).resolve() for word in sys.argv[1:3])
CANARY = "canary-of-a-password"


def tar_of_passwd() -> bytes:
    """A base of one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("etc/passwd")
        text = b"root:x:0:0::/root:/bin/sh\n"
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return out.getvalue()


class Push(unittest.TestCase):
    """One image, pushed in many ways."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="aimlock-push-")))
        index = cls.enterClassContext(TinyIndex(cls.scratch / "index"))
        cls.project = Project(cls.scratch / "project", index.url, CHANNEL, AIMLOCK, AIMLOCK)
        cls.project.environment |= {"HOME": str(cls.scratch), "DOCKER_CONFIG": str(cls.scratch / "docker")}
        cls.project.solve("==1.0")
        cls.image = cls.scratch / "image"
        cls.project.aimlock("image", "--oci", str(cls.image), "--base", "none")

    def push(self, registry: TinyRegistry, name: str, *options: str, layout: Path | None = None) -> dict:
        """Pushes, and tells what the program says of it."""
        return json.loads(self.project.aimlock("image", "push", f"{registry.host}/{name}", "--oci", str(layout or self.image), "--json", *options))

    def refuse(self, *words: str) -> str:
        """A push that must fail; all that it says."""
        done = subprocess.run([AIMLOCK, "image", "push", *words], cwd=self.project.folder, env=self.project.environment, capture_output=True, text=True, check=False)
        self.assertEqual(2, done.returncode, done.stderr)
        return done.stdout + done.stderr

    def test_what_was_pushed_is_pulled_and_a_second_push_sends_nothing(self) -> None:
        with TinyRegistry() as registry:
            told = self.push(registry, "team/image:1")
            layout = Layout(self.image)
            self.assertEqual(layout.digest, told["digest"])
            self.assertEqual((len(layout.manifest["layers"]) + 1, 0, 0), (told["uploaded"], told["mounted"], told["present"]))
            self.assertEqual(layout.blob(layout.descriptor), registry.manifests["team/image", "1"][1])
            if shutil.which("skopeo"):
                run("skopeo", "copy", "--src-tls-verify=false", "--preserve-digests", f"docker://{registry.host}/team/image:1", f"oci:{self.scratch}/pulled:1")
                self.assertEqual(layout.digest, Layout(self.scratch / "pulled").digest)
            registry.received = 0
            again = self.push(registry, "team/image:2")
            self.assertEqual((0, told["uploaded"]), (again["uploaded"], again["present"]))
            self.assertLess(registry.received, 20_000, "more than the manifest")

    def test_a_bump_sends_its_layer_alone(self) -> None:
        with TinyRegistry() as registry:
            self.push(registry, "team/image:1")
            sent = registry.received
            self.addCleanup(self.project.solve, "==1.0")
            self.project.solve("==1.1")
            bumped = self.scratch / "bumped"
            self.project.aimlock("image", "--oci", str(bumped), "--base", "none")
            registry.received = 0
            told = self.push(registry, "team/image:2", layout=bumped)
            self.assertEqual(2, told["uploaded"], "the layer and the configuration")
            self.assertLess(registry.received, 50_000)
            self.assertGreater(sent, 10_000_000)

    def test_layers_are_mounted_from_other_repositories(self) -> None:
        with TinyRegistry() as registry:
            first = self.push(registry, "team/first:1")
            registry.received = 0
            second = self.push(registry, "team/second:1", "--mount-from", "team/none", "--mount-from", "team/first")
            self.assertEqual((0, first["uploaded"]), (second["uploaded"], second["mounted"]))
            self.assertEqual({}, registry.uploads, "an upload was begun and left")
            self.assertLess(registry.received, 20_000)

    def test_layers_of_the_base_are_mounted_unasked(self) -> None:
        with TinyRegistry() as registry:
            base, image = self.scratch / "base", self.scratch / "on-base"
            write_layout(base, [tar_of_passwd()])
            self.push(registry, "library/base:1", layout=base)
            self.project.aimlock("image", "--oci", str(image), "--base", f"{registry.host}/library/base:1", "--base-layout", str(base))
            told = self.push(registry, "team/image:1", layout=image)
            self.assertEqual(1, told["mounted"])

    def test_a_login_goes_to_the_token_server_and_nowhere_else(self) -> None:
        with TinyRegistry(user=f"joe:{CANARY}") as registry:
            said = self.refuse(f"{registry.host}/team/image:1", "--oci", str(self.image), "-v")
            self.assertIn("refuses access to team/image", said)
            self.assertIn("docker login", said)
            login = self.scratch / "docker/config.json"
            login.parent.mkdir()
            self.addCleanup(shutil.rmtree, login.parent)

            def write(password: str) -> None:
                auth = base64.b64encode(f"joe:{password}".encode()).decode()
                login.write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))

            write("wrong-" + CANARY)
            said = self.refuse(f"{registry.host}/team/image:1", "--oci", str(self.image), "-v", "--json")
            self.assertNotIn(CANARY, said)
            write(CANARY)
            command = [AIMLOCK, "image", "push", f"{registry.host}/team/image:1", "--oci", self.image, "-v"]
            done = subprocess.run(command, cwd=self.project.folder, env=self.project.environment, capture_output=True, text=True, check=True)
            for secret in (CANARY, base64.b64encode(f"joe:{CANARY}".encode()).decode(), registry.token):
                self.assertNotIn(secret, done.stdout + done.stderr)
                self.assertFalse([line for line in registry.requests if secret in line])
            self.assertIn(("team/image", "1"), registry.manifests)
            self.assertLessEqual(registry.tokens_given, 4, "a token a request")

    def test_broken_uploads_go_on(self) -> None:
        with TinyRegistry() as registry:
            registry.faults = {"PUT": 3}
            self.assertEqual(Layout(self.image).digest, self.push(registry, "team/image:1")["digest"])

    def test_a_large_blob_goes_on_from_where_it_broke(self) -> None:
        size = 150 << 20
        layout = self.scratch / "large"
        digest = write_layout(layout, [random.Random(1).randbytes(size)])
        self.addCleanup(shutil.rmtree, layout)
        with TinyRegistry() as registry:
            registry.faults = {"PATCH": 2}
            self.assertEqual(digest, self.push(registry, "team/large:1", layout=layout)["digest"])
            self.assertLess(registry.received, size + (1 << 20), "pieces that had arrived were sent again")

    def test_a_registry_that_stays_broken_is_told(self) -> None:
        with TinyRegistry() as registry:
            registry.faults = {"PUT": 1000}
            said = self.refuse(f"{registry.host}/team/image:1", "--oci", str(self.image), "--threads", "1")
            self.assertIn("answered HTTP 503", said)
            self.assertNotIn("_state", said)
            self.assertEqual({}, registry.manifests)

    def test_references_that_are_none(self) -> None:
        for reference in ("image", "team/image:1", "registry.example/Team/image", "registry.example/a//b", "registry.example/a:b:c", "registry.example/a@sha256:0"):
            self.assertIn("is no place in a registry", self.refuse(reference, "--oci", str(self.image)))
        self.assertIn("no OCI layout", self.refuse("registry.example/image", "--oci", str(self.scratch / "nowhere")))

    def test_a_layout_that_lost_a_blob_sends_no_manifest(self) -> None:
        broken = self.scratch / "broken"
        shutil.copytree(self.image, broken)
        os.remove(broken / "blobs" / Layout(self.image).manifest["layers"][2]["digest"].replace(":", "/"))
        with TinyRegistry() as registry:
            self.assertIn("is not there", self.refuse(f"{registry.host}/team/image:1", "--oci", str(broken)))
            self.assertEqual([], registry.requests)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
