"""Solves conda specs with py-rattler over one channel: the peer for the conda half.

Usage: rattler_solve.py CHANNEL_URL CUDA GLIBC SPEC...   (CUDA "none": no driver)
Prints one JSON line: packages and seconds of the solve alone.
"""
import asyncio
import json
import os
import sys
import time

from rattler import Channel, Gateway, GenericVirtualPackage, PackageName, Version, solve
from rattler.package import BuildString


def facts(cuda, glibc):
    found = {"__glibc": glibc, "__linux": "5.10", "__unix": "0", "__archspec": "1"}
    if cuda != "none":
        found["__cuda"] = cuda
    builds = {"__archspec": "x86_64"}
    return [
        GenericVirtualPackage(PackageName(name), Version(version), BuildString(builds.get(name, "0")))
        for name, version in found.items()
    ]


async def main():
    url, cuda, glibc, *specs = sys.argv[1:]
    begin = time.monotonic()
    records = await solve(
        sources=[Channel(url)],
        specs=specs,
        platforms=["linux-64", "noarch"],
        virtual_packages=facts(cuda, glibc),
        gateway=Gateway(),
    )
    print(json.dumps({"packages": len(records), "seconds": round(time.monotonic() - begin, 3)}))


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # py-rattler 0.28 aborts now and then while the interpreter shuts down
