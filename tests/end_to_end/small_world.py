"""A conda channel and a PyPI index of a few packages that are made here, and a server that can be told to misbehave."""

import base64
import hashlib
import http.server
import io
import json
import random
import subprocess
import tarfile
import threading
import time
import zipfile
from pathlib import Path

PYTHON = "#!/bin/sh\nexit 0\n"


def conda_package(folder: Path, name: str, version: str, build: str, files: dict[str, str], depends: list[str]) -> tuple[str, dict]:
    """Writes a .tar.bz2 package; its file name and repodata record."""
    paths = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(text.encode()).hexdigest(), "size_in_bytes": len(text)}
        for path, text in sorted(files.items())
    ]
    index = {"name": name, "version": version, "build": build, "build_number": 0, "depends": depends, "subdir": "linux-64"}
    members = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
        "info/files": "".join(path + "\n" for path in sorted(files)),
        **files,
    }
    file_name = f"{name}-{version}-{build}.tar.bz2"
    with tarfile.open(folder / file_name, "w:bz2") as archive:
        for path, text in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            entry.mode = 0o755 if path.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    data = (folder / file_name).read_bytes()
    return file_name, {**index, "sha256": hashlib.sha256(data).hexdigest(), "md5": hashlib.md5(data).hexdigest(), "size": len(data), "timestamp": 1700000000000}


def zip_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> Path:
    """Writes a pure wheel of these files with a true RECORD."""
    stem = f"{name.replace('-', '_')}-{version}"
    wheel_file = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = files | {f"{stem}.dist-info/WHEEL": wheel_file}
    record = ""
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    files[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n".encode()
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            entry = zipfile.ZipInfo(member)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return wheel


def wheel(folder: Path, name: str, version: str, requires: list[str], ballast: int = 0) -> Path:
    """Writes a wheel of one module, with `ballast` bytes that do not compress."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {r}\n" for r in requires)
    files = {
        f"{name}.py": f'VERSION = "{version}"\n'.encode(),
        f"{name}.dat": random.Random(name).randbytes(ballast),
        f"{name}-{version}.dist-info/METADATA": metadata.encode(),
    }
    return zip_wheel(folder, name, version, files)


class SmallWorld:
    """Serves a channel at `channel` and an index at `index` on loopback; use as a context.

    `faults` maps the end of a request's path to "404", "flip" (one wrong byte), "truncate" or "slow" (a random delay).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: dict[str, str] = {}
        self.delay = 0.0
        self.requests: list[str] = []
        self._make_channel()
        self._make_index()
        world = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                world.answer(self)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.channel, self.index = f"{self.root}/channel", f"{self.root}/simple"

    def _make_channel(self) -> None:
        folder = self.folder / "channel" / "linux-64"
        folder.mkdir(parents=True)
        packages = dict(
            conda_package(folder, *package)
            for package in (
                ("python", "3.12.13", "h0_0_cpython", {"bin/python": PYTHON, "bin/python3.12": PYTHON}, []),
                ("libone", "1.0", "0", {"lib/one.txt": "one\n"}, []),
                ("numpy", "1.26.4", "0", {"lib/python3.12/site-packages/numpy.py": "V = 1\n"}, ["python", "libone"]),
                ("numpy", "2.4.1", "0", {"lib/python3.12/site-packages/numpy.py": "V = 2\n"}, ["python", "libone"]),
            )
        )
        document = json.dumps({"info": {"subdir": "linux-64"}, "packages": packages, "packages.conda": {}, "repodata_version": 1})
        packed = subprocess.run(["zstd", "-q", "-c"], input=document.encode(), stdout=subprocess.PIPE, check=True).stdout
        (folder / "repodata.json.zst").write_bytes(packed)

    def _make_index(self) -> None:
        files = self.folder / "files"
        files.mkdir()
        made: dict[str, list[Path]] = {"thinc": [wheel(files, "thinc", "8.2.5", ["numpy<2", "tool"], 200_000)]}
        for number in range(12):
            name = f"part{number}"
            needs = [f"part{other}" for other in range(number + 1, min(number + 4, 12))]
            made[name] = [wheel(files, name, version, needs) for version in ("1.0", "1.1", "2.0")]
        made["tool"] = [wheel(files, "tool", "1.0", ["part0<2", "part5"])]
        for name, wheels in made.items():
            page = {
                "meta": {"api-version": "1.1"},
                "name": name,
                "files": [
                    {
                        "filename": path.name,
                        "url": f"../../files/{path.name}",
                        "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                        "size": path.stat().st_size,
                        "upload-time": "2024-01-01T00:00:00Z",
                    }
                    for path in wheels
                ],
            }
            target = self.folder / "simple" / name
            target.mkdir(parents=True)
            (target / "index.json").write_text(json.dumps(page))

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        path = request.path.split("?")[0]
        self.requests.append(path)
        if self.delay:
            time.sleep(random.random() * self.delay)
        if path == "/simple/":
            return self._send(request, 200, b"<!DOCTYPE html><html><body></body></html>", {"Content-Type": "text/html"})
        file = self.folder / path.strip("/")
        if path.startswith("/simple/"):
            file = file / "index.json"
        fault = next((fault for end, fault in self.faults.items() if path.endswith(end)), "")
        if fault == "404" or not file.is_file():
            return self._send(request, 404, b"")
        data = file.read_bytes()
        if fault == "flip":
            data = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
        if fault == "truncate":
            data = data[: len(data) // 2]
        wanted = request.headers.get("Range")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            begin = int(first) if first else max(len(data) - int(last), 0)
            end = min(int(last), len(data) - 1) if first and last else len(data) - 1
            headers = {"Content-Range": f"bytes {begin}-{end}/{len(data)}"}
            return self._send(request, 206, data[begin : end + 1], headers)
        kind = "application/vnd.pypi.simple.v1+json" if path.startswith("/simple/") else "application/octet-stream"
        self._send(request, 200, data, {"Content-Type": kind})

    @staticmethod
    def _send(request: http.server.BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def __enter__(self) -> "SmallWorld":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
