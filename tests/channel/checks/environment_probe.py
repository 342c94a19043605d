"""Runs inside an installed environment: does it work, and does it load nothing of the host but glibc?

Usage: PREFIX/bin/python environment_probe.py PREFIX MODULE...
"""

import bz2
import ctypes
import decimal
import importlib
import lzma
import readline
import sqlite3
import ssl
import sys
import sysconfig
import uuid
import zlib

HOST_LIBRARIES = ("libc.so", "libm.so", "ld-linux", "libdl.so", "libpthread.so", "libutil.so", "librt.so", "libnss")

prefix = sys.argv[1]
modules = [importlib.import_module(name) for name in sys.argv[2:]]

assert sys.prefix == prefix, sys.prefix
purelib = sysconfig.get_paths()["purelib"]
assert purelib.startswith(prefix) and purelib.endswith("site-packages"), purelib
for module in modules:
    assert module.__file__.startswith(prefix), module.__file__

assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
for codec in (bz2, lzma, zlib):
    assert codec.decompress(codec.compress(b"text")) == b"text", codec
assert decimal.Decimal("1.1") * 2 == decimal.Decimal("2.2")
assert uuid.uuid1().version == 1 and readline and ctypes
assert len(ssl.create_default_context(cafile=f"{prefix}/ssl/cacert.pem").get_ca_certs()) > 50

with open("/proc/self/maps", encoding="utf-8") as maps:
    loaded = {line.split(None, 5)[-1].strip() for line in maps if ".so" in line}
foreign = [
    path for path in loaded if not path.startswith(prefix) and not path.rsplit("/", 1)[-1].startswith(HOST_LIBRARIES)
]
assert not foreign, foreign

versions = " ".join(f"{module.__name__} {getattr(module, '__version__', '?')}" for module in modules)
print(f"python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}, sqlite {sqlite3.sqlite_version}, {versions}")
