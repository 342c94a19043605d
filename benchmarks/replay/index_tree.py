"""A recorded index as files that a server can hand out: as a public index serves it, and as a poor mirror does."""
import concurrent.futures
import gzip
import hashlib
import json
import os
import zipfile
import zlib
from pathlib import Path

DATE = 1_700_000_000  # of every file: the same tree gives the same ETags


def write(path, body, packed=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    os.utime(path, (DATE, DATE))
    if packed:
        beside = path.with_name(path.name + ".gz")
        beside.write_bytes(gzip.compress(body, 6, mtime=0))
        os.utime(beside, (DATE, DATE))


def write_public(recorded, tree):
    """Pages and METADATA as recorded, each with a gzip file beside it."""
    for file in sorted(recorded.glob("simple/*/index.json")) + sorted(recorded.glob("files/*.metadata")):
        write(tree / file.relative_to(recorded), file.read_bytes())


def write_stub_wheel(path, metadata):
    """A wheel that holds its METADATA and nothing else, which is all that a resolver reads of one."""
    name, version = path.name.split("-")[:2]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(zipfile.ZipInfo(f"{name}-{version}.dist-info/METADATA", (2024, 1, 1, 0, 0, 0)), metadata)
        wheel.writestr(zipfile.ZipInfo(f"{name}-{version}.dist-info/RECORD", (2024, 1, 1, 0, 0, 0)), "")
    os.utime(path, (DATE, DATE))
    return path.stat().st_size


def write_poor(recorded, tree):
    """The same index without `core-metadata`; only three wheels of eight answer `.metadata`, the rest must be opened."""
    sizes = {}
    for file in sorted(recorded.glob("files/*.metadata")):
        wheel = file.name.removesuffix(".metadata")
        body = file.read_bytes()
        sizes[wheel] = write_stub_wheel(tree / "files" / wheel, body)
        if zlib.crc32(wheel.encode()) % 8 < 3:
            write(tree / "files" / file.name, body, packed=False)
    for file in sorted(recorded.glob("simple/*/index.json")):
        page = json.loads(file.read_bytes())
        for listed in page["files"]:
            listed.pop("core-metadata", None)
            listed.pop("data-dist-info-metadata", None)
            name = listed["filename"]
            if name in sizes:
                listed["size"] = sizes[name]
                listed["hashes"] = {"sha256": hashlib.sha256((tree / "files" / name).read_bytes()).hexdigest()}
        write(tree / file.relative_to(recorded), json.dumps(page, separators=(",", ":")).encode(), packed=False)


def made_once(folder, kind, recorded):
    """The tree of `kind` ("public" or "poor") below `folder`, made where it is not there yet."""
    tree = folder / kind
    done = folder / f"{kind}.done"
    if not done.exists():
        {"public": write_public, "poor": write_poor}[kind](recorded, tree)
        done.touch()
    return tree


def both(folder, recorded):
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        public, poor = (pool.submit(made_once, folder, kind, recorded) for kind in ("public", "poor"))
        return public.result(), poor.result()
