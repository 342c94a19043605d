"""The channel's documents: repodata, run_exports, the sharded index of CEP 16, and the name map."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from .conda_package import EPOCH, Built, zstd

SUBDIRS = ["linux-64", "noarch"]


def write_index(channel: Path, built: list[Built]) -> None:
    """Writes everything that clients read before packages."""
    for subdir in SUBDIRS:
        of_subdir = sorted((one for one in built if one.subdir == subdir), key=lambda one: one.file_name)
        (channel / subdir).mkdir(parents=True, exist_ok=True)
        write_repodata(channel / subdir, of_subdir)
        write_shards(channel / subdir, of_subdir)
    names = {one.record["name"]: [one.pypi_name] for one in built if one.pypi_name}
    (channel / "pypi_mapping.json").write_text(json.dumps(names, indent=1, sort_keys=True) + "\n")


def section(built: Built) -> str:
    """Which of repodata's two tables lists the package."""
    return "packages.conda" if built.file_name.endswith(".conda") else "packages"


def tables(built: list[Built], value: Any) -> dict[str, dict[str, Any]]:
    """Both tables, file name -> value(package)."""
    found: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    for one in built:
        found[section(one)][one.file_name] = value(one)
    return found


def write_repodata(folder: Path, built: list[Built]) -> None:
    """repodata.json, the same compressed, and run_exports.json."""
    head = {"info": {"subdir": folder.name}}
    records = tables(built, lambda one: one.record)
    repodata = json.dumps(head | records | {"removed": [], "repodata_version": 1}, sort_keys=True, indent=1).encode()
    (folder / "repodata.json").write_bytes(repodata)
    (folder / "repodata.json.zst").write_bytes(zstd(repodata))
    exports = tables(built, lambda one: {"run_exports": one.run_exports})
    (folder / "run_exports.json").write_text(json.dumps(head | exports, sort_keys=True))


def write_shards(folder: Path, built: list[Built]) -> None:
    """One msgpack document a package name, named by its digest, and the list of them."""
    (folder / "shards").mkdir(exist_ok=True)
    digests = {}
    for name in sorted({one.record["name"] for one in built}):
        of_name = [one for one in built if one.record["name"] == name]
        shard = zstd(msgpack(tables(of_name, shard_record) | {"removed": []}))
        digest = hashlib.sha256(shard)
        (folder / "shards" / f"{digest.hexdigest()}.msgpack.zst").write_bytes(shard)
        digests[name] = digest.digest()
    info = {
        "subdir": folder.name,
        "base_url": "./",
        "shards_base_url": "./shards/",
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH)),
    }
    index = msgpack({"version": 1, "info": info, "shards": digests})
    (folder / "repodata_shards.msgpack.zst").write_bytes(zstd(index))


def shard_record(built: Built) -> dict[str, Any]:
    """The record as shards hold it: digests in bytes."""
    digests = {key: bytes.fromhex(built.record[key]) for key in ("md5", "sha256")}
    return built.record | digests


def msgpack(value: Any) -> bytes:
    """The subset of msgpack that shards need."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return msgpack_int(value)
    if isinstance(value, str):
        encoded = value.encode()
        return msgpack_head(len(encoded), 0xA0, 32, {1: 0xD9, 2: 0xDA}) + encoded
    if isinstance(value, bytes):
        return msgpack_head(len(value), 0, 0, {1: 0xC4, 2: 0xC5}) + value
    if isinstance(value, list):
        return msgpack_head(len(value), 0x90, 16, {2: 0xDC}) + b"".join(map(msgpack, value))
    if isinstance(value, dict):
        pairs = b"".join(msgpack(key) + msgpack(entry) for key, entry in value.items())
        return msgpack_head(len(value), 0x80, 16, {2: 0xDE}) + pairs
    raise TypeError(f"shards hold no {type(value).__name__}")


def msgpack_int(value: int) -> bytes:
    """A non-negative integer."""
    if value < 128:
        return bytes([value])
    return b"\xce" + value.to_bytes(4, "big") if value < 2**32 else b"\xcf" + value.to_bytes(8, "big")


def msgpack_head(length: int, short: int, short_limit: int, markers: dict[int, int]) -> bytes:
    """Type and length of a value: in one byte below the limit, else a marker and a big-endian length."""
    if length < short_limit:
        return bytes([short | length])
    width = next(width for width in markers if length < 256**width)
    return bytes([markers[width]]) + length.to_bytes(width, "big")
