#!/usr/bin/env python3
"""Requests in which conda and PyPI disagree: the joint answer beside that of two stages, and a check of every refusal.

    benchmarks/conflict_cases.py --aimlock build/release/cli/aimlock --channel DIR [--index URL] [--only CASE] [--details]

Two stages is what tools do that solve conda first: the conda half alone, every distribution that it carries pinned, then uv
for the PyPI half under these pins, no way back. A refusal is checked from outside: the core has no solution, it has one
when any one line is left out, and every repair that is printed gives one when it is applied to the request. Prints a table.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GLIBC, PYTHON = "2.35", "3.12"
PY = ["python 3.12.*"]
EIGHT = ["pandas", "scipy", "matplotlib", "scikit-learn", "pillow", "h5py", "jupyterlab", "numpy >=2.1"]

# case, conda, PyPI, CUDA of the driver, what is expected, names to show
CASES = [
    ("C1", PY, ["topfarm"], "12.4", "no", ["topfarm"]),
    ("C1'", PY + ["pandas", "numpy"], ["thinc==8.2.5"], "12.4", "yes", ["numpy", "pandas"]),
    ("C2", PY, ["multimodal-transformers"], "12.4", "no", []),
    ("C2'", PY, ["tqdm~=4.66.4", "transformers"], "12.4", "yes", ["tqdm"]),
    ("C2' conda", PY + ["tqdm"], ["tqdm~=4.66.4", "transformers"], "12.4", "yes", ["tqdm"]),
    ("C3", PY + ["packaging"], ["xarray==2024.7.0", "packaging<24"], "12.4", "yes", ["packaging", "xarray"]),
    ("C9", PY + ["typing_extensions"], ["typing_extensions==4.14"], "12.4", "yes", ["typing_extensions"]),
    ("U1'", PY + ["numpy >=2"], ["thinc==8.2.5"], "12.4", "no", []),
    ("U2'", PY + ["pydantic >=2"], ["pydantic<2"], "12.4", "no", []),
    ("U3", PY, ["torch==2.15.0"], "12.2", "no", []),
    ("U3s", PY, ["torch"], "12.2", "yes", ["torch"]),
    ("U4", ["python >=3.13"], ["spacy<3.8"], "12.4", "no", []),
    ("hidden of 8", PY + EIGHT, ["thinc==8.2.5"], "12.4", "no", []),
    ("torch bound", PY + ["pytorch-gpu", "opencv"], ["torch==2.9.*"], "12.4", "no", []),
]


class Tools:
    def __init__(self, arguments):
        self.arguments = arguments
        self.python = Path(arguments.tools).resolve()
        self.documents = 0

    def solve(self, conda, pypi, cuda):
        """One joint solve: its document and the seconds that it took."""
        command = [self.arguments.aimlock, "solve", "--json", "--dry-run", "--platform", "linux-64", "--glibc", GLIBC, "--cuda",
                   cuda, "--channel", self.arguments.channel, "--exclude-newer", self.arguments.exclude_newer]
        for spec in conda or ["python"]:
            command += ["--conda", spec]
        for requirement in pypi:
            command += ["--pypi", requirement]
        if self.arguments.index:
            command += ["--index", self.arguments.index]
        begin = time.monotonic()
        run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        self.documents += 1
        document = json.loads(run.stdout)
        if document["status"] == "error":
            sys.exit(f"{' '.join(command)}: {document['error']['message']}")
        return document, time.monotonic() - begin

    def uv(self, pypi, pins, python, folder):
        """The PyPI half for conda's Python under the pins of the conda half; None or uv's last words."""
        (folder / "in").write_text("\n".join(pypi) + "\n")
        (folder / "pins").write_text("\n".join(pins) + "\n")
        index = ["--default-index", self.arguments.index] if self.arguments.index else []
        command = [str(self.python / "uv"), "pip", "compile", "-q", "--python", self.arguments.python, "--python-version", python,
                   "--no-python-downloads", "--only-binary", ":all:", "--python-platform", "x86_64-manylinux_2_35",
                   "--exclude-newer", self.arguments.exclude_newer, "-c", str(folder / "pins"), *index, str(folder / "in")]
        run = subprocess.run(command, capture_output=True, text=True, timeout=300)
        return None if run.returncode == 0 else " ".join(run.stderr.split())


def packages(document):
    return {package["name"].replace("_", "-"): package for package in document["targets"][0]["packages"]}


def pins_of(document, name_map):
    """name==version of every distribution that the conda half carries, as far as PyPI could read the version."""
    pins = {}
    for package in document["targets"][0]["packages"]:
        if package["kind"] != "conda" or package["name"] == "python":
            continue
        for name in name_map.get(package["name"], []):
            own = name.replace("_", "-").lower()
            if own == package["name"].replace("_", "-") or len(name_map[package["name"]]) == 1:
                pins[own] = f"{own}=={package['version']}"
    return sorted(pins.values())


def two_stages(tools, case, name_map):
    name, conda, pypi, cuda, _, _ = case
    first, _ = tools.solve(conda, [], cuda)
    if first["status"] != "solved":
        return "fails: conda"
    with tempfile.TemporaryDirectory() as folder:
        python = packages(first).get("python", {"version": PYTHON})["version"]
        words = tools.uv(pypi, pins_of(first, name_map), python, Path(folder))
    return "ok" if words is None else "fails: PyPI"


def without(lines, written):
    same = [line for line in lines if normal(line) == normal(written)]
    return [line for line in lines if line not in same[:1]]


def normal(text):
    return "".join(text.split()).replace("_", "-").lower()


def applied(change, conda, pypi, cuda):
    """The request with a printed repair."""
    world, rest = change.split(": ", 1)
    if world == "target":
        return conda, pypi, rest.split(" -> ")[1].strip()
    lines = conda if world == "conda" else pypi
    if rest.startswith("remove "):
        changed = without(lines, rest[len("remove "):])
    else:
        old, new = rest.split(" -> ")
        if ": " in new:  # from the other world
            new_world, new = new.split(": ")
            if new_world == "pypi":
                return without(conda, old), pypi + [new], cuda
            return conda + [new], without(pypi, old), cuda
        changed = [new if normal(line) == normal(old) else line for line in lines]
    if changed == lines:
        return None
    return (changed, pypi, cuda) if world == "conda" else (conda, changed, cuda)


def check_refusal(tools, case, conflict):
    """What a refusal claims, tried from outside. Empty: all of it is true."""
    _, conda, pypi, cuda, _, _ = case
    wrong = []
    core = {"conda": [], "pypi": []}
    for requirement in conflict["requirements"]:
        world, written = requirement.split(": ", 1)
        core[world].append(written)
    if tools.solve(core["conda"], core["pypi"], cuda)[0]["status"] != "unsatisfiable":
        wrong.append("the core has a solution")
    for world in core:
        for line in core[world]:
            fewer = dict(core, **{world: [other for other in core[world] if other != line]})
            if tools.solve(fewer["conda"], fewer["pypi"], cuda)[0]["status"] != "solved":
                wrong.append(f"the core is not minimal: without `{line}` there is no solution either")
    for repair in conflict["repairs"]:
        edited = applied(repair["change"], conda, pypi, cuda)
        if edited is None:
            wrong.append(f"not tried: {repair['change']}")
        elif tools.solve(*edited)[0]["status"] != "solved":
            wrong.append(f"does not solve: {repair['change']}")
    return wrong


def one_case(tools, case, name_map, details):
    name, conda, pypi, cuda, expected, shown = case
    tools.solve(conda, pypi, cuda)  # fills the caches
    document, seconds = tools.solve(conda, pypi, cuda)
    solved = document["status"] == "solved"
    wrong = []
    if solved != (expected == "yes"):
        wrong.append(f"expected {'an answer' if expected == 'yes' else 'a refusal'}")
    core = repairs = "-"
    if solved:
        found = packages(document)
        answer = ", ".join(f"{one} {found[one.replace('_', '-')]['version']}" for one in shown)
    else:
        answer = "no solution"
        conflict = document["conflict"]
        core = "; ".join(conflict["requirements"])
        repairs = "; ".join(repair["change"] for repair in conflict["repairs"])
        wrong += check_refusal(tools, case, conflict)
    print(f"| {name} | {answer} | {two_stages(tools, case, name_map)} | {core} | {repairs} | {seconds:.2f} | "
          f"{'; '.join(wrong) or 'ok'} |", flush=True)
    if details and not solved:
        for line in document["conflict"]["explanation"].split("\n"):
            print(f"    {line}")
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aimlock", required=True)
    parser.add_argument("--channel", required=True, help="folder of a conda channel with its name map beside it")
    parser.add_argument("--index", help="PyPI simple index; default: the one that each tool uses by itself")
    parser.add_argument("--exclude-newer", default="2026-11-20T00:00:00Z")
    parser.add_argument("--python", default=sys.executable, help="interpreter for uv")
    parser.add_argument("--tools", default="build/tools-venv/bin")
    parser.add_argument("--only", help="cases whose name holds this text")
    parser.add_argument("--details", action="store_true", help="print the chains of reasons too")
    arguments = parser.parse_args()
    channel = Path(arguments.channel).resolve()
    map_file = next(path for path in (channel / "pypi_mapping.json", channel.parent / "pypi_mapping.json") if path.exists())
    name_map = json.loads(map_file.read_text())
    tools = Tools(arguments)
    print("| case | joint | two stages | core | repairs (all re-solved) | warm s | check |\n|---|---|---|---|---|---|---|")
    good = [one_case(tools, case, name_map, arguments.details) for case in CASES
            if not arguments.only or arguments.only in case[0]]
    print(f"{sum(good)} of {len(good)} cases as expected; {tools.documents} solves, {os.cpu_count()} cores")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
