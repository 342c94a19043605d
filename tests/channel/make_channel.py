"""scripts/make_channel: the order of the work, from inputs to a finished channel."""

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .channel_index import write_index
from .conda_package import Built, CondaPackage, finish
from .debian_packages import suite_packages
from .debian_pool import PYTHON_OF_SUITE, fetch_suites
from .gpu_packages import cuda_packages
from .made_packages import prefix_probe, python_abi
from .pypi_pool import PoolError, Wanted, fetch_wheels, normalise, read_pool
from .python_package import python_package
from .wheel_packages import conda_name, wheel_package

MARK = "channel.sha256"  # in a finished channel: the hash of everything that it was made from
Job = Callable[[], list[CondaPackage]]


def main() -> int:
    """Makes the channel, or does nothing where it is there already."""
    parser = argparse.ArgumentParser(prog="scripts/make_channel", description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=Path, help="where the channel is made; replaced as a whole")
    parser.add_argument("--small", action="store_true", help="two Pythons and a few packages: seconds, for tests")
    parser.add_argument("--fresh", action="store_true", help="make all packages anew, whatever is cached")
    options = parser.parse_args()
    if options.directory.exists() and not may_replace(options.directory):
        print(f"error: {options.directory} exists and is no channel made by this program", file=sys.stderr)
        return 2
    started = time.monotonic()
    inputs = inputs_folder()
    inputs.mkdir(parents=True, exist_ok=True)
    with open(inputs / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            suites, wheels = fetch(inputs, options.small)
        except PoolError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        key = inputs_hash(inputs, suites, wheels)
        if not options.fresh and mark_of(options.directory) == key:
            print(f"{options.directory} is there already")
            return 0
        kind = "small" if options.small else "full"
        finished = inputs / "channels" / f"{kind}-{key[:16]}"
        if options.fresh or mark_of(finished) != key:
            for outdated in finished.parent.glob(f"{kind}-*"):
                shutil.rmtree(outdated)
            make_channel(finished, key, inputs, suites, wheels)
        replace_folder(finished, options.directory.resolve())
    print(f"{options.directory}: {summary(options.directory)}, {time.monotonic() - started:.1f} s")
    return 0


def inputs_folder() -> Path:
    """Where downloads and finished channels are cached: with the user's caches if these have a place, else in build/."""
    if caches := os.environ.get("XDG_CACHE_HOME"):
        return Path(caches).resolve() / "aimlock-channel"
    return Path(__file__).parents[2] / "build/channel-inputs"


def fetch(inputs: Path, small: bool) -> tuple[list[str], dict[Wanted, Path]]:
    """The Debian suites that are there, and the wheels for their Pythons."""
    suites = fetch_suites(inputs, small)
    tags = ["cp" + PYTHON_OF_SUITE[suite].replace(".", "") for suite in suites]
    return suites, fetch_wheels(inputs / "wheels", read_pool(small, tags))


def inputs_hash(inputs: Path, suites: list[str], wheels: dict[Wanted, Path]) -> str:
    """A hash of all inputs and of the program that turns them into packages."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    debs = [deb for suite in suites for deb in sorted((inputs / "debs" / suite).glob("*.deb"))]
    digest = hashlib.sha256()
    for file in [*own, *debs, *sorted(set(wheels.values()))]:
        digest.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def mark_of(channel: Path) -> str:
    """The hash that a finished channel was made from; empty for anything else."""
    mark = channel / MARK
    return mark.read_text().strip() if mark.is_file() else ""


def may_replace(directory: Path) -> bool:
    """Whether the folder is a channel of ours, or empty: nothing else is ever removed."""
    return directory.is_dir() and ((directory / MARK).is_file() or not any(directory.iterdir()))


def make_channel(target: Path, key: str, inputs: Path, suites: list[str], wheels: dict[Wanted, Path]) -> None:
    """Makes all packages and the index; the target is complete or absent."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="channel-", dir=target.parent) as scratch:
        work, channel = Path(scratch) / "work", Path(scratch) / "channel"
        work.mkdir()
        with ThreadPoolExecutor(os.cpu_count()) as executor:
            run: Callable[[Job], list[Built]] = lambda job: [finish(package, channel) for package in job()]
            made = [built for some in executor.map(run, jobs(inputs, suites, wheels, work)) for built in some]
        # Two suites can hold the very same package: one of them is kept.
        write_index(channel, list({(one.subdir, one.file_name): one for one in made}.values()))
        (channel / MARK).write_text(key + "\n")
        channel.rename(target)


def jobs(inputs: Path, suites: list[str], wheels: dict[Wanted, Path], work: Path) -> list[Job]:
    """The packages to make, in pieces that can run side by side; the longest first."""
    pythons = [PYTHON_OF_SUITE[suite] for suite in suites]
    known = {conda_name(normalise(wanted.name)) for wanted in wheels}
    found: list[Job] = []
    for wanted, path in sorted(wheels.items(), key=lambda item: -item[1].stat().st_size):
        if not wanted.cuda:
            found.append(lambda wanted=wanted, path=path: [wheel_package(wanted, path, known, pythons, work)])
    for suite in suites:
        debs = inputs / "debs" / suite
        found.append(lambda suite=suite, debs=debs: [python_package(suite, debs, work)])
        found.append(lambda suite=suite, debs=debs: suite_packages(suite, debs, work))
    runtimes = [path for wanted, path in wheels.items() if wanted.cuda]
    found.append(lambda: cuda_packages(runtimes, work))
    found.append(lambda: [*(python_abi(short, work) for short in pythons), prefix_probe(work)])
    return found


def replace_folder(source: Path, target: Path) -> None:
    """Puts a copy of the source in the target's place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".channel-", dir=target.parent) as scratch:
        shutil.copytree(source, Path(scratch) / "new")
        if target.exists():
            target.rename(Path(scratch) / "old")
        (Path(scratch) / "new").rename(target)


def summary(channel: Path) -> str:
    """How many packages the channel holds, and how big they are."""
    packages = [file for file in channel.rglob("*") if file.name.endswith((".conda", ".tar.bz2"))]
    return f"{len(packages)} packages, {sum(file.stat().st_size for file in packages) / 1e6:.0f} MB"
