"""The whole program over a folder of wheels for GPUs: what their libraries have code for decides which is taken.

Usage: gpu_wheels_test.py AIMLOCK [unittest options].
"""

import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

AIMLOCK = str(Path(sys.argv[1]).resolve())


def library(*architectures: int) -> bytes:
    """An ELF object with nothing but fatbins of machine code and its sections' names."""
    entries = b"".join(
        struct.pack("<HHIQIIIIIIQ", 2, 0, 64, 24, 0, 0, 0, number, 0, 0, 0) + bytes(16) + bytes(24) for number in architectures
    )
    fatbin = struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(entries)) + entries
    names = b"\0.nv_fatbin\0.shstrtab\0"
    body = fatbin + names + bytes(-(len(fatbin) + len(names)) % 8)
    head = b"\x7fELF\2\1\1".ljust(40, b"\0") + struct.pack("<Q", 64 + len(body)) + bytes(10) + struct.pack("<HHH", 64, 3, 2)
    section = lambda name, kind, at, size: struct.pack("<IIQQQQIIQQ", name, kind, 2, 0, at, size, 0, 0, 8, 0)
    table = section(0, 0, 0, 0) + section(1, 1, 64, len(fatbin)) + section(12, 3, 64 + len(fatbin), len(names))
    return head.ljust(64, b"\0") + body + table


class GpuWheels(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="aimlock-gpu-")))
        self.index = self.folder / "simple" / "fast-gpu"
        self.index.mkdir(parents=True)
        self.files: list[dict] = []

    def add(self, version: str, code: bytes | None) -> None:
        name = f"fast_gpu-{version}-cp312-cp312-manylinux_2_17_x86_64.whl"
        wheel = self.index / name
        metadata = f"Metadata-Version: 2.1\nName: fast-gpu\nVersion: {version}\n"
        (self.index / (name + ".metadata")).write_text(metadata)
        if code is not None:
            with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("fast/_C.so", code)
                archive.writestr(f"fast_gpu-{version}.dist-info/METADATA", metadata)
        content = wheel.read_bytes() if code is not None else b"absent"
        self.files.append({"filename": name, "url": wheel.as_uri(), "hashes": {"sha256": hashlib.sha256(content).hexdigest()}})
        page = {"meta": {"api-version": "1.0"}, "name": "fast-gpu", "files": self.files}
        (self.index / "index.json").write_text(json.dumps(page))

    def solve(self, *words: str) -> dict:
        done = subprocess.run(
            [AIMLOCK, "solve", "--json", "--index", str(self.folder / "simple"), "--python", "3.12", "--platform", "linux-64",
             "--glibc", "2.35", "--cuda", "12.8", "--pypi", "fast-gpu", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, cwd=self.folder,
            env=os.environ | {"AIMLOCK_CACHE_DIR": str(self.folder / "cache")},
        )
        self.assertTrue(done.stdout, done.stderr)
        return json.loads(done.stdout)

    def test_a_wheel_without_code_for_a_gpu_gives_way_and_the_lock_tells(self) -> None:
        self.add("1.0", library(80, 90))
        self.add("2.0", library(70, 80))
        self.assertEqual(self.solve("--cuda-arch", "8.6")["targets"][0]["packages"][0]["version"], "2.0")
        target = self.solve("--cuda-arch", "9.0")["targets"][0]
        self.assertEqual(target["packages"][0]["version"], "1.0")
        self.assertNotIn("not checked", str(target.get("warnings")))
        document = self.solve("--cuda-arch", "12.0")
        self.assertEqual(document["status"], "unsatisfiable", document)
        self.assertIn("no code for a GPU of architecture 12.0 (its libraries hold sm_", document["conflict"]["explanation"])

    def test_a_wheel_that_cannot_be_read_is_named(self) -> None:
        self.add("1.0", None)
        target = self.solve("--cuda-arch", "9.0")["targets"][0]
        self.assertTrue(any("not checked" in w and "fast-gpu 1.0" in w for w in target["warnings"]), target)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
