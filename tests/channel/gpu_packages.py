"""CUDA without a GPU: runtimes that constrain the driver, and a package with one variant a CUDA version."""

import re
import tempfile
from pathlib import Path

from .conda_package import EPOCH, CondaPackage, set_relative_rpath
from .wheel_packages import Wheel

# The oldest driver version that runs a CUDA major: the first of the major, by minor-version compatibility.
OLDEST_DRIVER = {"11": "11.1", "12": "12", "13": "13"}
GPUPROBE = """\
import ctypes
import glob
import os
import sys

VARIANT = {variant!r}


def main():
    if VARIANT == "cpu":
        print("gpuprobe cpu")
        return 0
    runtime = sorted(glob.glob(os.path.join(sys.prefix, "lib", "libcudart.so.*")))[0]
    version = ctypes.c_int()
    ctypes.CDLL(runtime).cudaRuntimeGetVersion(ctypes.byref(version))
    print("gpuprobe cuda", VARIANT, "runtime", version.value)
    return 0
"""


def cuda_packages(wheels: list[Path], work: Path) -> list[CondaPackage]:
    """cuda-version and cuda-cudart for every runtime wheel, and gpuprobe for all of them."""
    packages = []
    versions = []
    for wheel in (Wheel(path) for path in wheels):
        major, minor = wheel.version.split(".")[:2]
        packages += [cuda_version(major, minor, work), cuda_runtime(wheel, major, minor, work)]
        versions.append((int(major), int(minor)))
    for release in ("1.0", "1.1"):
        packages.append(gpuprobe(release, None, work))
        # The older release knows no CUDA 13: an upgrade that a newer driver makes possible.
        known = [version for version in sorted(versions) if release == "1.1" or version[0] < 13]
        packages += [gpuprobe(release, version, work) for version in known]
    return packages


def cuda_timestamp(major: str, minor: str) -> int:
    """A time in milliseconds that grows with the CUDA version."""
    return EPOCH * 1000 + int(major) * 100 + int(minor)


def cuda_version(major: str, minor: str, work: Path) -> CondaPackage:
    """The package by which everything CUDA agrees on one version."""
    package = CondaPackage(Path(tempfile.mkdtemp(dir=work)), "cuda-version", f"{major}.{minor}", subdir="noarch")
    package.noarch = "generic"
    package.constrains = [f"__cuda >={OLDEST_DRIVER[major]}", f"cudatoolkit {major}.{minor}|{major}.{minor}.*"]
    package.timestamp = cuda_timestamp(major, minor)
    return package


def cuda_runtime(wheel: Wheel, major: str, minor: str, work: Path) -> CondaPackage:
    """libcudart, from NVIDIA's wheel."""
    package = CondaPackage(Path(tempfile.mkdtemp(dir=work)), "cuda-cudart", wheel.version)
    package.depends = [
        f"cuda-version >={major}.{minor},<{major}.{int(minor) + 1}.0a0",
        "__glibc >=2.17,<3.0a0",
        "libgcc",
        "libstdcxx",
    ]
    package.constrains = [f"__cuda >={OLDEST_DRIVER[major]}"]
    package.run_exports = {"weak": [f"cuda-cudart >={wheel.version},<{int(major) + 1}.0a0"]}
    package.timestamp = cuda_timestamp(major, minor)
    package.origin["wheel"] = wheel.path.name
    for name in wheel.names():
        base = name.rsplit("/", 1)[-1]
        if re.search(r"/lib/libcudart\.so\.\d+", name):
            package.add(f"lib/{base}", wheel.read(name), 0o755)
        elif "license" in base.lower():
            package.licenses[base] = wheel.read(name)
    set_relative_rpath(package)
    return package


def gpuprobe(release: str, cuda: tuple[int, int] | None, work: Path) -> CondaPackage:
    """One variant of a package that exists for the CPU and for CUDA versions, as the big frameworks do.

    The build number prefers CUDA where a driver is there; without one, `__cuda` leaves only the CPU variant.
    """
    variant = "cpu" if cuda is None else f"{cuda[0]}.{cuda[1]}"
    package = CondaPackage(Path(tempfile.mkdtemp(dir=work)), "gpuprobe", release, subdir="noarch")
    package.noarch = "python"
    package.entry_points = ["gpuprobe = gpuprobe:main"]
    package.depends = ["python >=3.9"]
    package.build_prefix = "cpu_"
    if cuda:
        package.number = 200
        package.build_prefix = f"cuda{cuda[0]}{cuda[1]}_"
        bounds = f">={variant},<{cuda[0] + 1}"
        package.depends += [f"cuda-cudart {bounds}.0a0", f"cuda-version {bounds}", "__cuda"]
    package.add("site-packages/gpuprobe.py", GPUPROBE.format(variant=variant))
    return package
