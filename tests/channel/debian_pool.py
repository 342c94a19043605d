"""The Debian side of the inputs: binary packages of three suites, fetched by apt with a state of its own.

The mirror is the one that apt is configured with (AIMLOCK_DEBIAN_MIRROR overrides it); root is not needed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .pypi_pool import PoolError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
EVERY_SUITE = """
    zlib1g libsqlite3-0 libncursesw6 libtinfo6 libexpat1 libbz2-1.0 liblzma5 libuuid1 libstdc++6 libgcc-s1 libgomp1
    ca-certificates openssl sqlite3 xz-utils bzip2 ncurses-base libzstd1 zstd liblz4-1 libcrypt1 tzdata
""".split()
PYTHON_OF_SUITE = {"bullseye": "3.9", "bookworm": "3.11", "trixie": "3.13"}
ONLY_IN_SUITE = {
    "bullseye": "python3-distutils libssl1.1 libreadline8 libffi7 libdb5.3 libmpdec3",
    "bookworm": "python3-distutils libssl3 libreadline8 libffi8 libdb5.3",
    "trixie": "libssl3t64 libreadline8t64 libffi8 libdb5.3t64 openssl-provider-legacy libxxhash0",
}
# trixie's Python needs a newer glibc than Debian 12's own: it could be solved for but not run by the tests.
SMALL_SUITES = ["bullseye", "bookworm"]
NEEDED_SUITE = "bookworm"


def package_names(suite: str) -> list[str]:
    """The binary packages that the channel takes from a suite."""
    python = f"python{PYTHON_OF_SUITE[suite]}"
    pythons = [python, f"{python}-minimal", f"lib{python}-minimal", f"lib{python}-stdlib"]
    return [*EVERY_SUITE, *pythons, *ONLY_IN_SUITE[suite].split()]


def fetch_suites(folder: Path, small: bool) -> list[str]:
    """Downloads what the folder lacks to FOLDER/debs/SUITE; the suites that are there afterwards, oldest first.

    A suite that the mirror no longer carries is left out with a note, unless it is the one that tests run on.
    """
    folder = folder.resolve()
    suites = SMALL_SUITES if small else list(PYTHON_OF_SUITE)
    lacking = [suite for suite in suites if not is_complete(folder, suite)]
    if lacking:
        mirror = configured_mirror()
        with ThreadPoolExecutor(len(lacking)) as executor:
            failures = dict(zip(lacking, executor.map(lambda suite: fetch_suite(folder, suite, mirror), lacking)))
        for suite, failure in failures.items():
            if failure and suite == NEEDED_SUITE:
                raise PoolError(f"cannot fetch Debian's {suite}: {failure}")
            if failure:
                print(f"note: suite {suite} left out, so no Python {PYTHON_OF_SUITE[suite]}: {failure}", file=sys.stderr)
    return [suite for suite in suites if is_complete(folder, suite)]


def configured_mirror() -> str:
    """The address from which apt takes the running release."""
    if chosen := os.environ.get("AIMLOCK_DEBIAN_MIRROR"):
        return chosen
    form = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        release, component, address = line.split()
        if release in PYTHON_OF_SUITE and component == "main":
            return address
    raise PoolError("apt has no Debian mirror configured; name one in AIMLOCK_DEBIAN_MIRROR")


def complete_mark(folder: Path, suite: str) -> Path:
    """The file that says: every package of this list was downloaded."""
    key = hashlib.sha256(" ".join(package_names(suite)).encode()).hexdigest()[:16]
    return folder / "debs" / suite / f".complete-{key}"


def is_complete(folder: Path, suite: str) -> bool:
    """Whether the suite's packages were all downloaded."""
    return complete_mark(folder, suite).exists()


def fetch_suite(folder: Path, suite: str, mirror: str) -> str:
    """Downloads one suite's packages; what went wrong, empty if nothing did."""
    debs = folder / "debs" / suite
    shutil.rmtree(debs, ignore_errors=True)
    failure = download(debs, suite, mirror, package_names(suite))
    if not failure:
        complete_mark(folder, suite).touch()
    return failure


def download(folder: Path, suite: str, mirror: str, names: list[str]) -> str:
    """Downloads Debian packages of a suite into a folder; what went wrong, empty if nothing did."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="apt-") as scratch:
        state = Path(scratch)
        for made in ("lists/partial", "cache/archives/partial"):
            (state / made).mkdir(parents=True)
        (state / "status").touch()
        (state / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n")
        options = {
            "Dir::State": state,
            "Dir::State::status": state / "status",
            "Dir::Cache": state / "cache",
            "Dir::Etc::sourcelist": state / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        apt = ["apt-get", "-qq", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
        for command in (["update", "--error-on=any"], ["download", *names]):
            done = subprocess.run(apt + command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return done.stderr.strip()[-400:] or "apt-get failed"
    return ""
