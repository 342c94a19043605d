"""Opens an uncompressed repodata.json lazily with py-rattler and follows three names.

Usage: rattler_sparse.py REPODATA_JSON
Prints one JSON line: milliseconds, records, peak MB.
"""
import json
import os
import resource
import sys
import time

from rattler import Channel, PackageName, SparseRepoData

begin = time.monotonic()
with SparseRepoData(Channel("conda-forge"), "linux-64", sys.argv[1]) as data:
    opened = time.monotonic()
    found = SparseRepoData.load_records_recursive([data], [PackageName(name) for name in ("pytorch-gpu", "python", "jupyterlab")])
    done = time.monotonic()
print(json.dumps({"open_ms": 1000 * (opened - begin), "closure_ms": 1000 * (done - opened), "records": sum(len(r) for r in found),
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
sys.stdout.flush()
os._exit(0)
