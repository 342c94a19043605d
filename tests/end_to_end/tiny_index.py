"""A PyPI index on loopback with one wheel that is made here, so that container tests need no index of the world."""

import hashlib
import http.server
import threading
from pathlib import Path

from end_to_end.small_world import zip_wheel

NAME = "aimlock-tiny"


def write_wheel(folder: Path, version: str) -> Path:
    """A pure wheel with a module, a console script and a dependency on Python only."""
    info = f"aimlock_tiny-{version}.dist-info"
    files = {
        "aimlock_tiny/__init__.py": f'VERSION = "{version}"\n\n\ndef main():\n    print("tiny", VERSION)\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\nRequires-Python: >=3.8\n",
        f"{info}/entry_points.txt": "[console_scripts]\ntiny = aimlock_tiny:main\n",
    }
    return zip_wheel(folder, NAME, version, {path: text.encode() for path, text in files.items()})


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
