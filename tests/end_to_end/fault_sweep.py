"""Ends `aimlock install` at every call that changes a file: by SIGKILL in its middle, by a full disk, by a bad one.

Usage: fault_sweep.py AIMLOCK SHIM [--full] [--seconds N].

SHIM is the library of tests/support/fault_shim.cpp, which counts such calls over all threads. After each end the prefix must be the
old one, absent or complete; installing again must complete it, from a store that the ended run may have left in any state. --full
takes every call; without it, as many as fit into N seconds (50), evenly spread and always the same.
"""

import argparse
import errno
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from small_world import SmallWorld

MANIFEST = """
[workspace]
channels = ["{channel}"]
[dependencies]
python = "3.12.*"
numpy = "{numpy}"
[pypi-dependencies]
part5 = "*"
[pypi-options]
index-url = "{index}"
[targets.cpu]
platform = "linux-64"
"""


def tree(folder: Path) -> dict[str, tuple]:
    """Every path below `folder` with kind, mode and content; of the listing of times only that it is there."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        name = str(path.relative_to(folder))
        if stat.S_ISREG(status.st_mode):
            content = "" if name.endswith("aimlock-files") else hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
        found[name] = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), content)
    return found


class Sweep:
    def __init__(self, aimlock: str, shim: str, folder: Path) -> None:
        self.aimlock, self.shim, self.folder = aimlock, shim, folder
        self.place = folder / "place"
        self.prefix = self.place / "env"
        self.broken: list[str] = []
        self.ended = 0

    def run(self, *words: str, fault: str = "", cache: str = "cache") -> subprocess.CompletedProcess:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / cache), "NO_COLOR": "1"}
        if fault:
            environment |= {"LD_PRELOAD": self.shim, "AIMLOCK_FAULT": fault, "AIMLOCK_FAULT_COUNT": str(self.folder / "count")}
        return subprocess.run([self.aimlock, *words], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)

    def install(self, lock: str, **more: str) -> subprocess.CompletedProcess:
        return self.run("install", "--offline", "--lock", f"{lock}.lock", "--prefix", str(self.prefix), **more)

    def prepare(self) -> None:
        """Two locks, a cache that holds all archives, and what both locks give."""
        with SmallWorld(self.folder / "world") as world:
            for lock, numpy in (("old", "<2"), ("new", ">=2")):
                text = MANIFEST.format(channel=world.channel, index=world.index, numpy=numpy)
                (self.folder / "aimlock.toml").write_text(text)
                for words in (("solve", "--lock", f"{lock}.lock"), ("vendor", "pool", "--lock", f"{lock}.lock")):
                    done = self.run(*words)
                    assert done.returncode == 0, done.stderr
        shutil.rmtree(self.folder / "pool")
        shutil.rmtree(self.folder / "cache" / "aimlock" / "unpacked", ignore_errors=True)
        shutil.copytree(self.folder / "cache", self.folder / "archives")
        self.trees = {}
        for lock in ("old", "new"):
            self.reset("absent")
            done = self.install(lock)
            assert done.returncode == 0, done.stderr
            self.trees[lock] = tree(self.prefix)

    def reset(self, scenario: str) -> None:
        for leftover in (self.place, self.folder / "cache"):
            shutil.rmtree(leftover, ignore_errors=True)
        self.place.mkdir()
        (self.place / "canary").write_text("alive")
        shutil.copytree(self.folder / "archives", self.folder / "cache", copy_function=os.link)
        if scenario == "replaced":
            assert self.install("old").returncode == 0

    def judge(self, scenario: str, where: str, done: subprocess.CompletedProcess, killed: bool) -> None:
        def broken(what: str) -> None:
            self.broken.append(f"{scenario} {where}: {what}\n{done.stderr}")

        self.ended += 1
        state = tree(self.prefix) if self.prefix.exists() else None
        before = self.trees["old"] if scenario == "replaced" else None
        if state not in (before, self.trees["new"]):
            broken("the prefix is neither what it was nor complete")
        if not killed:
            if done.returncode not in (0, 2):
                broken(f"exit {done.returncode}")
            if done.returncode == 0 and state != self.trees["new"]:
                broken("exit 0, and the prefix is not complete")
            if done.returncode == 2 and "error: " not in done.stderr:
                broken("exit 2 without an error")
        again = self.install("new")
        if again.returncode != 0 or tree(self.prefix) != self.trees["new"]:
            broken(f"installing again gives {again.returncode}: {again.stderr}")
        if {path.name for path in self.place.iterdir()} != {"canary", "env"}:
            broken(f"left behind: {sorted(path.name for path in self.place.iterdir())}")

    def calls(self, scenario: str) -> int:
        self.reset(scenario)
        done = self.install("new", fault="count")
        assert done.returncode == 0, done.stderr
        return int((self.folder / "count").read_text())


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("aimlock")
    parser.add_argument("shim")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seconds", type=float, default=50)
    arguments = parser.parse_args()
    faults = {"SIGKILL": "kill", "ENOSPC": str(errno.ENOSPC), "EIO": str(errno.EIO)}
    folder = Path(tempfile.mkdtemp(prefix="aimlock-sweep-"))
    try:
        sweep = Sweep(str(Path(arguments.aimlock).resolve()), str(Path(arguments.shim).resolve()), folder)
        sweep.prepare()
        points = []
        for scenario in ("absent", "replaced"):
            count = sweep.calls(scenario)
            print(f"{scenario}: {count} calls that change a file")
            points += [(scenario, fault, number) for number in range(1, count + 1) for fault in faults]
        # A stride that shares no factor with the number of faults visits all kinds early.
        stride = 1 if arguments.full else 97
        while len(points) % stride == 0:
            stride += 1
        began = time.monotonic()
        for step in range(len(points)):
            if not arguments.full and time.monotonic() - began > arguments.seconds:
                break
            scenario, fault, number = points[step * stride % len(points)] if not arguments.full else points[step]
            sweep.reset(scenario)
            done = sweep.install("new", fault=f"{faults[fault]}:{number}")
            sweep.judge(scenario, f"{fault} at call {number}", done, fault == "SIGKILL")
        print(f"{sweep.ended} of {len(points)} ends tried, {len(sweep.broken)} broken states")
        for line in sweep.broken[:10]:
            print(line)
        return 1 if sweep.broken or sweep.ended == 0 else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
