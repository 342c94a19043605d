#!/usr/bin/env python3
"""Times a joint solve beside its peers in one interleaved run: aimlock for both halves at once, py-rattler for the conda
half alone, uv for the PyPI half alone. Whole processes: wall seconds, CPU seconds and peak memory, medians.

    benchmarks/joint_solve.py --aimlock build/release/cli/aimlock --channel DIR [--index URL] [--runs 5] [--cold]
                              [--stack small|stack|workstation]

--cold gives every run an empty cache (the network counts); without it the caches are filled by one run that is not counted.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from measured import measured

CUDA, GLIBC, PYTHON = "12.4", "2.35", "3.12"


def of_manifest(file):
    """Conda specs and PyPI names of an aimlock.toml without bounds on PyPI."""
    manifest = tomllib.loads(file.read_text())
    conda = [name if spec == "*" else f"{name} {spec}" for name, spec in manifest["dependencies"].items()]
    return conda, list(manifest["pypi-dependencies"])


STACKS = {
    "small": (["python 3.12.*", "pytorch-gpu", "jupyterlab", "scikit-learn"],
              ["transformers", "accelerate", "datasets", "gradio", "mlflow"]),
    "stack": (["python 3.12.*", "pytorch-gpu", "numpy", "scipy", "opencv", "jupyterlab", "pandas", "scikit-learn", "matplotlib",
               "pillow", "ffmpeg", "gdal", "pyarrow", "dask", "numba", "h5py", "pytest"],
              ["transformers", "accelerate", "datasets", "gradio", "mlflow", "wandb", "fastapi", "langchain", "openai",
               "streamlit", "spacy", "nltk", "optuna", "plotly", "bokeh", "polars", "duckdb", "tensorboard", "onnx",
               "onnxruntime", "xgboost", "lightgbm", "ray", "torchvision"]),
    "workstation": of_manifest(Path(__file__).parent.parent / "examples/ai-workstation/aimlock.toml"),
}


def run_once(command, environment):
    """Runs one process that must succeed; its wall and CPU seconds and its own peak memory in MB."""
    run = measured(command, environment)
    if run.status != 0:
        sys.exit(f"{command[0]} failed: {run.err[-800:]}")
    return {"wall_s": run.wall_s, "cpu_s": run.user_s + run.sys_s, "peak_mb": run.peak_mb, "out": run.out}


def channel_copy(channel, work):
    """A copy that every tool can read from disk: py-rattler wants repodata.json itself."""
    copy = work / channel.name
    for subdir in ("linux-64", "noarch"):
        (copy / subdir).mkdir(parents=True)
        packed = channel / subdir / "repodata.json.zst"
        shutil.copy(packed, copy / subdir)
        subprocess.run(["zstd", "-dq", str(packed), "-o", str(copy / subdir / "repodata.json")], check=True)
    for name_map in (channel / "pypi_mapping.json", channel.parent / "pypi_mapping.json"):
        if name_map.exists():
            shutil.copy(name_map, copy)
            break
    return copy


def commands(arguments, channel, tools, work):
    conda, pypi = STACKS[arguments.stack]
    specs = [part for spec in conda for part in ("--conda", spec)]
    requirements = [part for name in pypi for part in ("--pypi", name)]
    index = ["--index", arguments.index] if arguments.index else []
    uv_index = ["--default-index", arguments.index] if arguments.index else []
    requirements_in = work / "requirements.in"
    requirements_in.write_text("\n".join(pypi) + "\n")
    offline = [] if arguments.cold else ["--offline"]
    if arguments.exclude_newer:
        index += ["--exclude-newer", arguments.exclude_newer]
        uv_index += ["--exclude-newer", arguments.exclude_newer]
    return {
        "aimlock (both halves)": [arguments.aimlock, "solve", "--json", "--dry-run", "--platform", "linux-64", "--cuda",
                                  CUDA, "--glibc", GLIBC, "--channel", str(channel), *specs, *requirements, *index, *offline],
        "py-rattler (conda half)": [str(tools / "python"), str(Path(__file__).parent / "peers/rattler_solve.py"),
                                    channel.as_uri(), CUDA, GLIBC, *conda],
        "uv (PyPI half)": [str(tools / "uv"), "pip", "compile", "-q", "--python", arguments.python or PYTHON,
                           "--python-version", PYTHON, "--no-python-downloads", "--only-binary", ":all:",
                           "--python-platform", "x86_64-manylinux_2_35", *uv_index, *offline, str(requirements_in)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aimlock", required=True)
    parser.add_argument("--channel", required=True, help="folder of a conda channel")
    parser.add_argument("--stack", choices=STACKS, default="small", help="what is asked for (default: small)")
    parser.add_argument("--exclude-newer", help="uploads before this instant only, for aimlock and uv")
    parser.add_argument("--index", help="PyPI simple index; default: the one that each tool uses by itself")
    parser.add_argument("--python", help="interpreter for uv (default: the one that it finds for 3.12)")
    parser.add_argument("--tools", default="build/tools-venv/bin")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    arguments = parser.parse_args()
    tools = Path(arguments.tools).resolve()
    work = Path(tempfile.mkdtemp(prefix="aimlock-bench-"))
    rows = {}
    try:
        channel = channel_copy(Path(arguments.channel).resolve(), work)
        for number in range(arguments.runs + (0 if arguments.cold else 1)):
            counted = arguments.cold or number > 0
            for name, command in commands(arguments, channel, tools, work).items():
                caches = work / (f"cache-{number}" if arguments.cold else "cache")
                environment = dict(os.environ, XDG_CACHE_HOME=str(caches), UV_CACHE_DIR=str(caches / "uv"),
                                   RATTLER_CACHE_DIR=str(caches / "rattler"))
                if not counted:
                    command = [part for part in command if part != "--offline"]
                result = run_once(command, environment)
                if counted:
                    rows.setdefault(name, []).append(result)
            if arguments.cold:
                shutil.rmtree(work / f"cache-{number}", ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"{'cold' if arguments.cold else 'warm'}, {arguments.runs} runs interleaved, {os.cpu_count()} cores, {platform.machine()}")
    print(f"{'':26}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}")
    for name, results in rows.items():
        medians = [statistics.median(r[key] for r in results) for key in ("wall_s", "cpu_s", "peak_mb")]
        print(f"{name:26}{medians[0]:9.3f}{medians[1]:9.3f}{medians[2]:9.0f}")
    stats = json.loads(rows["aimlock (both halves)"][-1]["out"])["stats"]
    without_objective = statistics.median(
        result["wall_s"] - json.loads(result["out"])["stats"]["objective_ms"] / 1000 for result in rows["aimlock (both halves)"])
    print(f"aimlock without its objective: {without_objective:.3f} s")
    print("aimlock stats:", json.dumps(stats))


if __name__ == "__main__":
    main()
