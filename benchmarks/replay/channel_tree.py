"""A channel of a million records made of a recorded one, as a whole and as shards (CEP 16)."""
import concurrent.futures
import hashlib
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from end_to_end.sharded_channel import INDEX, msgpack, shards_of
from grow_channel import older_copy

ENDINGS = {"packages": ".tar.bz2", "packages.conda": ".conda"}


def renamed(name, family):
    return f"{name}-x{family}" if family else name


def copies(file_name, record, ending, builds, family):
    """`builds` builds of a record, under the name of the family, each with hashes of its own."""
    own = {**record, "name": renamed(record["name"], family)}
    for step in range(builds):
        name, copy = older_copy(own, step) if step else (f"{own['name']}-{own['version']}-{own['build']}", dict(own))
        if family:
            copy["sha256"] = hashlib.sha256(name.encode()).hexdigest()
        yield name + ending, copy


def write_million(source, target, builds, families):
    """Every record of `source` as `builds` builds in each of `families` names; the other names depend on the real ones."""
    repodata = json.loads(subprocess.check_output(["zstd", "-dcq", str(source)]))
    target.mkdir(parents=True, exist_ok=True)
    total, names = 0, set()
    with (target / "repodata.json").open("w") as file:
        file.write('{"info":' + json.dumps(repodata.get("info", {})))
        for table, ending in ENDINGS.items():
            rows = sorted(repodata.get(table, {}).items())
            file.write(f',"{table}":{{')
            comma = ""
            for family in range(families):
                for file_name, record in rows:
                    for key, copy in copies(file_name, record, ending, builds, family):
                        file.write(f"{comma}{json.dumps(key)}:{json.dumps(copy, separators=(',', ':'))}")
                        comma, total = ",", total + 1
                    names.add(renamed(record["name"], family))
            file.write("}")
        file.write(',"removed":[],"repodata_version":1}')
    subprocess.run(["zstd", "-6qf", "-T2", str(target / "repodata.json")], check=True)
    return total, len(names)


def write_sharded(source, target):
    """The index and shards of a subdir's repodata; `source` is a `repodata.json.zst`."""
    repodata = json.loads(subprocess.check_output(["zstd", "-dcq", str(source)]))
    folder = target / "s"
    folder.mkdir(parents=True, exist_ok=True)
    named = shards_of(repodata)
    for name, shard in named.items():
        (folder / name).write_bytes(msgpack(shard))
    subprocess.run(["zstd", "-19qr", "--rm", str(folder)], check=True)
    digests = {}
    for name in named:
        packed = folder / f"{name}.zst"
        digests[name] = hashlib.sha256(packed.read_bytes()).digest()
        packed.rename(folder / f"{digests[name].hex()}.msgpack.zst")
    info = {"subdir": target.name, "base_url": "./", "shards_base_url": "./s/", "created_at": "2026-11-24T00:00:00Z"}
    index = target / INDEX.removesuffix(".zst")
    index.write_bytes(msgpack({"version": 1, "info": info, "shards": digests}))
    subprocess.run(["zstd", "-19qf", "--rm", str(index)], check=True)


def made_once(folder, recorded):
    """`million/` (whole, linux-64 grown, noarch as it is) and `sharded/` (as recorded, whole beside it) below `folder`."""
    done = folder / "channels.done"
    if not done.exists():
        whole = "repodata.json.zst"
        total, names = write_million(recorded / "linux-64" / whole, folder / "million" / "linux-64", 8, 6)
        print(f"{total} records of {names} names")
        for subdir in ("linux-64", "noarch"):
            (folder / "sharded" / subdir).mkdir(parents=True, exist_ok=True)
        for channel, subdir in (("million", "noarch"), ("sharded", "linux-64"), ("sharded", "noarch")):
            (folder / channel / subdir).mkdir(parents=True, exist_ok=True)
            (folder / channel / subdir / whole).write_bytes((recorded / subdir / whole).read_bytes())
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            for made in [pool.submit(write_sharded, recorded / subdir / whole, folder / "sharded" / subdir)
                         for subdir in ("linux-64", "noarch")]:
                made.result()
        done.touch()
    return folder / "million", folder / "sharded"
