"""A PyPI index on loopback with one wheel that is made here, so that container tests need no index of the world."""

import base64
import hashlib
import http.server
import threading
import zipfile
from pathlib import Path

NAME = "aimlock-tiny"


def write_wheel(folder: Path, version: str) -> Path:
    """A pure wheel with a module, a console script and a dependency on Python only."""
    files = {
        "aimlock_tiny/__init__.py": f'VERSION = "{version}"\n\n\ndef main():\n    print("tiny", VERSION)\n',
        f"aimlock_tiny-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\nRequires-Python: >=3.8\n",
        f"aimlock_tiny-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"aimlock_tiny-{version}.dist-info/entry_points.txt": "[console_scripts]\ntiny = aimlock_tiny:main\n",
    }
    record = f"aimlock_tiny-{version}.dist-info/RECORD"
    lines = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}\n")
    files[record] = "".join(lines) + f"{record},,\n"
    wheel = folder / f"aimlock_tiny-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return wheel


class FolderServer:
    """Serves a folder on 127.0.0.1; use as a context."""

    def __init__(self, folder: Path) -> None:
        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments: object) -> None:
                super().__init__(*arguments, directory=str(folder))

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "FolderServer":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class TinyIndex(FolderServer):
    """The index, written below `folder`."""

    def __init__(self, folder: Path) -> None:
        files = folder / "files"
        page = folder / "simple" / NAME / "index.html"
        files.mkdir(parents=True)
        page.parent.mkdir(parents=True)
        links = ""
        for version in ("1.0", "1.1"):
            wheel = write_wheel(files, version)
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            links += f'<a href="../../files/{wheel.name}#sha256={digest}" data-requires-python="&gt;=3.8">{wheel.name}</a>\n'
        page.write_text(f"<!DOCTYPE html><html><body>\n{links}</body></html>\n")
        super().__init__(folder)
        self.url += "/simple"
