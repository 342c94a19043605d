#!/usr/bin/env python3
"""Writes a channel that holds every record of another one K times: the record itself and K - 1 older builds of it.

    benchmarks/grow_channel.py FROM TO K

What a real channel looks like after years: more builds and more versions of each name, the same dependencies. Of the
older copies every second is an older build of the same version, the others belong to an older version (its last number
one lower, where that is a number above zero). Nothing is random: the same input gives the same channel.
"""
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path


def older_version(version, steps):
    """`version` with its last number lowered by `steps`; None where that is no version below it."""
    match = re.fullmatch(r"(.*?)(\d+)", version)
    if match is None or int(match[2]) < steps:
        return None
    return f"{match[1]}{int(match[2]) - steps}"


def older_copy(record, step):
    """The `step`-th older copy of a record, with a file name, hashes and a time of its own."""
    copy = dict(record)
    version = older_version(record["version"], step // 2) if step % 2 == 0 else None
    if version is not None:
        copy["version"] = version
    copy["build"] = f"{record['build']}_o{step}"
    copy["build_number"] = max(0, record.get("build_number", 0) - step)
    if "timestamp" in record:
        copy["timestamp"] = record["timestamp"] - step * 86_400_000
    name = f"{copy['name']}-{copy['version']}-{copy['build']}"
    copy["sha256"] = hashlib.sha256(name.encode()).hexdigest()
    copy["md5"] = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return name, copy


def grow(repodata, times):
    for table, ending in (("packages", ".tar.bz2"), ("packages.conda", ".conda")):
        grown = dict(repodata.get(table, {}))
        for record in list(grown.values()):
            for step in range(1, times):
                name, copy = older_copy(record, step)
                grown.setdefault(name + ending, copy)
        repodata[table] = grown
    return repodata


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, target, times = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    total = 0
    for subdir in ("linux-64", "noarch"):
        packed = source / subdir / "repodata.json.zst"
        repodata = grow(json.loads(subprocess.check_output(["zstd", "-dcq", str(packed)])), times)
        total += sum(len(repodata.get(table, {})) for table in ("packages", "packages.conda"))
        (target / subdir).mkdir(parents=True, exist_ok=True)
        plain = target / subdir / "repodata.json"
        plain.write_text(json.dumps(repodata, separators=(",", ":")))
        subprocess.run(["zstd", "-3qf", str(plain)], check=True)
    for name_map in (source / "pypi_mapping.json", source.parent / "pypi_mapping.json"):
        if name_map.exists():
            shutil.copyfile(name_map, target / name_map.name)
            break
    print(f"{target}: {total} records")


if __name__ == "__main__":
    main()
