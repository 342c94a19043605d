"""One conda package: files staged in a folder, what its record says, and the archive made of both.

Same files and same words give the same bytes: entries are sorted, times are fixed, compression has one thread.
"""

import bz2
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The one clock of the channel, in seconds; timestamps in records are in milliseconds.
EPOCH = 1_700_000_000
# 255 bytes, the length that conda-build reserves for the prefix of an installation.
PLACEHOLDER = ("/opt/aimlock_channel_build/" + "placehold_" * 30)[:255]
ZSTD_LEVEL = 3
GLIBC_BOUND = re.compile(r"__glibc >=2\.(\d+)")
GLIBC_SYMBOL = re.compile(rb"\0GLIBC_2\.(\d+)(?=[.\0])")


@dataclass
class CondaPackage:
    """A package while it is put together; `root` is the folder where its files are staged."""

    root: Path
    name: str
    version: str
    subdir: str = "linux-64"
    build: str | None = None  # absent: prefix, hash of the content, number
    build_prefix: str = "h"
    number: int = 0
    depends: list[str] = field(default_factory=list)
    constrains: list[str] = field(default_factory=list)
    noarch: str | None = None
    timestamp: int = EPOCH * 1000
    site_packages_path: str | None = None
    run_exports: dict[str, list[str]] = field(default_factory=dict)
    entry_points: list[str] = field(default_factory=list)
    licenses: dict[str, bytes] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    pypi_name: str | None = None
    archive: str = ".conda"

    def add(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        """Stages a file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)

    def link(self, path: str, target: str) -> None:
        """Stages a symbolic link."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)

    def files(self) -> list[Path]:
        """The staged files and links, sorted by the bytes of their paths."""
        found = (file for file in self.root.rglob("*") if file.is_symlink() or file.is_file())
        return sorted(found, key=lambda file: self.relative(file).encode())

    def relative(self, file: Path) -> str:
        """A staged file's path inside the package."""
        return str(file.relative_to(self.root))


@dataclass(frozen=True)
class Built:
    """A finished package as the channel's index describes it."""

    subdir: str
    file_name: str
    record: dict[str, Any]
    run_exports: dict[str, list[str]]
    pypi_name: str | None
    file_count: int


def zstd(content: bytes) -> bytes:
    """The content compressed by zstd's own program, whose bytes do not depend on a thread count."""
    command = ["zstd", "-q", "--single-thread", "-c", f"-{ZSTD_LEVEL}"]
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def to_json(document: Any) -> bytes:
    """Readable JSON with sorted keys."""
    return json.dumps(document, indent=2, sort_keys=True).encode()


def is_elf(file: Path) -> bool:
    """Whether the file is a program or a shared library."""
    if file.is_symlink() or not file.is_file():
        return False
    with open(file, "rb") as stream:
        return stream.read(4) == b"\x7fELF"


def set_relative_rpath(package: CondaPackage) -> None:
    """Makes every ELF file find the package's environment at any prefix.

    DT_RPATH and not RUNPATH: only RPATH of the Python program is inherited by what it opens later, so that extension
    modules of wheels find the environment's libstdc++ and libgcc_s.
    """
    for file in package.files():
        if is_elf(file):
            way = os.path.relpath(package.root / "lib", file.parent)
            file.chmod(0o755)
            set_rpath(file, "$ORIGIN" if way == "." else f"$ORIGIN/{way}")


def set_rpath(file: Path, rpath: str) -> None:
    """Writes DT_RPATH into one ELF file."""
    subprocess.run(["patchelf", "--force-rpath", "--set-rpath", rpath, str(file)], check=True, capture_output=True)


def finish(package: CondaPackage, channel: Path) -> Built:
    """Writes the package into the channel's folder and removes its staging folder."""
    files = package.files()
    paths = [path_entry(package, file) for file in files]
    require_glibc(package, newest_glibc(files))
    package.depends = sorted(set(package.depends))
    package.constrains = sorted(set(package.constrains))
    if package.build is None:
        package.build = f"{package.build_prefix}{content_hash(package, paths)}_{package.number}"
    index = index_json(package)
    stem = f"{package.name}-{package.version}-{package.build}"
    info_tar = [*sorted(info_files(package, index, paths).items())]
    package_tar = [(package.relative(file), file) for file in files]
    folder = channel / package.subdir
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (stem + package.archive)
    if package.archive == ".conda":
        write_conda(target, stem, tar(info_tar), tar(package_tar))
    else:
        target.write_bytes(bz2.compress(tar([*info_tar, *package_tar])))
    shutil.rmtree(package.root)
    record = {key: value for key, value in index.items() if key not in ("arch", "platform")}
    content = target.read_bytes()
    record["md5"] = hashlib.md5(content).hexdigest()
    record["sha256"] = hashlib.sha256(content).hexdigest()
    record["size"] = len(content)
    return Built(package.subdir, target.name, record, package.run_exports, package.pypi_name, len(files))


def path_entry(package: CondaPackage, file: Path) -> dict[str, Any]:
    """What info/paths.json says of one file, the placeholder included."""
    entry: dict[str, Any] = {"_path": package.relative(file)}
    if file.is_symlink():
        target = file.parent / os.readlink(file)
        content = target.read_bytes() if target.is_file() else b""
        entry["path_type"] = "softlink"
    else:
        content = file.read_bytes()
        entry["path_type"] = "hardlink"
        if PLACEHOLDER.encode() in content:
            entry["file_mode"] = "binary" if b"\0" in content else "text"
            entry["prefix_placeholder"] = PLACEHOLDER
    entry["sha256"] = hashlib.sha256(content).hexdigest()
    entry["size_in_bytes"] = len(content)
    return entry


def newest_glibc(files: list[Path]) -> int:
    """The newest GLIBC_2.N that any of the ELF files imports; 0 without one."""
    found = [0]
    for file in files:
        if is_elf(file):
            found += [int(minor) for minor in GLIBC_SYMBOL.findall(file.read_bytes())]
    return max(found)


def require_glibc(package: CondaPackage, minor: int) -> None:
    """Makes the record's __glibc bound cover what the files really import: declared bounds can be too low."""
    if minor == 0:
        return
    bounds = [int(match[1]) for match in map(GLIBC_BOUND.match, package.depends) if match]
    package.depends = [dependency for dependency in package.depends if not dependency.startswith("__glibc")]
    package.depends.append(f"__glibc >=2.{max([minor, *bounds])},<3.0a0")


def content_hash(package: CondaPackage, paths: list[dict[str, Any]]) -> str:
    """Seven characters that change with the files and with the record."""
    digest = hashlib.sha256(to_json([package.depends, package.constrains, package.run_exports, package.origin]))
    for entry in paths:
        digest.update(f"{entry['_path']} {entry['path_type']} {entry['sha256']}\n".encode())
    return digest.hexdigest()[:7]


def index_json(package: CondaPackage) -> dict[str, Any]:
    """info/index.json, which is also the record of the index but for arch, platform and the archive's digests."""
    index: dict[str, Any] = {
        "build": package.build,
        "build_number": package.number,
        "depends": package.depends,
        "license": "LicenseRef-see-info-licenses",
        "name": package.name,
        "subdir": package.subdir,
        "timestamp": package.timestamp,
        "version": package.version,
        "arch": None if package.subdir == "noarch" else "x86_64",
        "platform": None if package.subdir == "noarch" else "linux",
    }
    if package.constrains:
        index["constrains"] = package.constrains
    if package.noarch:
        index["noarch"] = package.noarch
    if package.site_packages_path:
        index["python_site_packages_path"] = package.site_packages_path
    return index


def info_files(package: CondaPackage, index: dict[str, Any], paths: list[dict[str, Any]]) -> dict[str, bytes]:
    """The files below info/ by their paths."""
    about = {
        "home": "",
        "license": index["license"],
        "summary": f"{package.name} for a generated channel",
        "extra": package.origin,
    }
    info = {
        "info/about.json": to_json(about),
        "info/files": "".join(entry["_path"] + "\n" for entry in paths).encode(),
        "info/hash_input.json": b"{}",
        "info/index.json": to_json(index),
        "info/paths.json": to_json({"paths": paths, "paths_version": 1}),
    }
    prefixed = [entry for entry in paths if "prefix_placeholder" in entry]
    if prefixed:
        lines = (f'"{PLACEHOLDER}" {entry["file_mode"]} "{entry["_path"]}"\n' for entry in prefixed)
        info["info/has_prefix"] = "".join(lines).encode()
    if package.run_exports:
        info["info/run_exports.json"] = to_json(package.run_exports)
    if package.noarch == "python":
        noarch = {"type": "python", "entry_points": package.entry_points}
        info["info/link.json"] = to_json({"noarch": noarch, "package_metadata_version": 1})
    for name, text in package.licenses.items():
        info[f"info/licenses/{name}"] = text
    return info


def tar(entries: list[tuple[str, bytes | Path]]) -> bytes:
    """A tar of contents and staged files, with one owner and one time."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, source in entries:
            member = tarfile.TarInfo(name)
            member.mtime = EPOCH
            member.uname = member.gname = "root"
            if isinstance(source, Path) and source.is_symlink():
                member.type, member.mode, member.linkname = tarfile.SYMTYPE, 0o777, os.readlink(source)
                archive.addfile(member)
                continue
            runnable = isinstance(source, Path) and source.stat().st_mode & 0o100
            content = source.read_bytes() if isinstance(source, Path) else source
            member.mode = 0o755 if runnable else 0o644
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def write_conda(target: Path, stem: str, info_tar: bytes, package_tar: bytes) -> None:
    """A .conda: an uncompressed zip of the format's version and two compressed tars."""
    members = {
        "metadata.json": b'{"conda_pkg_format_version": 2}',
        f"pkg-{stem}.tar.zst": zstd(package_tar),
        f"info-{stem}.tar.zst": zstd(info_tar),
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
