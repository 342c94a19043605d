"""From Debian's words to conda's: names, versions and dependencies."""

import re
import subprocess
import sys
from pathlib import Path

# Debian name -> (conda name, bounds that Debian's own lower bound is joined with).
CONDA_NAME = {
    "libbz2-1.0": ("bzip2", "<2.0a0"),
    "libc6": ("__glibc", "<3.0a0"),
    "libcrypt1": ("libxcrypt", "<5.0a0"),
    "libdb5.3": ("libdb", "<5.4.0a0"),
    "libdb5.3t64": ("libdb", "<5.4.0a0"),
    "libexpat1": ("libexpat", "<3.0a0"),
    "libffi7": ("libffi", "<3.4.0a0"),
    "libffi8": ("libffi", ">=3.4,<4.0a0"),
    "libgcc-s1": ("libgcc", ""),
    "libgomp1": ("libgomp", ""),
    "liblz4-1": ("lz4-c", "<2.0a0"),
    "liblzma5": ("liblzma", "<6.0a0"),
    "libmpdec3": ("mpdecimal", "<3.0a0"),
    "libncursesw6": ("ncurses", "<7.0a0"),
    "libreadline8": ("readline", "<9.0a0"),
    "libreadline8t64": ("readline", "<9.0a0"),
    "libsqlite3-0": ("libsqlite", "<4.0a0"),
    # conda orders 1.1.1w before 1.1.1, so that >=1.1.1 would exclude every letter release.
    "libssl1.1": ("openssl", ">=1.1.1a,<1.1.2a"),
    "libssl3": ("openssl", ">=3.0,<4.0a0"),
    "libssl3t64": ("openssl", ">=3.0,<4.0a0"),
    "libstdc++6": ("libstdcxx", ""),
    "libtinfo6": ("ncurses", "<7.0a0"),
    "libuuid1": ("libuuid", "<3.0a0"),
    "libxxhash0": ("xxhash", "<1.0a0"),
    "libzstd1": ("libzstd", "<1.6.0a0"),
    "tzdata": ("tzdata", ""),
    "zlib1g": ("libzlib", "<2.0a0"),
}
UNVERSIONED = {"tzdata", "libgcc", "libstdcxx", "libgomp"}
# What a conda environment does without, or what the packages that are made of several Debian ones hold themselves.
LEFT_OUT = re.compile(
    r"media-types|mime-support|netbase|libnsl2(t64)?|libtirpc3(t64)?|debconf|readline-common|install-info"
    r"|openssl-provider-legacy|debianutils|gcc-.*|(lib)?python3\.\d+(-minimal|-stdlib)?"
)
DEPENDENCY = re.compile(r"(?P<name>\S+?)(?::any)?\s*(?:\((?P<operator>>=|=|>>)\s*(?P<version>[^)]+)\))?")


def fields(deb: Path, *names: str) -> list[str]:
    """Control fields of a Debian package; an absent one is empty."""
    shown = subprocess.run(["dpkg-deb", "--field", str(deb)], capture_output=True, text=True, check=True).stdout
    control = dict(line.split(": ", 1) for line in shown.splitlines() if ": " in line and not line.startswith(" "))
    return [control.get(name, "").strip() for name in names]


def upstream_version(debian_version: str) -> str:
    """The version that upstream gave: no epoch, no revision, no repacking marks."""
    version = debian_version.partition(":")[2] if ":" in debian_version else debian_version
    if "-" in version:
        version = version.rpartition("-")[0]
    if "+really" in version:
        version = version.partition("+really")[2]
    version = re.sub(r"[.+~]?(dfsg|ds|repack|git|nmu).*$", "", version)
    return re.split(r"[+~]", version)[0].replace("-", "_")


def conda_dependencies(deb: Path, own: list[str]) -> list[str]:
    """What a Debian package depends on in conda's words, without the Debian packages that are its own part."""
    found = []
    for alternatives in ",".join(fields(deb, "Depends", "Pre-Depends")).split(","):
        first = alternatives.split("|")[0].strip()
        match = DEPENDENCY.fullmatch(first)
        if not first or not match or match["name"] in own or LEFT_OUT.fullmatch(match["name"]):
            continue
        if match["name"] not in CONDA_NAME:
            print(f"note: {deb.name}: nothing in the channel stands for {match['name']}", file=sys.stderr)
            continue
        found.append(conda_dependency(match["name"], match["version"]))
    return strongest(found)


def conda_dependency(debian_name: str, at_least: str | None) -> str:
    """One dependency with the lower bound that Debian states and the upper bound of the table."""
    name, bounds = CONDA_NAME[debian_name]
    if name in UNVERSIONED:
        return name if not at_least or name == "tzdata" else f"{name} >={upstream_version(at_least)}"
    if at_least and debian_name != "libssl1.1":
        upper = bounds.split(",")[-1]
        bounds = f">={upstream_version(at_least)},{upper}"
    return f"{name} {bounds}".strip()


def strongest(dependencies: list[str]) -> list[str]:
    """One dependency a name, that with the highest lower bound: bounds are compared as numbers (2.4 < 2.28)."""
    best: dict[str, str] = {}
    for dependency in dependencies:
        name = dependency.split()[0]
        if name not in best or lower_bound(dependency) > lower_bound(best[name]):
            best[name] = dependency
    return list(best.values())


def lower_bound(dependency: str) -> list[int]:
    """The numbers of a dependency's first bound; empty without one."""
    words = dependency.split(" ", 1)
    return [int(number) for number in re.findall(r"\d+", words[1].split(",")[0])] if len(words) > 1 else []
