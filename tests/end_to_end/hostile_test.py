"""Every attack of hostile_archives.py is refused: exit 2, an error that names the package, and nothing changed anywhere.

Usage: hostile_test.py AIMLOCK. Each is installed twice: in one pass from a pool, and through the store of unpacked packages.
"""

import bz2
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from hostile_archives import attacks, conda, header, listed, odd_but_agreed, wheel


def lock_text(kind: str, digest: str, size: int, url: str) -> str:
    place = 'channel = "main"\nsubdir = "linux-64"' if kind == "conda" else 'index = "main"'
    build = 'build = "0"\n' if kind == "conda" else ""
    body = f"""# Written by aimlock. Edit the manifest and run `aimlock solve`; a changed line here is refused.
inputs = "{"1" * 64}"
name-map = "{"2" * 64}"
channel-priority = "strict"
root = []

[[source]]
kind = "{kind}"
name = "main"
url = "pool"
hosts = []

[[target]]
name = "cpu"
platform = "linux-64"
virtual-packages = []
python = "3.12.1"
site-packages = "lib/python3.12/site-packages"

[[package]]
kind = "{kind}"
name = "p"
version = "1"
{build}url = "{url}"
sha256 = "{digest}"
size = {size}
{place}
targets = ["cpu"]
requires = []
"""
    version = "version = 1\n"
    return version + f'content = "{hashlib.sha256((version + body).encode()).hexdigest()}"\n' + body


def state(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else "" for path in folder.rglob("*")}


class Trial:
    def __init__(self, aimlock: str, folder: Path) -> None:
        self.aimlock, self.folder, self.place = aimlock, folder, folder / "place"
        (folder / "pool").mkdir()
        (self.place / "deep").mkdir(parents=True)
        for canary in ("canary", "deep/canary"):
            (self.place / canary).write_text("alive")

    def install(self, kind: str, data: bytes, through_store: bool) -> subprocess.CompletedProcess:
        digest = hashlib.sha256(data).hexdigest()
        file = f"pool/{digest}{'.whl' if kind == 'pypi' else '.conda' if data.startswith(b'PK') else '.tar.bz2'}"
        (self.folder / file).write_bytes(data)
        (self.folder / "aimlock.lock").write_text(lock_text(kind, digest, len(data), file))
        words = ["install", "--prefix", str(self.place / "deep/env")] + ([] if through_store else ["--vendor", "pool"])
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache"), "NO_COLOR": "1"}
        return subprocess.run([self.aimlock, *words], cwd=self.folder, env=environment, capture_output=True, text=True, errors="replace", timeout=120)


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="aimlock-hostile-"))
    failures = []
    count = 0
    try:
        trial = Trial(str(Path(sys.argv[1]).resolve()), folder)
        # What is not hostile must install, or refusals say nothing.
        for kind, data in (("pypi", wheel()), ("conda", conda(header(b"a", b"x"), listed("a")))):
            for through_store in (False, True):
                done = trial.install(kind, data, through_store)
                if done.returncode != 0:
                    failures.append(f"the healthy {kind} package: exit {done.returncode}: {done.stderr}")
                shutil.rmtree(trial.place / "deep/env", ignore_errors=True)
        before = state(trial.place)
        for name, data in odd_but_agreed():
            with tarfile.open(fileobj=io.BytesIO(bz2.decompress(data))) as tar:
                theirs = tar.extractfile(tar.getmember("a"))
                expected = theirs.read() if theirs else None
            done = trial.install("conda", data, False)
            file = trial.place / "deep/env/a"
            if done.returncode != 0 or not file.is_file() or file.read_bytes() != expected:
                failures.append(f"{name}: not what Python's tarfile reads: {done.stderr}")
            shutil.rmtree(trial.place / "deep/env", ignore_errors=True)
        for name, kind, data in attacks():
            count += 1
            for through_store in (False, True):
                done = trial.install(kind, data, through_store)
                way = f"{name} ({'store' if through_store else 'one pass'})"
                # A slow machine shows progress before it.
                error = next((line for line in done.stderr.split("\n") if line.startswith("error: ")), "")
                if done.returncode != 2 or " p " not in error:
                    failures.append(f"{way}: exit {done.returncode}: {done.stderr[:300]!r}")
                if any(ord(c) < 32 and c != "\n" for c in done.stderr):
                    failures.append(f"{way}: control characters in the error")
                if state(trial.place) != before:
                    failures.append(f"{way}: something was written")
                    shutil.rmtree(trial.place / "deep/env", ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{count} attacks, each in one pass and through the store: {len(failures)} not refused as they must be")
    print("\n".join(failures))
    return 1 if failures or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
