#!/usr/bin/env python3
"""Holds the house's arrows: which folder may include which, and who may include which C library.

usage: check_includes.py ROOT [--self-test]
Prints one line for each fault, `fetch/transfer.cpp:11: fetch may not include lock/lockfile.hpp`, and exits 1.
"""
import pathlib
import re
import sys
import tempfile

SOLVER = {"solver/base", "solver/version", "solver/spec", "solver/model", "solver/engine"}
# Folder -> the folders it may include besides itself. A folder speaks for those below it.
ARROWS = {
    "solver/base": set(),
    "solver/version": {"solver/base"},
    "solver/spec": {"solver/base", "solver/version"},
    "solver/model": {"solver/base", "solver/version", "solver/spec"},
    "solver/engine": SOLVER,
    "lock": SOLVER,
    "fetch": SOLVER,
    "image": SOLVER | {"lock", "fetch"},
    "cli": SOLVER | {"lock", "fetch", "image"},
}
# Header prefix -> the folders that may include it. Tests may include all but libsolv.
LIBRARIES = {
    "solv/": {"solver/engine"},
    "curl/": {"fetch"},
    "archive": {"fetch"},
    "CLI/": {"cli/commands"},
    "toml++/": {"lock", "tests"},
    "yaml-cpp/": {"lock", "tests"},
    "openssl/": {"solver/base", "fetch", "tests"},
    "simdjson": {"fetch", "image", "solver/model", "tests"},
    "nlohmann/": {"cli", "image", "lock", "solver/model", "tests"},
}
MAX_LINES = {".hpp": 150, ".cpp": 400}
# File -> why it may be longer. Empty is the aim.
LONGER = {}
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def is_in(path, folder):
    return path == folder or path.startswith(folder + "/")


def folder_of(path):
    return next((folder for folder in ARROWS if is_in(path, folder)), None)


def faults_of_include(file, ours, library):
    here = folder_of(file)
    if library:
        for prefix, homes in LIBRARIES.items():
            if library.startswith(prefix) and not any(is_in(file, home) for home in homes):
                yield f"{file.split('/')[0]} may not include <{library}>: only {', '.join(sorted(homes))} may"
    elif here:
        there = folder_of(ours)
        if there is None:
            yield f"{ours} is not an include from the root of the tree"
        elif there != here and there not in ARROWS[here]:
            yield f"{here} may not include {ours}"


def faults(root):
    for path in sorted(p for top in ("solver", "lock", "fetch", "image", "cli", "tests") for p in (root / top).rglob("*")):
        if path.suffix not in MAX_LINES:
            continue
        file = path.relative_to(root).as_posix()
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines, 1):
            if found := INCLUDE.match(line):
                for fault in faults_of_include(file, found[1], found[2]):
                    yield f"{file}:{number}: {fault}"
        if len(lines) > MAX_LINES[path.suffix] and file not in LONGER and not file.startswith("tests/"):
            yield f"{file}:{len(lines)}: more than {MAX_LINES[path.suffix]} lines: split it by idea"


PLANTED = {
    "fetch/transfer.cpp": ('#pragma once\n#include "lock/lockfile.hpp"\n',
                           "fetch/transfer.cpp:2: fetch may not include lock/lockfile.hpp"),
    "solver/base/digest.hpp": ('#  include "solver/model/target.hpp"\n',
                               "solver/base/digest.hpp:1: solver/base may not include solver/model/target.hpp"),
    "lock/reader.cpp": ('#include "lockfile.hpp"\n',
                        "lock/reader.cpp:1: lockfile.hpp is not an include from the root of the tree"),
    "image/oci/tar.cpp": ("#include <archive_entry.h>\n",
                          "image/oci/tar.cpp:1: image may not include <archive_entry.h>: only fetch may"),
    "cli/render/table.cpp": ("#include <CLI/CLI.hpp>\n",
                             "cli/render/table.cpp:1: cli may not include <CLI/CLI.hpp>: only cli/commands may"),
    "image/layers.hpp": ("\n" * 151, "image/layers.hpp:151: more than 150 lines: split it by idea"),
    "cli/main.cpp": ('#include <vector>\n#include "image/layers.hpp"\n#include "cli/wiring.hpp"\n', None),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for file, (text, _) in PLANTED.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text)
        found, planted = set(faults(root)), {fault for _, fault in PLANTED.values() if fault}
    if found != planted:
        print("missed:", *sorted(planted - found), "\nfalse:", *sorted(found - planted), sep="\n  ")
    return found != planted


if __name__ == "__main__":
    if "--self-test" in sys.argv:
        sys.exit(self_test())
    wrong = list(faults(pathlib.Path(sys.argv[1])))
    for fault in wrong:
        print(fault)
    sys.exit(bool(wrong))
