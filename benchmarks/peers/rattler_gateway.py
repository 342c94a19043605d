"""Reads a channel with py-rattler and follows three specs, without solving: the peer for metadata of channels.

Usage: rattler_gateway.py CHANNEL_URL CACHE sharded|whole
Prints one JSON line: seconds of the query, records, peak MB.
"""
import asyncio
import json
import os
import resource
import sys
import time

from rattler import Channel, Gateway
from rattler.repo_data.gateway import SourceConfig

SPECS = ["pytorch-gpu", "python 3.12.*", "jupyterlab"]


async def main():
    url, cache, kind = sys.argv[1:]
    gateway = Gateway(cache_dir=cache, default_config=SourceConfig(sharded_enabled=kind == "sharded", bz2_enabled=False))
    begin = time.monotonic()
    found = await gateway.query([Channel(url)], ["linux-64", "noarch"], SPECS, recursive=True)
    print(json.dumps({"wall_s": time.monotonic() - begin, "records": sum(len(records) for records in found),
                      "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # py-rattler 0.28 aborts now and then while the interpreter shuts down
