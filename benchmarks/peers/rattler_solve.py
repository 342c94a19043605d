"""Solves conda specs with py-rattler: the peer for the conda half.

Usage: rattler_solve.py CHANNEL_URL[,CHANNEL_URL...] CUDA GLIBC SPEC...   (CUDA "none": no driver)
Environment: EXCLUDE_NEWER (RFC 3339), CHANNEL_PRIORITY (strict or disabled).
Prints one JSON line: records as SUBDIR/FILE, and seconds of the solve alone, without the start of the interpreter.
"""
import asyncio
import datetime
import json
import os
import sys
import time

from rattler import Channel, Gateway, solve
from rattler.solver.solver import ChannelPriority

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rattler_facts import facts


async def main():
    urls, cuda, glibc, *specs = sys.argv[1:]
    newest = os.environ.get("EXCLUDE_NEWER")
    priority = os.environ.get("CHANNEL_PRIORITY", "strict")
    begin = time.monotonic()
    try:
        records = await solve(
            sources=[Channel(url) for url in urls.split(",")],
            specs=specs,
            platforms=["linux-64", "noarch"],
            virtual_packages=facts(cuda, glibc),
            gateway=Gateway(),
            channel_priority=getattr(ChannelPriority, priority.capitalize()),
            exclude_newer=datetime.datetime.fromisoformat(newest.replace("Z", "+00:00")) if newest else None,
        )
    except Exception as error:  # its own class says nothing more than its text
        print(json.dumps({"error": str(error)[:2000], "seconds": round(time.monotonic() - begin, 3)}))
        return
    seconds = time.monotonic() - begin
    print(
        json.dumps(
            {
                "packages": len(records),
                "seconds": round(seconds, 3),
                "records": sorted(f"{record.subdir}/{record.file_name}" for record in records),
            }
        )
    )


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # py-rattler 0.28 aborts now and then while the interpreter shuts down
