"""The PyPI side of the inputs: what pool.txt asks for, fetched by pip."""

import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

POOL = Path(__file__).with_name("pool.txt")
# Newest first is not needed: pip takes the best of them for the Python it is asked for.
PLATFORMS = [
    *(f"manylinux_2_{minor}_x86_64" for minor in (28, 27, 17, 12)),
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
    "any",
]


class PoolError(Exception):
    """The pool cannot be read or fetched; the message is for people."""


@dataclass(frozen=True)
class Wanted:
    """One wheel: a release, and the Python tag of the wheel where it is not a pure one."""

    name: str
    version: str
    tag: str | None
    cuda: bool

    def matches(self, wheel: Path) -> bool:
        """Whether this file is the wheel; an abi3 wheel serves every Python."""
        name, version, *rest = wheel.stem.split("-")
        if normalise(name) != self.name or version != self.version:
            return False
        return self.tag is None or rest[-2] == "abi3" or rest[-3] == self.tag


def normalise(name: str) -> str:
    """The PEP 503 form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pool(small: bool, tags: Iterable[str]) -> list[Wanted]:
    """The wheels that pool.txt names for these Python tags."""
    wanted = []
    for line in POOL.read_text().splitlines():
        words = line.partition("#")[0].split()
        if not words or (small and "small" not in words):
            continue
        name, version, *marks = words
        pythons = [mark for mark in marks if mark.startswith("cp")]
        if unknown := set(marks) - set(pythons) - {"cuda", "small"}:
            raise PoolError(f"{POOL}: unknown mark {unknown.pop()!r} in {line!r}")
        chosen = [tag for tag in pythons if tag in tags] if pythons else [None]
        wanted += [Wanted(normalise(name), version, tag, "cuda" in marks) for tag in chosen]
    return wanted


def fetch_wheels(folder: Path, wanted: list[Wanted]) -> dict[Wanted, Path]:
    """Downloads what the folder lacks; the file of every wanted wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [one for one in wanted if find_wheel(folder, one) is None]
    with ThreadPoolExecutor(3) as executor:
        list(executor.map(lambda batch: pip_download(folder, batch), batches(lacking)))
    found = {one: find_wheel(folder, one) for one in wanted}
    for one, path in found.items():
        if path is None:
            raise PoolError(f"pip downloaded no wheel for {one.name} {one.version} {one.tag or '(pure)'}")
    return {one: path for one, path in found.items() if path}


def find_wheel(folder: Path, wanted: Wanted) -> Path | None:
    """The wanted wheel in the folder, if it is there."""
    return next((wheel for wheel in sorted(folder.glob("*.whl")) if wanted.matches(wheel)), None)


def batches(wanted: list[Wanted]) -> list[list[Wanted]]:
    """Groups that one pip run can take: one Python tag, each name once."""
    groups: list[list[Wanted]] = []
    for one in wanted:
        for group in groups:
            if group[0].tag == one.tag and all(other.name != one.name for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def pip_download(folder: Path, batch: list[Wanted]) -> None:
    """One pip run for one Python tag."""
    tag = batch[0].tag or "cp311"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder)]
    command += ["--implementation", "cp", "--python-version", f"{tag[2]}.{tag[3:]}"]
    for abi in (tag, "abi3", "none"):
        command += ["--abi", abi]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    command += [f"{one.name}=={one.version}" for one in batch]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PoolError(f"pip download failed: {done.stderr.strip()[-800:]}")
