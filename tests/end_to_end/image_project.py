"""The project that image tests build: a manifest over the generated channel, its lock, pool and build context."""

import hashlib
import json
import os
from pathlib import Path

from end_to_end.containers import BASE, run

IMAGE = "aiml-hybrid-gpu"

MANIFEST = """
[workspace]
name = "{image}"
channels = ["{channel}"]

[dependencies]
python = "3.11.*"
sqlite = "*"
requests = "*"

[pypi-dependencies]
aimlock-tiny = "{tiny}"

[pypi-options]
index-url = "{index}"

[targets.gpu]
platform = "linux-64"
cuda = "12.2"
glibc = "2.36"
[targets.gpu.dependencies]
gpuprobe = "*"

[image]
base = "{base}"
target = "gpu"
layers = 8
ports = [8888]
command = ["python", "-c", "{program}"]

[image.env]
ODD = 'a $HOME "q" \\ `x`'
"""
# What the container is asked: who it is, a conda package with a library of its own, a wheel, certificates.
PROGRAM = "; ".join(
    [
        "import os, sqlite3, ssl, requests, aimlock_tiny",
        "print('container-ok', os.getuid(), requests.__version__, aimlock_tiny.VERSION, os.environ['ODD'])",
        "assert len(ssl.create_default_context().get_ca_certs()) > 50",
        "assert aimlock_tiny.__cached__ and os.path.exists(aimlock_tiny.__cached__), 'no byte code'",
    ]
)


class Project:
    """A folder with manifest, lock, pool and build context."""

    def __init__(self, folder: Path, index: str, channel: Path | str, program: Path, installer: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.program = program
        self.installer = installer
        self.index = index
        self.channel = str(channel)
        self.environment = os.environ | {"AIMLOCK_CACHE_DIR": str(folder.parent / "cache"), "NO_COLOR": "1"}

    def aimlock(self, *words: str) -> str:
        """Runs the program in the project's folder; its standard output."""
        return run(self.program, *words, cwd=self.folder, env=self.environment)

    def solve(self, tiny: str) -> None:
        """Manifest and lock; `tiny` is the requirement on the wheel."""
        values = {"image": IMAGE, "channel": self.channel, "index": self.index, "base": BASE, "program": PROGRAM, "tiny": tiny}
        (self.folder / "aimlock.toml").write_text(MANIFEST.format(**values))
        self.aimlock("solve")

    def write(self, tiny: str, *options: str) -> None:
        """Manifest, lock, pool, context for a build with no network."""
        self.solve(tiny)
        self.aimlock("vendor", "pool")
        self.aimlock("image", "--vendor", "pool", "--installer", str(self.installer), *options)


def write_layout(folder: Path, layers: list[bytes], settings: dict | None = None) -> str:
    """An OCI layout of one image, written by Python alone, of plain tars; its digest."""

    def blob(data: bytes, kind: str) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        path = folder / "blobs/sha256" / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    named = [blob(layer, "layer.v1.tar") for layer in layers]
    config = {"architecture": "amd64", "os": "linux", "config": settings or {}, "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in named]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "config.v1+json"),
        "layers": named,
    }
    index = {"schemaVersion": 2, "manifests": [blob(json.dumps(manifest).encode(), "manifest.v1+json")]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return index["manifests"][0]["digest"]
