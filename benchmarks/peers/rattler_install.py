"""Installs conda specs with py-rattler: the peer for the conda half of an installation.

Usage: rattler_install.py CHANNEL_URL GLIBC CACHE PREFIX SPEC...
Prints one JSON line: seconds of wall and processor of the installation alone, without the solve and Python's start.
"""
import asyncio
import json
import os
import resource
import sys
import time

from rattler import Channel, Gateway, install, solve

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rattler_facts import facts


async def main():
    url, glibc, cache, prefix, *specs = sys.argv[1:]
    records = await solve(sources=[Channel(url)], specs=specs, platforms=["linux-64", "noarch"],
                          virtual_packages=facts("none", glibc), gateway=Gateway())
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    await install(records=records, target_prefix=prefix, cache_dir=cache, show_progress=False)
    after = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"wall_s": time.monotonic() - begin, "user_s": after.ru_utime - before.ru_utime,
                      "sys_s": after.ru_stime - before.ru_stime, "packages": len(records)}))


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # py-rattler 0.28 aborts now and then while the interpreter shuts down
