"""What must happen when something is wrong: exit 2, the file or URL named, nothing half-written. And what must not matter:
the order of replies and the number of connections.

Usage: faults_test.py AIMLOCK [unittest options].
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from small_world import SmallWorld, wheel

AIMLOCK = str(Path(sys.argv[1]).resolve())

MANIFEST = """
[workspace]
channels = ["{channel}"]

[dependencies]
python = "3.12.*"
numpy = "*"

[pypi-dependencies]
thinc = "==8.2.5"

[pypi-options]
index-url = "{index}"

[targets.cpu]
platform = "linux-64"
"""


class Faults(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aimlock-faults-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.world = SmallWorld(self.folder / "world")
        self.world.__enter__()
        self.addCleanup(self.world.__exit__)
        self.project = self.folder / "project"
        self.project.mkdir()
        (self.project / "aimlock.toml").write_text(MANIFEST.format(channel=self.world.channel, index=self.world.index))
        self.lock = self.project / "aimlock.lock"
        self.prefix = self.folder / "env"
        self.cache = self.folder / "cache"

    def aimlock(self, *words: str, stdout: object = subprocess.PIPE, folder: Path | None = None, **extra: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "NO_COLOR": "1", **extra}
        return subprocess.run([AIMLOCK, *words], cwd=folder or self.project, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120)

    def solve(self) -> None:
        done = self.aimlock("solve")
        self.assertEqual(done.returncode, 0, done.stderr)

    def install(self) -> subprocess.CompletedProcess:
        return self.aimlock("install", "--prefix", str(self.prefix))

    def assert_refused(self, done: subprocess.CompletedProcess, *named: str) -> None:
        self.assertEqual(done.returncode, 2, done.stderr)
        for word in named:
            self.assertIn(word, done.stderr)

    def assert_no_prefix(self) -> None:
        leftovers = [path.name for path in self.folder.iterdir() if path.name.startswith("env") and path.is_dir()]
        self.assertEqual(leftovers, [])

    def test_the_healthy_world_solves_and_installs(self) -> None:
        self.solve()
        self.assertIn("numpy-1.26.4", self.lock.read_text())
        done = self.install()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.prefix / "lib/python3.12/site-packages/thinc.py").is_file())
        audit = self.aimlock("audit", "--prefix", str(self.prefix))
        self.assertEqual(audit.returncode, 0, audit.stdout + audit.stderr)

    def test_one_wrong_byte_in_a_conda_package(self) -> None:
        self.solve()
        self.world.faults["libone-1.0-0.tar.bz2"] = "flip"
        self.assert_refused(self.install(), "libone-1.0-0.tar.bz2", "sha256")
        self.assert_no_prefix()

    def test_one_wrong_byte_in_a_wheel(self) -> None:
        self.solve()
        self.world.faults["thinc-8.2.5-py3-none-any.whl"] = "flip"
        self.assert_refused(self.install(), "thinc-8.2.5-py3-none-any.whl", "sha256")
        self.assert_no_prefix()

    def test_a_truncated_repodata(self) -> None:
        self.world.faults["repodata.json.zst"] = "truncate"
        self.assert_refused(self.aimlock("solve"), "linux-64/repodata.json.zst")
        self.assertFalse(self.lock.exists())

    def test_an_index_that_is_not_there(self) -> None:
        manifest = self.project / "aimlock.toml"
        manifest.write_text(manifest.read_text().replace("/simple", "/no-such-index"))
        self.assert_refused(self.aimlock("solve"), "/no-such-index")
        self.assertFalse(self.lock.exists())

    def test_a_name_that_the_index_does_not_have_is_an_answer(self) -> None:
        manifest = self.project / "aimlock.toml"
        manifest.write_text(manifest.read_text().replace("thinc", "thinck"))
        done = self.aimlock("solve")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("thinck", done.stderr)

    def test_a_lock_with_a_changed_hash(self) -> None:
        self.solve()
        text = self.lock.read_text()
        block = text.index('name = "libone"')
        at = text.index('sha256 = "', block) + len('sha256 = "')
        self.lock.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
        self.assert_refused(self.install(), "aimlock.lock")
        self.assert_no_prefix()

    def test_a_server_that_lost_a_package(self) -> None:
        self.solve()
        self.world.faults["libone-1.0-0.tar.bz2"] = "404"
        self.assert_refused(self.install(), "libone-1.0-0.tar.bz2")
        self.assert_no_prefix()

    def test_a_full_disk_under_the_prefix(self) -> None:
        self.solve()
        disk = self.small_disk("64k")
        done = self.aimlock("install", "--prefix", str(disk / "env"))
        self.assert_refused(done, str(disk))
        self.assertEqual([path.name for path in disk.iterdir() if path.is_dir()], [])

    def test_a_full_disk_under_the_lock(self) -> None:
        self.solve()
        disk = self.small_disk("4k")
        (disk / "aimlock.lock").write_text("old")
        done = self.aimlock("solve", "--lock", str(disk / "aimlock.lock"))
        self.assert_refused(done, "aimlock.lock")
        self.assertEqual((disk / "aimlock.lock").read_text(), "old")
        self.assertEqual(len(list(disk.iterdir())), 1)

    def test_a_full_disk_under_the_output(self) -> None:
        with open("/dev/full", "w") as full:
            self.assertEqual(self.aimlock("solve", "--json", "--dry-run", stdout=full).returncode, 2)

    def small_disk(self, size: str) -> Path:
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("skipped: no file system of a few kilobytes can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(disk)], check=False)
        return disk

    def test_a_failure_is_one_json_document_too(self) -> None:
        self.world.faults["repodata.json.zst"] = "truncate"
        done = self.aimlock("solve", "--json")
        self.assertEqual(done.returncode, 2)
        document = json.loads(done.stdout)
        self.assertEqual((document["schema"], document["status"]), (1, "error"))
        self.assertIn("repodata.json.zst", document["error"]["message"])

    def test_neither_the_order_of_replies_nor_the_connections_change_the_lock(self) -> None:
        self.world.delay = 0.03
        locks = set()
        for run in range(10):
            self.lock.unlink(missing_ok=True)
            shutil.rmtree(self.cache, ignore_errors=True)
            done = self.aimlock("solve", AIMLOCK_CONNECTIONS="1" if run % 2 else "64")
            self.assertEqual(done.returncode, 0, done.stderr)
            locks.add(self.lock.read_bytes())
        self.assertEqual(len(locks), 1)

    def test_refresh_asks_for_every_page_once_and_for_no_wheel(self) -> None:
        self.solve()
        first = self.lock.read_bytes()
        documents = {path for path in self.world.requests if path.startswith(("/simple/", "/channel/"))}
        self.world.requests.clear()
        self.lock.unlink()
        done = self.aimlock("solve", "--refresh")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(self.world.requests), sorted(documents))
        self.assertEqual(self.lock.read_bytes(), first)
        self.assert_refused(self.aimlock("solve", "--refresh", "--offline"), "--refresh")

    def test_wheels_of_a_folder_are_found_beside_the_index(self) -> None:
        wheels = self.folder / "wheels"
        wheels.mkdir()
        wheel(wheels, "ours", "1.0", ["thinc", "alsoours"])
        wheel(wheels, "alsoours", "2.0", [])
        manifest = self.project / "aimlock.toml"
        manifest.write_text(manifest.read_text().replace('thinc = "==8.2.5"', 'ours = "*"'))
        # Seen from where people stand, not from the manifest; what the index has comes from there all the same.
        done = self.aimlock("solve", "--manifest", "project/aimlock.toml", "--find-links", "wheels", folder=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('name = "thinc"', self.lock.read_text())
        self.assertIn('url = "../wheels/ours-1.0-py3-none-any.whl"', self.lock.read_text())  # no path of this machine
        self.assertNotIn(str(self.folder), self.lock.read_text())
        done = self.install()
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("ours", "alsoours", "thinc"):
            self.assertTrue((self.prefix / f"lib/python3.12/site-packages/{name}.py").is_file(), name)
        (wheels / "ours-1.0-py3-none-any.whl").write_bytes(b"changed")
        shutil.rmtree(self.prefix)
        shutil.rmtree(self.cache)  # what was unpacked once is known by its hash
        self.assert_refused(self.install(), "ours-1.0-py3-none-any.whl")
        self.assert_no_prefix()

    def test_offline_answers_from_the_cache_alone(self) -> None:
        self.solve()
        first = self.lock.read_bytes()
        asked = len(self.world.requests)
        self.lock.unlink()
        done = self.aimlock("solve", "--offline")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.lock.read_bytes(), first)
        self.assertEqual(len(self.world.requests), asked)
        shutil.rmtree(self.cache)
        self.assert_refused(self.aimlock("solve", "--offline"), "offline")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
