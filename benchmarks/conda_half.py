#!/usr/bin/env python3
"""The conda half alone beside py-rattler, on thirty requests: are the records the same, and how long does each take?

    benchmarks/conda_half.py --aimlock build/release/cli/aimlock --channels DIR [--runs 5] [--only NAME] [--details]

DIR holds a folder a channel (conda-forge, pytorch, ...). Both tools run in turn on every request, whole processes, all
documents on disk ("warm"). `alone` is what py-rattler says of its own solve, without the start of an interpreter.
Every record that differs is listed with what either tool ranks it by.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measured import measured

CUDA, GLIBC = "12.4", "2.35"
FORGE = ["conda-forge"]
TORCH = ["pytorch", "nvidia", "conda-forge"]

# name, channels (first wins), specs, CUDA of the driver, channel priority
REQUESTS = [
    ("python", FORGE, ["python 3.12.*"], CUDA, "strict"),
    ("numpy", FORGE, ["numpy"], CUDA, "strict"),
    ("scipy stack", FORGE, ["python 3.12.*", "numpy", "scipy", "pandas", "matplotlib"], CUDA, "strict"),
    ("scipy 3.10", FORGE, ["python 3.10.*", "numpy <2", "scipy", "pandas", "scikit-learn"], CUDA, "strict"),
    ("notebook", FORGE, ["python >=3.11", "jupyterlab", "ipywidgets", "matplotlib"], CUDA, "strict"),
    ("pytorch gpu", FORGE, ["python 3.12.*", "pytorch-gpu", "torchvision"], CUDA, "strict"),
    ("pytorch cpu", FORGE, ["python", "pytorch-cpu"], "none", "strict"),
    ("pytorch 2.8", FORGE, ["pytorch 2.8.*", "cuda-version 12.*"], CUDA, "strict"),
    ("pytorch cpu build", FORGE, ["pytorch[build='cpu*']", "python 3.12.*"], CUDA, "strict"),
    ("onnxruntime", FORGE, ["python 3.12.*", "onnxruntime", "polars"], CUDA, "strict"),
    ("jax", FORGE, ["python 3.11.*", "jax", "jaxlib"], CUDA, "strict"),
    ("cuda tools", FORGE, ["cuda-nvcc", "cuda-version ==12.4", "cmake", "ninja"], CUDA, "strict"),
    ("cupy", FORGE, ["python 3.12.*", "cupy", "cuda-version >=12,<13"], CUDA, "strict"),
    ("opencv", FORGE, ["python 3.12.*", "opencv", "ffmpeg", "pillow"], CUDA, "strict"),
    ("geo", FORGE, ["python 3.12.*", "gdal", "geopandas", "rasterio", "xarray", "netcdf4"], CUDA, "strict"),
    ("arrow", FORGE, ["python 3.12.*", "pyarrow", "dask", "distributed", "s3fs"], CUDA, "strict"),
    ("numba", FORGE, ["python 3.12.*", "numba", "numpy"], CUDA, "strict"),
    ("hdf5", FORGE, ["python 3.12.*", "h5py", "pytables", "zarr"], CUDA, "strict"),
    ("datasets", FORGE, ["python 3.12.*", "datasets", "huggingface_hub"], CUDA, "strict"),
    ("compilers", FORGE, ["gcc_linux-64", "gxx_linux-64", "make", "pkg-config"], CUDA, "strict"),
    ("r", FORGE, ["r-base >=4.3", "r-ggplot2"], CUDA, "strict"),
    ("mkl", FORGE, ["numpy", "libblas[build='*mkl']", "python 3.12.*"], CUDA, "strict"),
    ("web", FORGE, ["python 3.13.*", "fastapi", "uvicorn", "sqlalchemy", "pydantic"], CUDA, "strict"),
    ("bioconda", FORGE + ["bioconda"], ["samtools", "bwa"], CUDA, "strict"),
    ("pytorch channel", TORCH, ["python 3.11.*", "pytorch", "pytorch-cuda ==12.1"], CUDA, "strict"),
    ("pinned channel", TORCH, ["python 3.12.*", "conda-forge::pytorch", "conda-forge::numpy"], CUDA, "strict"),
    ("no priority", TORCH, ["python 3.11.*", "pytorch"], CUDA, "disabled"),
    ("old", FORGE, ["python 3.9.*", "numpy 1.26.*", "pandas <2.2", "scikit-learn <1.4"], CUDA, "strict"),
    ("tests", FORGE, ["python 3.12.*", "pytest", "pytest-cov", "mypy", "ruff", "pre-commit"], CUDA, "strict"),
    ("big stack", FORGE, ["python 3.12.*", "pytorch-gpu", "numpy", "scipy", "opencv", "jupyterlab", "pandas", "scikit-learn",
                          "matplotlib", "pillow", "ffmpeg", "gdal", "pyarrow", "dask", "numba", "h5py", "pytest"], CUDA, "strict"),
]


def timed(command, environment):
    """One process: its document, wall and CPU seconds, peak memory in MB."""
    run = measured(command, environment)
    document = json.loads(run.out) if run.out.strip() else {}
    return document, run.wall_s, run.user_s + run.sys_s, run.peak_mb


def readable_copy(source, work):
    """Channels that every tool can read from disk: py-rattler wants repodata.json itself."""
    for name in sorted({channel for request in REQUESTS for channel in request[1]}):
        for subdir in ("linux-64", "noarch"):
            folder = work / name / subdir
            folder.mkdir(parents=True)
            packed = source / name / subdir / "repodata.json.zst"
            if packed.exists():
                shutil.copy(packed, folder)
                subprocess.run(["zstd", "-dq", str(packed), "-o", str(folder / "repodata.json")], check=True)
            else:
                (folder / "repodata.json").write_text('{"info":{"subdir":"%s"},"packages":{},"packages.conda":{}}' % subdir)
    if (source / "pypi_mapping.json").exists():
        shutil.copy(source / "pypi_mapping.json", work)


def ranks(work):
    """What records are ranked by, by SUBDIR/FILE."""
    table = {}
    for document in work.glob("*/*/repodata.json"):
        channel, subdir = document.parts[-3], document.parts[-2]
        loaded = json.loads(document.read_text())
        for section in ("packages", "packages.conda"):
            for file_name, record in loaded.get(section, {}).items():
                table[f"{subdir}/{file_name}"] = (channel, record)
    return table


def describe(table, key):
    if key is None:
        return "(none)"
    channel, record = table[key]
    features = record.get("track_features") or ""
    return (f"{channel}/{key} number {record['build_number']} timestamp {record.get('timestamp', 0)}"
            + (f" track_features {features}" if features else ""))


def name_of(table, key):
    return table[key][1]["name"]


def command_of(arguments, request, work):
    name, channels, specs, cuda, priority = request
    ours = [arguments.aimlock, "solve", "--json", "--dry-run", "--offline", "--platform", "linux-64", "--cuda", cuda, "--glibc",
            GLIBC, "--channel-priority", priority]
    for channel in channels:
        ours += ["--channel", str(work / channel)]
    for spec in specs:
        ours += ["--conda", spec]
    python = str(Path(arguments.tools).resolve() / "python")
    # A name before `::` is the public channel of that name to py-rattler: it is given the address.
    pinned = [f"{(work / spec.split('::')[0]).as_uri()}::{spec.split('::')[1]}" if "::" in spec else spec for spec in specs]
    theirs = [python, str(Path(__file__).parent / "peers/rattler_solve.py"),
              ",".join((work / channel).as_uri() for channel in channels), cuda, GLIBC, *pinned]
    return ours, theirs


def our_records(document):
    return sorted("/".join(package["url"].rsplit("/", 2)[-2:]) for package in document["targets"][0]["packages"])


def compare(table, ours, theirs):
    mine = {name_of(table, key): key for key in ours}
    other = {name_of(table, key): key for key in theirs}
    return [(name, mine.get(name), other.get(name))
            for name in sorted(mine.keys() | other.keys()) if mine.get(name) != other.get(name)]


def one_request(arguments, request, work, table):
    ours, theirs = command_of(arguments, request, work)
    environment = dict(os.environ, XDG_CACHE_HOME=str(work / "cache"), RATTLER_CACHE_DIR=str(work / "cache/rattler"),
                       CHANNEL_PRIORITY=request[4])
    rows = {"ours": [], "theirs": []}
    for number in range(arguments.runs + 1):
        for who, command in (("ours", ours), ("theirs", theirs)):
            result = timed(command, environment)
            if number > 0 or arguments.runs == 0:
                rows[who].append(result)
    document, peer = rows["ours"][-1][0], rows["theirs"][-1][0]
    solved = document.get("status") == "solved"
    differences = None
    if solved and "records" in peer:
        differences = compare(table, our_records(document), peer["records"])
    median = {who: [statistics.median(row[i] for row in rows[who]) for i in (1, 2, 3)] for who in rows}
    return {"name": request[0], "status": document.get("status"), "peer": "solved" if "records" in peer else "refused",
            "packages": len(document["targets"][0]["packages"]) if solved else 0, "differences": differences,
            "ours": median["ours"], "theirs": median["theirs"],
            "alone": statistics.median(row[0]["seconds"] for row in rows["theirs"]), "peer_error": peer.get("error")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aimlock", required=True)
    parser.add_argument("--channels", required=True, help="folder of channels")
    parser.add_argument("--tools", default="build/tools-venv/bin", help="bin folder of a Python with py-rattler")
    parser.add_argument("--runs", type=int, default=5, help="after one that is not counted; 0: one run, for the records alone")
    parser.add_argument("--only", help="requests whose name holds this text")
    parser.add_argument("--details", action="store_true", help="list every record that differs")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="aimlock-conda-"))
    results = []
    try:
        readable_copy(Path(arguments.channels).resolve(), work)
        table = ranks(work)
        print(f"{'request':20}{'records':>8}{'same':>6}{'differ':>7} |{'aimlock wall':>13}{'CPU':>7}{'MB':>5} |"
              f"{'rattler wall':>13}{'CPU':>7}{'MB':>5}{'alone':>7} | wall/alone")
        for request in REQUESTS:
            if arguments.only and arguments.only not in request[0]:
                continue
            result = one_request(arguments, request, work, table)
            results.append(result)
            found = result["differences"]
            same = "-" if found is None else str(result["packages"] - sum(1 for _, mine, _ in found if mine))
            mine, other = result["ours"], result["theirs"]
            print(f"{result['name']:20}{result['packages']:8}{same:>6}{'-' if found is None else len(found):>7} |"
                  f"{mine[0]:13.3f}{mine[1]:7.3f}{mine[2]:5.0f} |{other[0]:13.3f}{other[1]:7.3f}{other[2]:5.0f}{result['alone']:7.3f} |"
                  f"{mine[0] / result['alone']:7.2f}", flush=True)
            if found is None:
                print(f"    aimlock: {result['status']}; py-rattler: {result['peer']} {(result['peer_error'] or '')[:200]}")
            if arguments.details:
                for name, mine, other in found or []:
                    print(f"    {name}\n      aimlock    {describe(table, mine)}\n      py-rattler {describe(table, other)}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if results:
        identical = sum(1 for result in results if result["differences"] == [] or
                        (result["differences"] is None and result["status"] == "unsatisfiable" and result["peer"] == "refused"))
        total = {key: sum(result[who][i] for result in results)
                 for key, (who, i) in {"wall": ("ours", 0), "cpu": ("ours", 1), "rwall": ("theirs", 0), "rcpu": ("theirs", 1)}.items()}
        alone = sum(result["alone"] for result in results)
        print(f"{identical} of {len(results)} identical; sums: aimlock {total['wall']:.2f} s wall, {total['cpu']:.2f} s CPU; py-rattler "
              f"{total['rwall']:.2f} s wall, {total['rcpu']:.2f} s CPU, {alone:.2f} s its solve alone; "
              f"wall {total['wall'] / total['rwall']:.2f} x whole, {total['wall'] / alone:.2f} x alone; CPU {total['cpu'] / total['rcpu']:.2f} x")


if __name__ == "__main__":
    sys.exit(main())
