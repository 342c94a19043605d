"""Shared libraries and tools: conda packages made of Debian's binary packages, one set a suite."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .conda_package import PLACEHOLDER, CondaPackage, set_relative_rpath, set_rpath
from .debian_names import CONDA_NAME, conda_dependencies, fields, strongest, upstream_version
from .debian_pool import PYTHON_OF_SUITE

# conda name -> the Debian packages that it is made of, those that the suite has; the first gives the version.
MADE_OF = {
    "bzip2": ["libbz2-1.0", "bzip2"],
    "libdb": ["libdb5.3", "libdb5.3t64"],
    "libexpat": ["libexpat1"],
    "libffi": ["libffi7", "libffi8"],
    "libgcc": ["libgcc-s1"],
    "libgomp": ["libgomp1"],
    "liblzma": ["liblzma5"],
    "libsqlite": ["libsqlite3-0"],
    "libstdcxx": ["libstdc++6"],
    "libuuid": ["libuuid1"],
    "libxcrypt": ["libcrypt1"],
    "libzlib": ["zlib1g"],
    "libzstd": ["libzstd1"],
    "lz4-c": ["liblz4-1"],
    "mpdecimal": ["libmpdec3"],
    "ncurses": ["libtinfo6", "libncursesw6", "ncurses-base"],
    "openssl": ["libssl1.1", "libssl3", "libssl3t64", "openssl", "openssl-provider-legacy"],
    "readline": ["libreadline8", "libreadline8t64"],
    "sqlite": ["sqlite3"],
    "xxhash": ["libxxhash0"],
    "xz-tools": ["xz-utils"],
    "zstd": ["zstd"],
}
# Packages of files only, the same for every machine.
NOARCH_MADE_OF = {"ca-certificates": ["ca-certificates"], "tzdata": ["tzdata"]}
# One package in the older format, so that both are always exercised.
TAR_BZ2 = "bzip2"


def debs_of(suite_folder: Path, names: list[str]) -> list[Path]:
    """The files of those Debian packages that the suite has, in the order of the names."""
    return [deb for name in names for deb in sorted(suite_folder.glob(f"{name}_*.deb"))]


def unpack(debs: list[Path], work: Path, package: CondaPackage) -> Path:
    """Unpacks Debian packages over each other; notes their versions and licences in the package."""
    tree = Path(tempfile.mkdtemp(dir=work))
    for deb in debs:
        subprocess.run(["dpkg-deb", "--extract", str(deb), str(tree)], check=True)
        name, version = fields(deb, "Package", "Version")
        package.origin[name] = version
        notice = tree / "usr/share/doc" / name / "copyright"
        if notice.is_file():
            package.licenses[f"{name}.copyright"] = notice.read_bytes()
    return tree


def copy_tree(source: Path, target: Path) -> None:
    """Copies a folder into another where it exists, links as links."""
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def drop_links_outside(package: CondaPackage) -> None:
    """Removes links that are absolute or lead nowhere inside the package."""
    for file in package.files():
        if file.is_symlink() and (os.readlink(file).startswith("/") or not file.exists()):
            file.unlink()


def suite_packages(suite: str, suite_folder: Path, work: Path) -> list[CondaPackage]:
    """Every library, tool and file package of one suite."""
    packages = []
    for name, made_of in MADE_OF.items():
        if debs := debs_of(suite_folder, made_of):
            packages.append(library_package(name, debs, suite, work))
    for name, made_of in NOARCH_MADE_OF.items():
        packages.append(noarch_package(name, debs_of(suite_folder, made_of), suite, work))
    return packages


def new_package(name: str, debs: list[Path], suite: str, work: Path) -> CondaPackage:
    """A package with the version of the first Debian package and the suite's place as its build number."""
    (version,) = fields(debs[0], "Version")
    number = list(PYTHON_OF_SUITE).index(suite)
    return CondaPackage(Path(tempfile.mkdtemp(dir=work)), name, upstream_version(version), number=number)


def library_package(name: str, debs: list[Path], suite: str, work: Path) -> CondaPackage:
    """Libraries and programs that find each other at any prefix."""
    package = new_package(name, debs, suite, work)
    own = [fields(deb, "Package")[0] for deb in debs]
    dependencies = [dependency for deb in debs for dependency in conda_dependencies(deb, own)]
    package.depends = [one for one in strongest(dependencies) if one.split()[0] != name]
    if own[0] in CONDA_NAME:
        upper = CONDA_NAME[own[0]][1].split(",")[-1]
        bounds = ",".join(bound for bound in (f">={package.version}", upper) if bound)
        package.run_exports = {"weak": [f"{name} {bounds}"]}
    tree = unpack(debs, work, package)
    for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"):
        copy_tree(tree / folder, package.root / "lib")
    for folder in ("bin", "usr/bin"):
        copy_tree(tree / folder, package.root / "bin")
    for folder in ("lib/terminfo", "usr/share/terminfo"):
        copy_tree(tree / folder, package.root / "share/terminfo")
    shutil.rmtree(tree)
    drop_links_outside(package)
    set_relative_rpath(package)
    if name == "sqlite":
        # An absolute path once: where the prefix inside a program is replaced wrongly, sqlite3 does not start.
        set_rpath(package.root / "bin/sqlite3", f"{PLACEHOLDER}/lib")
    if name == TAR_BZ2:
        package.archive = ".tar.bz2"
    return package


def noarch_package(name: str, debs: list[Path], suite: str, work: Path) -> CondaPackage:
    """The certificate bundle or the time zones."""
    package = new_package(name, debs, suite, work)
    package.subdir, package.noarch = "noarch", "generic"
    package.version = package.version.replace("_", ".")
    tree = unpack(debs, work, package)
    if name == "tzdata":
        copy_tree(tree / "usr/share/zoneinfo", package.root / "share/zoneinfo")
    else:
        add_certificates(package, tree)
    shutil.rmtree(tree)
    return package


def add_certificates(package: CondaPackage, tree: Path) -> None:
    """The bundle and what activation needs: the path compiled into Debian's libssl is not this one."""
    certificates = sorted((tree / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    package.add("ssl/cacert.pem", b"".join(file.read_bytes() for file in certificates))
    package.link("ssl/cert.pem", "cacert.pem")
    activate = 'export SSL_CERT_FILE="$CONDA_PREFIX/ssl/cacert.pem"\n'
    package.add("etc/conda/activate.d/ca-certificates_activate.sh", activate)
    package.add("etc/conda/deactivate.d/ca-certificates_deactivate.sh", "unset SSL_CERT_FILE\n")
    variables = json.dumps({"SSL_CERT_FILE": f"{PLACEHOLDER}/ssl/cacert.pem"}) + "\n"
    package.add("etc/conda/env_vars.d/ca-certificates.json", variables)
