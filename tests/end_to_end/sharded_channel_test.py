"""A channel that is read by shards: how many requests that takes, and that the answer is that of the whole repodata.

Usage: sharded_channel_test.py AIMLOCK [unittest options].
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from sharded_channel import INDEX, write_shards, write_whole
from small_world import SmallWorld

AIMLOCK = str(Path(sys.argv[1]).resolve())
SUBDIRS = ("linux-64", "noarch")
CLOSURE = {"linux-64": {"python", "numpy", "libone", "app", "zlib"}, "noarch": {"lib", "tzdata", "zlib"}}


def record(name: str, version: str, subdir: str, depends: list[str], **more: object) -> tuple[str, dict]:
    """A record of a package that is nowhere: what is solved need not be installed."""
    file_name = f"{name}-{version}-0.conda"
    digest = hashlib.sha256(file_name.encode()).hexdigest()
    return file_name, {"name": name, "version": version, "build": "0", "build_number": 0, "depends": depends, "subdir": subdir,
                       "sha256": digest, "md5": digest[:32], "size": 1000, "timestamp": 1700000000000, **more}


class ShardedWorld(SmallWorld):
    """SmallWorld whose channel has shards beside its repodata, and more packages, many of which nothing reaches."""

    def _make_channel(self) -> None:
        super()._make_channel()
        folder = self.folder / "channel"
        packed = (folder / "linux-64/repodata.json.zst").read_bytes()
        made = json.loads(subprocess.run(["zstd", "-dqc"], input=packed, stdout=subprocess.PIPE, check=True).stdout)
        self.documents = {subdir: {"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}} for subdir in SUBDIRS}
        self.documents["linux-64"]["packages"] = made["packages"]
        for subdir, records in {
            "linux-64": [
                record("app", "1.0", "linux-64", ["lib >=1", "python"]),
                record("app", "2.0", "linux-64", ["lib >=2", "python >=3.12,<3.13.0a0", "__glibc >=2.17"], constrains=["never <1"]),
                record("zlib", "1.3", "linux-64", []),
                record("never", "2.0", "linux-64", []),
                *(record(f"other{number}", "1.0", "linux-64", ["app"]) for number in range(40)),
            ],
            "noarch": [
                record("lib", "2.1", "noarch", ["zlib", "tzdata"], noarch="python"),
                record("tzdata", "2026a", "noarch", [], noarch="generic"),
                record("zlib", "0.1", "noarch", [], noarch="generic"),
                record("thinc", "9.0", "noarch", ["heavy"], noarch="python"),
                record("heavy", "1.0", "noarch", [], noarch="generic"),
            ],
        }.items():
            self.documents[subdir]["packages.conda"] = dict(records)
        self.write_channel()

    def write_channel(self, shards: bool = True, whole: bool = True) -> None:
        folder = self.folder / "channel"
        for subdir, document in self.documents.items():
            for name in ("shards", INDEX, "repodata.json.zst"):
                target = folder / subdir / name
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            if whole:
                write_whole(folder / subdir, document)
            if shards:
                write_shards(folder / subdir, document)


class ShardedChannels(unittest.TestCase):
    maxDiff = None

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aimlock-shards-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.world = ShardedWorld(self.folder / "world")
        self.world.__enter__()
        self.addCleanup(self.world.__exit__)
        self.project = self.folder / "project"
        self.project.mkdir()
        self.lock = self.project / "aimlock.lock"
        self.manifest(["app >=1", "numpy *", "python 3.12.*"], ["thinc ==8.2.5"])

    def manifest(self, conda: list[str], pypi: list[str], channels: list[str] | None = None, more: str = "") -> None:
        def table(lines: list[str]) -> str:
            return "".join('{} = "{}"\n'.format(*line.split(" ", 1)) for line in lines)

        text = f'[workspace]\nchannels = {json.dumps(channels or [self.world.channel])}\n{more}[dependencies]\n{table(conda)}'
        text += f'[pypi-dependencies]\n{table(pypi)}[pypi-options]\nindex-url = "{self.world.index}"\n[targets.cpu]\nplatform = "linux-64"\n'
        (self.project / "aimlock.toml").write_text(text)

    def solve(self, *words: str, code: int = 0, cache: str = "cache") -> str:
        self.world.requests.clear()
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / cache), "NO_COLOR": "1"}
        done = subprocess.run([AIMLOCK, "solve", *words], cwd=self.project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def asked(self) -> list[str]:
        """What was asked of the channel."""
        return sorted(path.removeprefix("/channel/") for path in self.world.requests if path.startswith("/channel/"))

    def shards_of(self, names: dict[str, set[str]]) -> list[str]:
        paths = []
        for subdir, document in self.world.documents.items():
            files = write_shards(self.world.folder / "channel" / subdir, document)
            paths += [f"{subdir}/{file}" for name, file in files.items() if name in names[subdir]]
        return sorted(paths)

    def indexes(self) -> list[str]:
        return [f"{subdir}/{INDEX}" for subdir in SUBDIRS]

    def test_cold_it_takes_two_indexes_and_the_shards_of_the_closure(self) -> None:
        self.solve()
        self.assertEqual(self.asked(), sorted(self.indexes() + self.shards_of(CLOSURE)))

    def test_warm_it_takes_nothing_and_offline_neither(self) -> None:
        self.solve()
        lock = self.lock.read_bytes()
        for words in ((), ("--offline",)):
            self.lock.unlink()
            self.solve(*words)
            self.assertEqual(self.asked(), [])
            self.assertEqual(self.lock.read_bytes(), lock)

    def test_refresh_asks_for_the_indexes_only(self) -> None:
        self.solve()
        self.solve("--refresh")
        self.assertEqual(self.asked(), self.indexes())

    def test_a_changed_name_is_one_shard_more(self) -> None:
        self.solve()
        self.world.documents["noarch"]["packages.conda"].update([record("lib", "2.2", "noarch", ["zlib", "tzdata"], noarch="python")])
        self.world.write_channel()
        self.lock.unlink()
        self.solve("--refresh")
        self.assertEqual(self.asked(), sorted(self.indexes() + self.shards_of({"linux-64": set(), "noarch": {"lib"}})))
        self.assertIn('version = "2.2"', self.lock.read_text())

    def test_locked_names_are_asked_for_at_once(self) -> None:
        self.solve()
        # Nothing reaches app, lib and tzdata any more: that they are asked for is the lock's doing.
        self.manifest(["numpy *", "python 3.12.*"], ["thinc ==8.2.5"])
        self.solve(cache="another")
        self.assertEqual(self.asked(), sorted(self.indexes() + self.shards_of(CLOSURE)))
        self.assertNotIn('name = "app"', self.lock.read_text())

    def test_the_lock_is_that_of_the_whole_repodata(self) -> None:
        self.solve()
        lock = self.lock.read_bytes()
        self.lock.unlink()
        self.world.write_channel(shards=False)
        self.solve(cache="whole")
        self.assertEqual(self.lock.read_bytes(), lock)
        # That there are no shards is remembered: once each subdir.
        self.assertEqual(self.asked(), sorted(self.indexes() + [f"{subdir}/repodata.json.zst" for subdir in SUBDIRS]))
        self.lock.unlink()
        self.solve(cache="whole")
        self.assertEqual(self.asked(), [])

    def test_a_channel_of_shards_only(self) -> None:
        self.solve()
        lock = self.lock.read_bytes()
        self.lock.unlink()
        self.world.write_channel(whole=False)
        self.solve(cache="another")
        self.assertEqual(self.lock.read_bytes(), lock)

    def test_conflicts_are_explained_as_by_the_whole_repodata(self) -> None:
        for conda, pypi in (
            (["app >=1", "numpy >=3", "python 3.12.*"], ["thinc ==8.2.5"]),  # no such version
            (["ap *", "python 3.12.*"], []),  # the nearest name is a repair that is tried
            (["app *", "libone >=2"], ["thinc ==9.0"]),  # the index has no such release, the channel has
            (["numpy >=2", "python 3.12.*"], ["thinc ==8.2.5"]),  # needs numpy <2
            (["app *", "python 3.13.*"], ["heavy *"]),
            (["zlib >=9"], []),
        ):
            with self.subTest(conda=conda, pypi=pypi):
                told = []
                for shards in (True, False):
                    self.manifest(conda, pypi)
                    self.world.write_channel(shards=shards)
                    text = self.solve(code=1, cache=f"{len(conda)}{len(pypi)}{shards}{conda[0]}{conda[-1]}")
                    told.append(text.split("error", 1)[1])
                self.assertEqual(told[0], told[1])

    def test_a_conflict_is_one_without_the_names_of_its_repairs_too(self) -> None:
        self.manifest(["app *", "python 3.13.*"], ["heavy *"])
        file = self.shards_of({"linux-64": set(), "noarch": {"heavy"}})[0]
        self.world.faults = {file: "404"}
        self.assertIn("not all could be read", self.solve(code=1))
        self.solve("--offline", code=1)

    def test_one_shard_that_is_missing_or_wrong_is_an_error_that_names_it(self) -> None:
        file = self.shards_of({"linux-64": set(), "noarch": {"tzdata"}})[0]
        for fault, says in (("404", "does not have it"), ("flip", "sha256 is"), ("truncate", "sha256 is")):
            self.world.faults = {file: fault}
            text = self.solve(code=2, cache=fault)
            self.assertIn("shard `tzdata` of channel `channel`", text)
            self.assertIn(says, text)
            self.assertFalse(self.lock.exists())

    def test_wheels_of_a_channel_are_left_out_with_a_warning(self) -> None:
        wheel = {"name": "app", "version": "9.0", "build": "py3_none_any", "build_number": 0, "depends": [], "sha256": "00" * 32, "url": "https://x.example/a.whl"}
        self.world.documents["linux-64"]["v3"] = {"whl": {"app-9.0-py3_none_any_0": wheel}}
        told = []
        for shards in (True, False):
            self.world.write_channel(shards=shards)
            told.append(self.solve(cache=f"wheels{shards}"))
            self.assertIn("channel `channel`: 1 of its records are wheels", told[-1])
            self.assertNotIn("9.0", self.lock.read_text())

    def test_channels_that_channels_bring_are_read_and_locked_as_what_they_are(self) -> None:
        related = self.world.folder / "mine" / "noarch"
        document = {"info": {"subdir": "noarch", "channel_relations": {"base": "../channel"}}, "packages": {},
                    "packages.conda": dict([record("mine", "1.0", "noarch", ["app", "zlib"]), record("zlib", "99", "noarch", [])])}
        related.mkdir(parents=True)
        write_shards(related, document)
        mine = f"{self.world.root}/mine"
        self.manifest(["mine *"], [], [mine])
        text = self.solve()
        self.assertIn("channel `channel` is read as well", text)
        lock = self.lock.read_text()
        self.assertIn('version = "1.3"', lock)  # the base comes first
        self.assertIn('name = "channel"', lock)
        self.solve("--locked")
        # The user's own order wins.
        self.manifest(["mine *"], [], [mine, self.world.channel])
        self.solve()
        self.assertIn('version = "99"', self.lock.read_text())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
