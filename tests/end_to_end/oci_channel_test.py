"""A conda channel in a container registry on loopback, end to end: solve, install, audit, vendor.

Usage: oci_channel_test.py AIMLOCK [unittest options].
"""

import base64
import bz2
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from small_world import SmallWorld, conda_package
from tiny_registry import TinyRegistry

AIMLOCK = str(Path(sys.argv[1]).resolve())
CANARY = "canary-of-a-password"
REPODATA = "application/vnd.conda.repodata.v1+json"
CHANNEL = "mirrors/little-forge"


class World(SmallWorld):
    """SmallWorld's channel as a document, and with packages whose names and versions need care in a registry."""

    def _make_channel(self) -> None:
        super()._make_channel()
        folder = self.folder / "channel" / "linux-64"
        packed = (folder / "repodata.json.zst").read_bytes()
        self.document = json.loads(subprocess.run(["zstd", "-dqc"], input=packed, stdout=subprocess.PIPE, check=True).stdout)
        more = (("_mutex", "0.1", "main", {"share/mutex.txt": "1\n"}, []), ("odd-name", "1!2.0+local", "h1_0", {"share/odd.txt": "1\n"}, ["_mutex"]))
        self.document["packages"].update(dict(conda_package(folder, *package) for package in more))

    def fill(self, registry: TinyRegistry, forms: tuple[str, ...] = ("", "+gzip", "+zst")) -> dict[str, str]:
        """Puts the channel into a registry; the digest of each form of its repodata."""
        plain = json.dumps(self.document).encode()
        made = {"": plain, "+bz2": bz2.compress(plain), "+gzip": gzip.compress(plain), "+zst": subprocess.run(["zstd", "-qc"], input=plain, stdout=subprocess.PIPE, check=True).stdout}
        digests = registry.hold(f"{CHANNEL}/linux-64/repodata.json", "latest", [(REPODATA + form, made[form]) for form in forms])
        for file_name, record in self.document["packages"].items():
            name = ("zzz" if record["name"].startswith("_") else "") + record["name"]
            tag = f"{record['version']}-{record['build']}".replace("+", "__p__").replace("!", "__e__").replace("=", "__eq__")
            data = (self.folder / "channel/linux-64" / file_name).read_bytes()
            registry.hold(f"{CHANNEL}/linux-64/{name}", tag, [("application/vnd.conda.package.v1", data)])
        return dict(zip(forms, digests))


class OciChannel(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="aimlock-oci-channel-")))
        self.world = self.enterContext(World(self.folder / "world"))
        self.project = self.folder / "project"
        self.project.mkdir()
        self.lock = self.project / "aimlock.lock"

    def registry(self, **options: object) -> TinyRegistry:
        registry = self.enterContext(TinyRegistry(**options))
        self.world.fill(registry)
        self.manifest(f"oci://{registry.host}/{CHANNEL}")
        return registry

    def manifest(self, channel: str) -> None:
        text = f'[workspace]\nchannels = ["{channel}"]\n[dependencies]\nnumpy = "*"\nodd-name = "*"\n'
        text += f'[pypi-options]\nindex-url = "{self.world.index}"\n[targets.cpu]\nplatform = "linux-64"\n'
        (self.project / "aimlock.toml").write_text(text)

    def aimlock(self, *words: str, code: int = 0) -> str:
        """All that the program says."""
        environment = {key: value for key, value in os.environ.items() if key not in ("XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE", "NETRC")}
        environment |= {"XDG_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder), "DOCKER_CONFIG": str(self.folder / "docker"), "NO_COLOR": "1"}
        done = subprocess.run([AIMLOCK, *words], cwd=self.project, env=environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def install(self, *words: str, prefix: str = "env", code: int = 0) -> str:
        return self.aimlock("install", "--prefix", str(self.folder / prefix), *words, code=code)

    def test_solve_install_audit_and_vendor(self) -> None:
        with TinyRegistry() as registry:
            self.world.fill(registry)
            channel = f"oci://{registry.host}/{CHANNEL}"
            self.manifest(channel)
            self.aimlock("solve")
            lock = self.lock.read_text()
            self.assertIn(f'url = "{channel}"\n', lock)
            self.assertIn(f'url = "{channel}/linux-64/numpy-2.4.1-0.tar.bz2"', lock)
            self.aimlock("solve", "--locked")
            registry.requests.clear()
            self.install()
            self.assertTrue((self.folder / "env/share/odd.txt").is_file())
            self.assertTrue((self.folder / "env/share/mutex.txt").is_file())
            digest = self.world.document["packages"]["_mutex-0.1-main.tar.bz2"]["sha256"]
            self.assertIn(f"GET /v2/{CHANNEL}/linux-64/zzz_mutex/blobs/sha256:{digest}", registry.requests)
            self.assertEqual([], [line for line in registry.requests if "/manifests/" in line], "the digest alone leads to a blob")
            record = json.loads((self.folder / "env/conda-meta/_mutex-0.1-main.json").read_text())
            self.assertEqual((channel, f"{channel}/linux-64/_mutex-0.1-main.tar.bz2"), (record["channel"], record["url"]))
            self.aimlock("audit", "--prefix", str(self.folder / "env"))
            (self.folder / "env/share/odd.txt").write_text("changed\n")
            self.assertIn("odd-name", self.aimlock("audit", "--prefix", str(self.folder / "env"), code=1))
        # The registry is gone.
        self.install("--offline", prefix="again")
        self.aimlock("vendor", str(self.folder / "pool"))
        shutil.rmtree(self.folder / "cache")
        self.install("--vendor", str(self.folder / "pool"), prefix="from-pool")
        self.assertTrue((self.folder / "from-pool/share/mutex.txt").is_file())
        self.assertIn("offline", self.install("--offline", prefix="none", code=2))

    def test_vendor_fetches_from_the_registry(self) -> None:
        self.registry(public=True)
        self.aimlock("solve")
        self.aimlock("vendor", str(self.folder / "pool"))
        self.assertEqual(5, len([file for file in (self.folder / "pool").rglob("*.tar.bz2")]))

    def test_each_form_of_repodata_gives_the_same_lock(self) -> None:
        locks = set()
        with TinyRegistry() as registry:
            self.manifest(f"oci://{registry.host}/{CHANNEL}")
            for forms in (("",), ("+gzip", ""), ("", "+bz2"), ("", "+gzip", "+zst")):
                shutil.rmtree(self.folder / "cache", ignore_errors=True)
                registry.requests.clear()
                digests = self.world.fill(registry, forms)
                self.aimlock("solve")
                best = digests[max(forms, key=("", "+bz2", "+gzip", "+zst").index)]
                self.assertIn(f"GET /v2/{CHANNEL}/linux-64/repodata.json/blobs/{best}", registry.requests)
                locks.add(self.lock.read_bytes())
                self.lock.unlink()
        self.assertEqual(1, len(locks))

    def test_what_did_not_change_is_not_sent_again(self) -> None:
        registry = self.registry()
        self.aimlock("solve")
        registry.requests.clear()
        self.aimlock("solve", "--refresh")
        self.assertEqual([f"GET /v2/{CHANNEL}/{subdir}/repodata.json/manifests/latest" for subdir in ("linux-64", "noarch")], sorted(registry.requests))
        self.world.document["packages"].pop("numpy-2.4.1-0.tar.bz2")
        self.world.fill(registry)
        self.lock.unlink()
        self.aimlock("solve")
        self.assertIn("numpy-1.26.4", self.lock.read_text())
        self.lock.unlink()
        self.aimlock("solve", "--offline")

    def test_a_public_registry_gives_tokens_to_everybody(self) -> None:
        registry = self.registry(public=True)
        said = self.aimlock("solve", "-v") + self.install("-v")
        self.assertGreaterEqual(registry.tokens_given, 6, "a repository each")
        self.assertNotIn(registry.token, said + self.lock.read_text())

    def test_a_login_is_needed_and_is_seen_nowhere(self) -> None:
        registry = self.registry(user=f"joe:{CANARY}")
        said = self.aimlock("solve", code=2)
        self.assertIn(f"refuses access to {CHANNEL}/linux-64/repodata.json", said)
        self.assertIn("docker login", said)
        encoded = base64.b64encode(f"joe:{CANARY}".encode()).decode()
        (self.folder / "docker").mkdir()
        (self.folder / "docker/config.json").write_text(json.dumps({"auths": {registry.host: {"auth": encoded}}}))
        said = self.aimlock("solve", "-v") + self.install("-v")
        kept = b"".join(file.read_bytes() for part in ("cache", "project", "env") for file in (self.folder / part).rglob("*") if file.is_file())
        for secret in (CANARY, encoded, registry.token):
            self.assertNotIn(secret, said)
            self.assertNotIn(secret.encode(), kept)
            self.assertFalse([line for line in registry.requests if secret in line])

    def test_a_package_that_was_changed_or_lost_is_refused(self) -> None:
        registry = self.registry()
        self.aimlock("solve")
        key = next(key for key in registry.blobs if key[0].endswith("/odd-name"))
        data = registry.blobs[key]
        registry.blobs[key] = data[:-1] + bytes([data[-1] ^ 1])
        said = self.install(code=2)
        self.assertIn("sha256 is", said)
        self.assertIn("odd-name", said)
        self.assertFalse((self.folder / "env").exists())
        del registry.blobs[key]
        said = self.install(code=2)
        self.assertIn(f"{CHANNEL}/linux-64/odd-name has no blob {key[1]}", said)
        self.assertFalse((self.folder / "env").exists())

    def test_repodata_of_another_digest_or_kind_is_refused(self) -> None:
        registry = self.registry()
        key = f"{CHANNEL}/linux-64/repodata.json", self.world.fill(registry)["+zst"]
        registry.blobs[key] = registry.blobs[key] + b"\n"
        self.assertIn("what came is sha256:", self.aimlock("solve", code=2))
        del registry.blobs[key]
        self.assertIn("the manifest names this layer", self.aimlock("solve", code=2))
        registry.hold(key[0], "latest", [("application/vnd.conda.repodata.v9+json", b"{}")])
        self.assertIn("no layer of it is repodata", self.aimlock("solve", code=2))
        registry.manifests.clear()
        self.assertIn("has neither linux-64/repodata.json", self.aimlock("solve", code=2))
        self.assertFalse(self.lock.exists())

    def test_addresses_that_are_no_channel(self) -> None:
        for address in (f"oci://joe:{CANARY}@registry.example/team/channel", "oci://registry.example/Team", "oci://registry.example/", "oci://host/team",
                        "oci://registry.example/team:1", "oci://registry.example/team@sha256:0"):
            self.manifest(address)
            said = self.aimlock("solve", code=2)
            self.assertIn("oci://HOST[:PORT]/PATH", said)
            self.assertNotIn(CANARY, said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
