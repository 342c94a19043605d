#!/usr/bin/env python3
"""Times solves against a recorded index on loopback (TLS, HTTP/2): aimlock, uv, and all documents at once as the lower bound.

    benchmarks/index_metadata.py --aimlock build/release/cli/aimlock --uv uv --python PYTHON3.12 \\
        --recorded DIR --names FILE --work DIR [--runs 5] [--only ROW]...

DIR holds simple/NAME/index.json and files/WHEEL.metadata (`../shared/pypi`, unpacked); FILE the requirements, one a line.
Rows: cold (0 ms), cold-50, cold-50-hint (a lock of the last solve lies there, the cache is empty), cold-50-100mbit,
revalidate-50, fresh, offline, poor-cold, poor-again. Prints Markdown: medians of interleaved runs, and the requests that the
server counted. Every answer is compared: aimlock's with its first, uv's with its first, and both with each other.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from measured import measured
from replay import index_tree
from replay.served import build, served

CUTOFF = "2026-11-20T00:00:00Z"
ROWS = {  # round trip in ms, bytes a second, which index
    "cold": (0, 0, "public"),
    "cold-50": (50, 0, "public"),
    "cold-50-hint": (50, 0, "public"),
    "cold-50-100mbit": (50, 12_500_000, "public"),
    "revalidate-50": (50, 0, "public"),
    "fresh": (50, 0, "public"),
    "offline": (0, 0, "public"),
    "poor-cold": (0, 0, "poor"),
    "poor-again": (0, 0, "poor"),
}
WARM = ("revalidate-50", "fresh", "offline", "poor-again")


class Bench:
    def __init__(self, options, server):
        self.options = options
        self.server = server
        self.names = [line.split("#")[0].strip() for line in Path(options.names).read_text().splitlines()]
        self.names = [name for name in self.names if name]
        self.environment = {**os.environ, "SSL_CERT_FILE": str(server.authority), "SSL_CERT_DIR": ""}
        self.pins = {}

    def work(self, *parts):
        return Path(self.options.work, *parts)

    def aimlock(self, port, row, cache, write=False):
        command = [self.options.aimlock, "solve", "--json", *([] if write else ["--dry-run"]), "--platform", "linux-64", "--cuda", "13.2",
                   "--glibc", "2.35", "--python", "3.12", "--exclude-newer", CUTOFF,
                   "--index", f"https://localhost:{port}/simple"]
        command += ["--lock", str(self.work("hint.lock" if write or row == "cold-50-hint" else "no.lock"))]
        for name in self.names:
            command += ["--pypi", name]
        command += {"revalidate-50": ["--refresh"], "offline": ["--offline"]}.get(row, [])
        return measured(command, {**self.environment, "AIMLOCK_CACHE_DIR": str(cache)})

    def uv(self, port, row, cache):
        out = self.work("uv.txt")
        out.unlink(missing_ok=True)
        command = [self.options.uv, "--no-config", "pip", "compile", "-q", self.options.names, "--python", self.options.python,
                   "--no-python-downloads", "--only-binary", ":all:", "--exclude-newer", CUTOFF,
                   "--default-index", f"https://localhost:{port}/simple", "--cache-dir", str(cache), "-o", str(out)]
        command += {"revalidate-50": ["--refresh"], "offline": ["--offline"]}.get(row, [])
        return measured(command, self.environment)

    def pins_of(self, who, taken):
        if taken.status != 0:
            sys.exit(f"{who} ended with {taken.status}: {taken.err[-2000:]}{taken.out[-500:]}")
        if who == "aimlock":
            return {(p["name"], p["version"]) for p in json.loads(taken.out)["targets"][0]["packages"]}
        lines = self.work("uv.txt").read_text().splitlines()
        return {tuple(line.split("==")) for line in lines if re.match(r"[a-z0-9].*==", line)}

    def run(self, who, port, row, round_):
        cache = self.work("cache", f"{row}-{who}")
        if row not in WARM:
            shutil.rmtree(cache, ignore_errors=True)
        elif round_ == 0:
            shutil.rmtree(cache, ignore_errors=True)
            warm = "poor-cold" if row == "poor-again" else "cold"
            self.pins_of(who, getattr(self, who)(port, warm, cache))
        self.server.requests()
        taken = getattr(self, who)(port, row, cache)
        asked = self.server.requests()
        pins = self.pins_of(who, taken)
        if self.pins.setdefault(who, pins) != pins:
            sys.exit(f"{who} gave another answer: {sorted(pins ^ self.pins[who])}")
        return {"wall": taken.wall_s, "cpu": taken.user_s + taken.sys_s, "peak": taken.peak_mb, "asked": asked}

    def bound(self, port, urls):
        program = build(self.server.work, "all_at_once", "curl", "deflate", "simdjson")
        given = "\n".join(f"https://localhost:{port}{url}" for url in urls)
        out = subprocess.run([str(program), str(self.server.authority), "2"], input=given, text=True, check=True,
                             capture_output=True).stdout
        told = json.loads(out)
        self.server.requests()
        return {"wall": told["wall_s"], "cpu": told["cpu_s"], "peak": told["peak_mb"], "asked": []}

    def urls_of_the_answer(self):
        """Pages and METADATA of the chosen wheels, as a client with a perfect hint would ask for them."""
        lock = json.loads(self.aimlock(self.server.public_port, "cold", self.work("cache", "seed")).out)
        packages = lock["targets"][0]["packages"]
        return [url for package in packages
                for url in (f"/simple/{package['name']}/", "/files/" + package["url"].rsplit("/", 1)[1] + ".metadata")]

    def make_lock(self, port):
        """The lock of an earlier solve, which is the hint; its index is the one that the run will ask."""
        lock = self.work("hint.lock")
        lock.unlink(missing_ok=True)
        taken = self.aimlock(port, "hint", self.work("cache", "seed"), write=True)
        self.pins_of("aimlock", taken)


def summary(asked):
    pages = [row for row in asked if row[1].startswith("/simple/")]
    others = [row for row in asked if not row[1].startswith("/simple/")]
    body = sum(row[3] for row in asked)
    heads = sum(row[0] == "HEAD" for row in asked)
    return f"{len(asked)} ({len(pages)} pages, {len(others)} others, {heads} HEAD), {body / 1e6:.2f} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--aimlock", "--uv", "--python", "--recorded", "--names", "--work"):
        parser.add_argument(name, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", action="append")
    options = parser.parse_args()
    options.names = os.path.abspath(options.names)
    options.work = os.path.abspath(options.work)
    work = Path(options.work)
    trees = index_tree.both(work, Path(options.recorded))
    with served(work / "server", *trees) as server:
        bench = Bench(options, server)
        urls = bench.urls_of_the_answer()
        print(f"{len(urls) // 2} packages, {len(urls)} documents in the lower bound\n")
        print("| row | aimlock wall s (CPU, MB) | uv | lower bound | wall / uv | CPU / uv | MB / uv | wall / bound | aimlock's requests | uv's |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for row, (round_trip, rate, index) in ROWS.items():
            if options.only and row not in options.only:
                continue
            port = server.public_port if index == "public" else server.poor_port
            with server.delayed(port, round_trip, rate) as line:
                print_row(bench, row, line, urls if index == "public" else [])
        if bench.pins["aimlock"] != bench.pins["uv"]:
            print("different answers:", sorted(bench.pins["aimlock"] ^ bench.pins["uv"]))


def print_row(bench, row, port, urls):
    taken = {"aimlock": [], "uv": [], "bound": []}
    if row == "cold-50-hint":
        bench.make_lock(port)
    for round_ in range(bench.options.runs):
        for who in ("aimlock", "uv"):
            taken[who].append(bench.run(who, port, row, round_))
        if urls:
            taken["bound"].append(bench.bound(port, urls))

    def median(who, what):
        return statistics.median(run[what] for run in taken[who])

    def cell(who):
        return f"{median(who, 'wall'):.3f} ({median(who, 'cpu'):.2f}, {median(who, 'peak'):.0f})" if taken[who] else "-"

    ratios = [f"{median('aimlock', what) / median('uv', what):.2f}" for what in ("wall", "cpu", "peak")]
    to_bound = f"{median('aimlock', 'wall') / median('bound', 'wall'):.2f}" if urls else "-"
    print("|", " | ".join([row, cell("aimlock"), cell("uv"), cell("bound"), *ratios, to_bound,
                           summary(taken["aimlock"][-1]["asked"]), summary(taken["uv"][-1]["asked"])]), "|", flush=True)


if __name__ == "__main__":
    main()
