#!/usr/bin/env python3
"""Solves inputs on which resolvers fall back to releases of years ago, beside uv: oldest direct requirement, rounds,
metadata documents, trials of the objective. Prints a Markdown table.

    benchmarks/stress_inputs.py --aimlock build/release/cli/aimlock [--replay DIR] [--uv uv] [--only NAME]...

Without --replay both ask the user's own index, with an empty cache, and the network counts for the time. With --replay a
recorded index (DIR/simple/NAME/index.json, DIR/files/WHEEL.metadata) is served on loopback; what was not recorded is 404,
and an input that asks for it is shown as "not recorded". uv is left out where --uv is not given.
"""
import argparse
import datetime
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

AI = """torch torchvision transformers accelerate datasets jupyterlab scikit-learn xgboost lightgbm mlflow wandb ray fastapi
langchain openai gradio streamlit opencv-python spacy nltk optuna plotly bokeh dask polars duckdb pyarrow tensorboard onnx
onnxruntime""".split()
INPUTS = {
    "ai": AI,
    "ai + pydantic<2": [*AI, "pydantic<2"],
    "ai + starlette<0.40": [*AI, "starlette<0.40"],
    "ai + pandas<2.2": [*AI, "pandas<2.2"],
    "ai + numpy<2": [*AI, "numpy<2"],
    "ai + websockets<13": [*AI, "websockets<13"],
    "ai + click<8.1": [*AI, "click<8.1"],
    "fastapi, starlette": ["starlette<=0.36.0", "fastapi<=0.115.2"],
    "boto": ["boto3", "s3fs"],
    "dbt": ["dbt-core", "dbt-snowflake", "protobuf<5"],
}
PYTHON, CUDA, GLIBC, CUTOFF = "3.12", "13.2", "2.35", "2026-11-20T00:00:00Z"


class Replay(http.server.BaseHTTPRequestHandler):
    """A recorded index, as a public one serves it."""
    protocol_version = "HTTP/1.1"

    def __init__(self, root, *args):
        self.root = root
        super().__init__(*args)

    def do_GET(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/")
        page = path.startswith("simple/")
        file = self.root / path / "index.json" if page else self.root / path
        body = file.read_bytes() if ".." not in path and file.is_file() else b""
        self.send_response(200 if body else 404)
        if page:
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement):
    return normalized(re.match(r"[A-Za-z0-9._-]+", requirement)[0])


def run_aimlock(binary, requirements, index):
    command = [binary, "solve", "--json", "--dry-run", "--platform", "linux-64", "--cuda", CUDA, "--glibc", GLIBC,
               "--python", PYTHON, "--exclude-newer", CUTOFF]
    command += [word for r in requirements for word in ("--pypi", r)] + (["--index", index] if index else [])
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        done = subprocess.run(command, cwd=folder, env={**os.environ, "AIMLOCK_CACHE_DIR": folder + "/cache"},
                              capture_output=True, text=True)
        seconds = time.monotonic() - begin
    document = json.loads(done.stdout)
    if document["status"] != "solved":
        return {"status": document["status"], "why": document.get("error", {}).get("message", ""), "seconds": seconds}
    versions = {p["name"]: p["version"] for p in document["targets"][0]["packages"]}
    return {"status": "solved", "versions": versions, "stats": document["stats"], "seconds": seconds,
            "notes": [line for line in done.stderr.splitlines() if "pre-release" in line or "newer releases want" in line]}


def run_uv(binary, requirements, index):
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "pip", "compile", "-v", "--python", PYTHON, "--python-platform", "x86_64-manylinux_2_35",
                   "--no-python-downloads", "--no-build", "--no-header", "--no-annotate", "--exclude-newer", CUTOFF,
                   "--cache-dir", folder + "/cache", "-"] + (["--index-url", index] if index else [])
        done = subprocess.run(command, input="\n".join(requirements), cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        return {"status": "unsatisfiable" if "unsatisfiable" in done.stderr else "error"}
    tried = re.findall(r"Tried (\d+) versions", done.stderr)
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", done.stdout, re.M))
    return {"status": "solved", "versions": {normalized(n): v for n, v in pins.items()},
            "tried": int(tried[-1]) if tried else 0}


@functools.cache
def dates_of(root, name):
    """Version -> first upload, from a recorded page."""
    file = Path(root) / "simple" / name / "index.json"
    dates = {}
    for entry in json.loads(file.read_text())["files"] if file.is_file() else ():
        parts = entry["filename"].split("-")
        if entry["filename"].endswith(".whl") and "upload-time" in entry:
            dates[parts[1]] = min(dates.get(parts[1], "9"), entry["upload-time"])
    return dates


def oldest_direct(answer, requirements, root):
    dated = []
    for name in map(name_of, requirements):
        version = answer["versions"].get(name, "")
        if date := dates_of(root, name).get(version):
            dated.append((date[:10], name, version))
    return "{1} {2} ({0})".format(*min(dated)) if dated else "?"


def row(label, requirements, options, index):
    ours = run_aimlock(str(Path(options.aimlock).resolve()), requirements, index)
    uv = run_uv(options.uv, requirements, None) if options.uv else None
    dates = options.dates or options.replay or ""
    cells = [label]
    if ours["status"] == "solved":
        stats = ours["stats"]
        cells += [str(len(ours["versions"])), oldest_direct(ours, requirements, dates), str(stats["rounds"]),
                  str(stats["metadata_documents"]), f"{stats['trials']} / {stats['trial_rounds']}",
                  "yes" if stats["objective_complete"] else "cut off", f"{stats['objective_ms']:.0f}",
                  f"{stats['solve_ms']:.0f}"]
    else:
        missing = "404" in ours["why"] or "not found" in ours["why"]
        cells += ["not recorded" if options.replay and missing else ours["status"], *["-"] * 7]
        print(label, ours["why"], file=sys.stderr)
    if uv:
        solved = uv["status"] == "solved"
        cells += [oldest_direct(uv, requirements, dates) if solved else uv["status"], str(uv.get("tried", "-"))]
        if solved and ours["status"] == "solved":
            theirs, mine = uv["versions"], ours["versions"]
            cells.append(str(sum(theirs.get(n) == v for n, v in mine.items())))
        else:
            cells.append("-")
    print("| " + " | ".join(cells) + " |", flush=True)
    for note in ours.get("notes", ()):
        print(label, note, file=sys.stderr)
    return {"label": label, "ours": ours, "uv": uv}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--aimlock", required=True)
    parser.add_argument("--uv", help="uv's program; it asks the user's own index")
    parser.add_argument("--replay", help="folder of a recorded index")
    parser.add_argument("--dates", help="folder of a recorded index that dates are read from [--replay]")
    parser.add_argument("--only", action="append", help="names of inputs")
    parser.add_argument("--save", help="file for the answers, as JSON")
    options = parser.parse_args()
    index = None
    if options.replay:
        handler = functools.partial(Replay, Path(options.replay).resolve())
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        index = f"http://127.0.0.1:{server.server_port}/simple"
    heads = ["input", "packages", "oldest direct", "rounds", "metadata", "trials / rounds", "proven", "objective ms",
             "libsolv ms"] + (["uv: oldest direct", "uv tried", "same"] if options.uv else [])
    print(f"{datetime.date.today()}, cut-off {CUTOFF}, Python {PYTHON}, CUDA {CUDA}, glibc {GLIBC}\n")
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads), flush=True)
    results = [row(label, requirements, options, index) for label, requirements in INPUTS.items()
               if not options.only or label in options.only]
    if options.save:
        Path(options.save).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
