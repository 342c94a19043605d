#!/usr/bin/env python3
"""Times reading conda channels beside py-rattler: a million records as a whole, shards over a line of 50 ms.

    benchmarks/channel_metadata.py --aimlock build/release/cli/aimlock --reopen build/release/benchmarks/reopen_channel \\
        --recorded CHANNEL_DIR --rattler-python PYTHON --work DIR [--runs 5]

CHANNEL_DIR holds linux-64 and noarch with repodata.json.zst. aimlock's time is the whole process, a solve of `pytorch-gpu`,
`python 3.12.*` and `jupyterlab` included; py-rattler's is its query of the same specs alone, without the interpreter's start.
"zstd" is decompression alone. Servers are on loopback, with TLS and HTTP/2 for both.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from measured import measured
from replay import channel_tree
from replay.served import served

HERE = Path(__file__).resolve().parent
SPECS = ("pytorch-gpu", "python 3.12.*", "jupyterlab")


class Bench:
    def __init__(self, options, server):
        self.options = options
        self.server = server
        self.environment = {**os.environ, "SSL_CERT_FILE": str(server.authority), "SSL_CERT_DIR": ""}

    def cache(self, who, fresh):
        folder = Path(self.options.work, "cache", who)
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        return folder

    def aimlock(self, url, cold, lock=None, extra=()):
        command = [self.options.aimlock, "solve", "--json", "--channel", url, "--platform", "linux-64", "--cuda", "12.9",
                   "--glibc", "2.35", "--lock", str(lock or Path(self.options.work, "no.lock")), *extra]
        for spec in SPECS:
            command += ["--conda", spec]
        self.server.requests()
        taken = measured(command, {**self.environment, "AIMLOCK_CACHE_DIR": str(self.cache("aimlock", cold))})
        if taken.status != 0:
            sys.exit(taken.err[-2000:])
        return {"wall": taken.wall_s, "cpu": taken.user_s + taken.sys_s, "peak": taken.peak_mb,
                "requests": len(self.server.requests())}

    def peer(self, script, *arguments):
        command = [self.options.rattler_python, str(HERE / "peers" / script), *arguments]
        self.server.requests()
        taken = measured(command, self.environment)
        if taken.status != 0:
            sys.exit(taken.err[-2000:])
        told = json.loads(taken.out)
        wall = told["wall_s"] if "wall_s" in told else (told["open_ms"] + told["closure_ms"]) / 1000
        return {"wall": wall, "cpu": taken.user_s + taken.sys_s, "peak": told["peak_mb"],
                "requests": len(self.server.requests())}

    def rattler(self, url, kind, cold):
        return self.peer("rattler_gateway.py", url, str(self.cache("rattler", cold)), kind)

    def reopen(self, url):
        command = [self.options.reopen, url, "linux-64", "pytorch-gpu", "python", "jupyterlab"]
        taken = measured(command, {**self.environment, "AIMLOCK_CACHE_DIR": str(self.cache("aimlock", False))})
        told = json.loads(taken.out)
        return {"wall": (told["open_ms"] + told["closure_ms"]) / 1000, "cpu": taken.user_s + taken.sys_s,
                "peak": told["peak_mb"], "requests": 0}

    def zstd(self, file):
        taken = measured(["zstd", "-dcqf", "-o", "/dev/null", str(file)], self.environment)
        return {"wall": taken.wall_s, "cpu": taken.user_s + taken.sys_s, "peak": taken.peak_mb, "requests": 0}


def row(name, **runs):
    cells = []
    for who, taken in runs.items():
        middle = {what: statistics.median(one[what] for one in taken) for what in taken[0]}
        cells.append(f"{who}: {middle['wall']:.3f} s, CPU {middle['cpu']:.2f} s, {middle['peak']:.0f} MB, "
                     f"{middle['requests']:.0f} requests")
    ours, theirs = (statistics.median(one["wall"] for one in taken) for taken in list(runs.values())[:2])
    print(f"| {name} | " + " | ".join(cells) + f" | {ours / theirs:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--aimlock", "--reopen", "--recorded", "--rattler-python", "--work"):
        parser.add_argument(name, required=True)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    work = Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    million, sharded = channel_tree.made_once(work, Path(options.recorded))
    runs = range(options.runs)
    with served(work / "server", work, work) as server:
        bench = Bench(options, server)

        def url(port, channel):
            return f"https://localhost:{port}/{channel.name}"

        here = url(server.public_port, million)
        taken = [(bench.aimlock(here, True, extra=["--dry-run"]), bench.rattler(here, "whole", True),
                  bench.zstd(million / "linux-64" / "repodata.json.zst")) for _ in runs]
        ours, theirs, bound = zip(*taken)
        row("a million records, cold", aimlock=ours, rattler=theirs, zstd=bound)
        row("the same, warm", aimlock=[bench.aimlock(here, False, extra=["--dry-run", "--offline"]) for _ in runs],
            rattler=[bench.rattler(here, "whole", False) for _ in runs])
        row("reopen and closure", aimlock=[bench.reopen(here) for _ in runs],
            sparse=[bench.peer("rattler_sparse.py", str(million / "linux-64" / "repodata.json")) for _ in runs])
        with server.delayed(server.public_port, 50) as line:
            there = url(line, sharded)
            lock = work / "hint.lock"
            lock.unlink(missing_ok=True)
            bench.aimlock(there, True, lock)
            taken = [(bench.aimlock(there, True, extra=["--dry-run"]), bench.rattler(there, "sharded", True),
                      bench.aimlock(there, True, lock, ["--dry-run"])) for _ in runs]
            ours, theirs, hinted = zip(*taken)
            row("shards, 50 ms, cold", aimlock=ours, rattler=theirs)
            row("shards, 50 ms, cold, a lock there", aimlock=hinted, rattler=theirs)


if __name__ == "__main__":
    main()
