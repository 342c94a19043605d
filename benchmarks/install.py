#!/usr/bin/env python3
"""Times installations beside their peers, interleaved, in fresh folders: wheels beside uv, conda packages beside py-rattler.

    benchmarks/install.py --aimlock build/release/cli/aimlock --work /dev/shm/bench --lock wheels.lock [--runs 5]
    benchmarks/install.py --aimlock build/release/cli/aimlock --work /dev/shm/bench --channel DIR --spec 'python 3.11.*' --spec pandas

--lock: a lock of any kind, of which the wheels are taken (at most --count of them, at most --bytes together). They are downloaded
once with `aimlock vendor`, and no network is used while it counts. --work decides the file system. --syscalls counts system
calls under strace, in a run of its own. Neither side compiles byte code.

Cold: archives at hand, nothing unpacked. Warm: everything unpacked in the cache. Copy: the cache cannot be linked to, as in an
image build: uv with --link-mode copy, aimlock in one pass. Same: the prefix holds all of it already.
"""
import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import urllib.parse
from pathlib import Path

from measured import measured

PEERS = Path(__file__).parent / "peers"


def run(command, environment, inner=False):
    """One process: wall, user and system seconds; `inner`: those that it prints of itself."""
    done = measured(command, environment)
    if done.status != 0:
        sys.exit(f"{' '.join(command)} failed: {(done.out + done.err)[-800:]}")
    if inner:
        line = json.loads(done.out.strip().split("\n")[-1])
        return line["wall_s"], line["user_s"], line["sys_s"]
    return done.wall_s, done.user_s, done.sys_s


def syscalls(command, environment, work):
    counts = work / "strace.txt"
    subprocess.run(["strace", "-f", "-c", "-o", str(counts), *command], env=environment, check=True, capture_output=True)
    return int(re.search(r"^100\.00\s.*?(\d+)(?:\s+\d+)?\s+total", counts.read_text(), re.M)[1])


def only_wheels(text, count, limit):
    """The lock of the wheels alone, the largest first to go when there are too many bytes, the smallest when too many."""
    head, *blocks = text.strip("\n").split("\n\n")
    lines = head.split("\n")
    value = lambda block, key: re.search(rf'^{key} = "?(.*?)"?$', block, re.M)[1]
    wheels = [b for b in blocks if b.startswith("[[package]]") and value(b, "kind") == "pypi"]
    wheels.sort(key=lambda block: int(value(block, "size")))
    while sum(int(value(b, "size")) for b in wheels) > limit:
        wheels.pop()
    wheels = sorted(wheels[-count:], key=lambda block: value(block, "name"))
    others = [b for b in blocks if not b.startswith("[[package]]") and not (b.startswith("[[root]]") and 'kind = "conda"' in b)]
    rest = "\n".join(lines[2:]) + "\n\n" + "\n\n".join(others + wheels) + "\n"
    content = hashlib.sha256((lines[0] + "\n" + rest).encode()).hexdigest()
    requirements = [(value(b, "name"), value(b, "version"), value(b, "sha256"), value(b, "url")) for b in wheels]
    return f'{lines[0]}\ncontent = "{content}"\n{rest}', requirements


class Wheels:
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        text, requirements = only_wheels(Path(arguments.lock).read_text(), arguments.count, arguments.bytes)
        self.lock = work / "wheels.lock"
        self.lock.write_text(text)
        environment = dict(os.environ, XDG_CACHE_HOME=str(work / "download"))
        subprocess.run([arguments.aimlock, "-q", "vendor", str(work / "pool"), "--lock", str(self.lock)], env=environment, check=True)
        (work / "links").mkdir()
        with open(work / "requirements.txt", "w") as out:
            for name, version, digest, url in requirements:
                os.link(work / "pool" / f"{digest}.whl", work / "links" / urllib.parse.unquote(url.rsplit("/", 1)[1]))
                out.write(f"{name}=={version} --hash=sha256:{digest}\n")
        size = sum(path.stat().st_size for path in (work / "pool").iterdir())
        self.title = f"{len(requirements)} wheels, {size / 1e6:.0f} MB packed"

    def uv(self, cache, prefix, *more):
        tools = Path(self.arguments.tools)
        command = [str(tools / "uv"), "pip", "sync", "-q", "--require-hashes", "--offline", "--no-index", "--find-links", str(self.work / "links"),
                   "--python", str(tools / "python"), "--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_35", "--target", str(prefix), *more]
        return command + [str(self.work / "requirements.txt")], dict(os.environ, UV_CACHE_DIR=str(cache))

    def aimlock(self, cache, prefix, *more):
        store = cache / "aimlock" / "store"
        if not store.exists():
            for file in (self.work / "pool").iterdir():
                (store / file.name[:2]).mkdir(parents=True, exist_ok=True)
                os.link(file, store / file.name[:2] / file.name)
        command = [self.arguments.aimlock, "-q", "install", "--no-byte-code", "--lock", str(self.lock), "--prefix", str(prefix), *more]
        return command, dict(os.environ, XDG_CACHE_HOME=str(cache))

    def cases(self, round_folder):
        """(case, tool, command, environment) in an order that lets nobody be warm by the other's work."""
        r = round_folder
        uv, ours = r / "uv-cache", r / "our-cache"
        pool = ("--vendor", str(self.work / "pool"))
        yield "cold", "uv", *self.uv(uv, r / "u1")
        yield "cold", "aimlock", *self.aimlock(ours, r / "a1", "--offline")
        yield "warm", "uv", *self.uv(uv, r / "u2")
        yield "warm", "aimlock", *self.aimlock(ours, r / "a2", "--offline")
        yield "same", "uv", *self.uv(uv, r / "u2")
        yield "same", "aimlock", *self.aimlock(ours, r / "a2", "--offline")
        yield "copy", "uv", *self.uv(r / "uv-copy-cache", r / "u3", "--link-mode", "copy")
        yield "copy", "aimlock", *self.aimlock(r / "none", r / "a3", *pool)


class Conda:
    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        self.channel = Path(arguments.channel).resolve()
        specs = [part for spec in arguments.spec for part in ("--conda", spec)]
        (work / "project").mkdir()
        self.lock = work / "project" / "aimlock.lock"
        subprocess.run([arguments.aimlock, "-q", "solve", "--platform", "linux-64", "--glibc", arguments.glibc, "--channel", str(self.channel),
                        *specs, "--lock", str(self.lock)], cwd=work / "project", check=True)
        self.title = f"{self.lock.read_text().count('[[package]]')} conda packages"

    def rattler(self, cache, prefix):
        command = [str(Path(self.arguments.tools) / "python"), str(PEERS / "rattler_install.py"), self.channel.as_uri(), self.arguments.glibc,
                   str(cache), str(prefix), *self.arguments.spec]
        return command, dict(os.environ, RATTLER_CACHE_DIR=str(cache))

    def aimlock(self, cache, prefix, *more):
        command = [self.arguments.aimlock, "-q", "install", "--no-byte-code", "--lock", str(self.lock), "--prefix", str(prefix), *more]
        return command, dict(os.environ, XDG_CACHE_HOME=str(cache))

    def cases(self, round_folder):
        r = round_folder
        yield "cold", "py-rattler", *self.rattler(r / "their-cache", r / "r1")
        yield "cold", "aimlock", *self.aimlock(r / "our-cache", r / "a1")
        yield "warm", "py-rattler", *self.rattler(r / "their-cache", r / "r2")
        yield "warm", "aimlock", *self.aimlock(r / "our-cache", r / "a2")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aimlock", required=True)
    parser.add_argument("--work", required=True, help="a new folder on the file system that counts")
    parser.add_argument("--lock", help="wheels are taken from this lock")
    parser.add_argument("--count", type=int, default=155)
    parser.add_argument("--bytes", type=int, default=420_000_000)
    parser.add_argument("--channel", help="folder of a conda channel")
    parser.add_argument("--spec", action="append", default=[])
    parser.add_argument("--glibc", default="2.36")
    parser.add_argument("--tools", default="build/tools-venv/bin")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--syscalls", action="store_true")
    arguments = parser.parse_args()
    arguments.aimlock = str(Path(arguments.aimlock).resolve())
    arguments.tools = str(Path(arguments.tools).absolute())
    work = Path(arguments.work).resolve()
    work.mkdir(parents=True)
    rows, calls = {}, {}
    try:
        trial = Wheels(arguments, work) if arguments.lock else Conda(arguments, work)
        for number in range(arguments.runs + (1 if arguments.syscalls else 0)):
            folder = work / f"round-{number}"
            folder.mkdir()
            for case, tool, command, environment in trial.cases(folder):
                if number == arguments.runs:
                    calls[case, tool] = syscalls(command, environment, work)
                else:
                    rows.setdefault((case, tool), []).append(run(command, environment, tool == "py-rattler"))
            shutil.rmtree(folder)  # outside of what is timed
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{trial.title}; {arguments.runs} rounds interleaved, medians; {os.cpu_count()} cores {platform.machine()}, load {os.getloadavg()[0]:.1f}")
    print(f"{'case':6}{'tool':12}{'wall s':>9}{'user s':>9}{'sys s':>9}{'calls':>10}")
    for (case, tool), results in rows.items():
        medians = "".join(f"{statistics.median(column):9.3f}" for column in zip(*results))
        print(f"{case:6}{tool:12}{medians}{calls.get((case, tool), ''):>10}")


if __name__ == "__main__":
    main()
