"""The rows of network_faults_test.py about channels that are read by shards (CEP 16)."""

import hashlib
import json
import struct
import subprocess
from pathlib import Path

from sharded_channel import INDEX, msgpack, write_shards, zstd, zstd_bomb

FAN = 1000
TABLE_OF_FOUR_BILLION = b"\xdf" + struct.pack(">I", 0xFFFFFFFF)


def check(holds: object, what: object) -> None:
    if not holds:
        raise AssertionError(what)


def shard_channel(case, names: int) -> dict[str, str]:
    """Gives the world's channel shards, and a package `fan` that needs `names` others; files of shards by name."""
    subdir: Path = case.folder / "world/channel/linux-64"
    whole = subprocess.run(["zstd", "-dqc", str(subdir / "repodata.json.zst")], stdout=subprocess.PIPE, check=True).stdout
    document = json.loads(whole)
    parts = [f"fan{number}" for number in range(names)]
    for name in ["fan", *parts]:
        digest = hashlib.sha256(name.encode()).hexdigest()
        document["packages"][f"{name}-1-0.tar.bz2"] = {
            "name": name, "version": "1", "build": "0", "build_number": 0, "depends": parts if name == "fan" else [], "sha256": digest, "size": 1}
    manifest = case.folder / "aimlock.toml"
    if names:
        manifest.write_text(manifest.read_text().replace('numpy = "*"', 'numpy = "*"\nfan = "*"'))
    return write_shards(subdir, document)


class ShardRows:
    """One method a row, of a class that has `case`."""

    def row_thousand_shards_with_errors(self) -> str:
        """One in a hundred of a thousand shards that are asked for at once breaks once."""
        with self.case() as case:
            files = shard_channel(case, FAN)
            case.run("solve", cache="reference").expect(0)
            good = case.lock.read_bytes()
            case.lock.unlink()
            case.world.requests.clear()
            modes = ("503", "reset", "trunc", "refuse", "badbody")
            faults = [case.world.fault(files[f"fan{number}"] + "$", modes[number // 100 % 5], 1) for number in range(7, FAN, 100)]
            run = case.run("solve").expect(0, within=40)
            check([len(fault.seen) for fault in faults] == [2] * 10, f"asked for {[len(fault.seen) for fault in faults]} times")
            asked = sum(path.endswith(".msgpack.zst") for path in case.world.requests)
            check(asked == 2 + len(files) + 10, f"{asked} requests for {len(files)} shards, two indexes and ten tries more")
            check(case.lock.read_bytes() == good, "another lock")
            check(case.run("cache", "verify").code == 0, "the cache is damaged")
            case.lock.unlink()
            case.world.requests.clear()
            case.run("solve", "--offline").expect(0)
            check(not case.world.requests and case.lock.read_bytes() == good, "not the same from the cache")
            return f"exit 0, {asked} requests, 10 broken once, {run.seconds:.1f} s"

    def row_shard_wrong_hash(self) -> str:
        told = []
        for times, code in ((1, 0), (1_000_000, 2)):
            with self.case() as case:
                files = shard_channel(case, 0)
                case.reference()
                fault = case.world.fault(files["libone"] + "$", "badbody", times)
                run = case.run("solve").expect(code, *(["shard `libone` of channel `channel`", "sha256"] if code else []))
                check(len(fault.seen) == 2, f"{len(fault.seen)} requests")
                check(case.lock.exists() == (code == 0), "a lock, or none")
                case.afterwards(run)
                told.append(run.seconds)
        return f"once: exit 0; always: exit 2, 2 requests, {max(told):.1f} s"

    def row_shard_missing(self) -> str:
        told = []
        for mode, requests in (("404", 1), ("503", 4), ("reset", 4), ("html200", 2)):
            with self.case() as case:
                files = shard_channel(case, 0)
                case.reference()
                fault = case.world.fault(files["libone"] + "$", mode)
                run = case.run("solve").expect(2, "shard `libone` of channel `channel`")
                check(len(fault.seen) == requests, f"{mode}: {len(fault.seen)} requests")
                check(not case.lock.exists(), "a lock without a shard")
                case.afterwards(run)
                told.append(run.seconds)
        return f"exit 2, names it, {max(told):.1f} s"

    def row_shard_index_torn(self) -> str:
        told = []
        for mode, requests in (("trunc", 4), ("lenlie", 1), ("503", 4), ("html200", 1), ("badbody", 1)):
            with self.case() as case:
                shard_channel(case, 0)
                case.reference()
                fault = case.world.fault(f"linux-64/{INDEX}", mode)
                run = case.run("solve").expect(2, INDEX)
                check(len(fault.seen) == requests, f"{mode}: {len(fault.seen)} requests")
                case.afterwards(run)
                told.append(run.seconds)
        return f"exit 2, names it, {max(told):.1f} s"

    def row_msgpack_bomb(self) -> str:
        """Documents that claim or unpack to more than there is: the index itself, and a shard whose hash is right."""
        bombs = {
            "half a gigabyte of zeros": zstd_bomb(b"\xdf\x00\x00\x00\x01\xa1x\xc6\x20\x00\x00\x00", b"\x00", 4096),
            "a table of four billion": zstd(TABLE_OF_FOUR_BILLION + b"\x80" * 100),
            "a text of four gigabytes": zstd(b"\x81\xdb\xff\xff\xff\xffx"),
            "a million levels": zstd(b"\x81\xa1x" + b"\x91" * 1_000_000),
            "a million levels of a record": zstd(b"\x81\xa8packages\x81\xa1x" + b"\x81\xa1x" * 1_000_000 + b"\x80"),
        }
        seconds, memory = [], []
        with self.case() as case:
            files = shard_channel(case, 0)
            subdir = case.folder / "world/channel/linux-64"
            case.reference()
            index = (subdir / INDEX).read_bytes()
            digests = {name: bytes.fromhex(Path(file).name.split(".")[0]) for name, file in files.items()}
            for name, bomb in bombs.items():
                digest = hashlib.sha256(bomb).digest()
                (subdir / "shards" / f"{digest.hex()}.msgpack.zst").write_bytes(bomb)
                hostile = {"version": 1, "info": {"shards_base_url": "shards/"}, "shards": digests | {"libone": digest}}
                for document, named in ((bomb, INDEX), (zstd(msgpack(hostile)), "shard `libone`")):
                    (subdir / INDEX).write_bytes(document)
                    run = case.run("solve", "--refresh").expect(2, named, within=15)
                    check(run.memory_kb < 400_000, f"{name}: {run.memory_kb} kB")
                    check(not case.lock.exists(), "a lock")
                    seconds.append(run.seconds)
                    memory.append(run.memory_kb)
            (subdir / INDEX).write_bytes(index)
            case.run("solve", "--refresh").expect(0)  # a hostile index is good for ten minutes
            case.lock.unlink()
            case.afterwards(run)
        return f"exit 2, {max(seconds):.1f} s, at most {max(memory) // 1024} MiB"
