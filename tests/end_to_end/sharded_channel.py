"""Writes what a sharded channel serves (CEP 16) from its repodata, with nothing but the standard library."""

import hashlib
import json
import struct
from pathlib import Path

INDEX = "repodata_shards.msgpack.zst"


def msgpack(value: object) -> bytes:
    """MessagePack of what JSON has, and of bytes."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return struct.pack(">BQ", 0xCF, value) if value >= 0 else struct.pack(">Bq", 0xD3, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, bytes):
        return struct.pack(">BI", 0xC6, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BI", 0xDB, len(text)) + text
    if isinstance(value, dict):
        return struct.pack(">BI", 0xDF, len(value)) + b"".join(msgpack(key) + msgpack(member) for key, member in value.items())
    return struct.pack(">BI", 0xDD, len(value)) + b"".join(msgpack(member) for member in value)


def zstd(data: bytes) -> bytes:
    """A zstd frame that stores and does not compress: its size is stated, so that readers of any kind take it."""
    blocks = b""
    pieces = [data[at : at + (1 << 17)] for at in range(0, len(data), 1 << 17)] or [b""]
    for number, piece in enumerate(pieces):
        blocks += ((len(piece) << 3) | (number + 1 == len(pieces))).to_bytes(3, "little") + piece
    return b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", len(data)) + blocks


def zstd_bomb(first: bytes, byte: bytes, blocks: int) -> bytes:
    """`first`, then `byte` repeated: 128 KiB of it from each four bytes. The size is not stated."""
    repeated = (((1 << 17) << 3) | 2).to_bytes(3, "little") + byte
    return b"\x28\xb5\x2f\xfd\x00\x88" + (len(first) << 3).to_bytes(3, "little") + first + repeated * blocks + b"\x01\x00\x00"


def as_shard_has_it(record: dict) -> dict:
    """Hashes are bytes there."""
    return {key: bytes.fromhex(value) if key in ("sha256", "md5") else value for key, value in record.items()}


def shards_of(document: dict) -> dict[str, dict]:
    """The shard of each name, from a repodata document."""
    shards: dict[str, dict] = {}
    for section in ("packages", "packages.conda"):
        for file_name, record in document.get(section, {}).items():
            empty = {"packages": {}, "packages.conda": {}, "removed": []}
            shards.setdefault(record["name"], empty)[section][file_name] = as_shard_has_it(record)
    for ending, records in document.get("v3", {}).items():
        for stem, record in records.items():
            shard = shards.setdefault(record["name"], {"packages": {}, "packages.conda": {}, "removed": []})
            shard.setdefault("v3", {}).setdefault(ending, {})[stem] = as_shard_has_it(record)
    return shards


def write_shards(subdir: Path, document: dict, **info: object) -> dict[str, str]:
    """Writes the index and the shards of a subdir; the file of each name's shard, relative to the subdir."""
    folder = subdir / "shards"
    folder.mkdir(parents=True, exist_ok=True)
    digests, files = {}, {}
    for name, shard in shards_of(document).items():
        data = zstd(msgpack(shard))
        digests[name] = hashlib.sha256(data).digest()
        files[name] = f"shards/{digests[name].hex()}.msgpack.zst"
        (subdir / files[name]).write_bytes(data)
    about = {"base_url": "./", "shards_base_url": "./shards/", "created_at": "2026-11-24T00:00:00Z", **document.get("info", {}), **info}
    (subdir / INDEX).write_bytes(zstd(msgpack({"version": 1, "info": about, "shards": digests})))
    return files


def write_whole(subdir: Path, document: dict) -> None:
    subdir.mkdir(parents=True, exist_ok=True)
    (subdir / "repodata.json.zst").write_bytes(zstd(json.dumps(document).encode()))
