#!/usr/bin/env python3
"""What is no wheel of an index, from the requirement to the installed file: addresses, source distributions, commits.

usage: sources_test.py AIMLOCK
Everything is made here and served on loopback; the Python of the environment is this machine's.
"""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from end_to_end.small_world import conda_package, wheel, zip_wheel  # noqa: E402
from end_to_end.tiny_index import FolderServer  # noqa: E402

AIMLOCK = ""
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"lib/python{VERSION}/site-packages"
# The environment's Python: this one, over the packages of the prefix that it is seen in.
PYTHON = f"""#!/bin/sh
PYTHONPATH="$(dirname "$0")/../{SITE}" exec {sys.executable} "$@"
"""
# A backend. The module that it makes tells what it saw: the environment, the network, and what it could write to.
BACKEND = '''
import base64, hashlib, json, os, socket, zipfile

def seen():
    facts = {"path": __file__, "home": os.environ["HOME"], "secret": os.environ.get("CANARY")}
    try:
        socket.create_connection(("127.0.0.1", int(open("port").read())), 3)
        facts["network"] = True
    except OSError:
        facts["network"] = False
    for name, place in (("environment", os.path.dirname(__file__)), ("folder", open("outside").read())):
        try:
            open(os.path.join(place, "written"), "w")
            facts[name] = True
        except OSError:
            facts[name] = False
    return facts

def build_wheel(folder, config=None, metadata=None):
    said = json.load(open("say.json"))
    name, version = said["name"], said["version"]
    print("building", name)
    if said.get("fail"):
        raise SystemExit("the compiler is unhappy")
    stem = f"{name}-{version}"
    files = {
        f"{name}.py": f"SEEN = {seen()!r}\\n",
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n" + said.get("more", ""),
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: maker\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = ""
    with zipfile.ZipFile(os.path.join(folder, f"{stem}-py3-none-any.whl"), "w") as archive:
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\\n"
            archive.writestr(path, text)
        archive.writestr(f"{stem}.dist-info/RECORD", record + f"{stem}.dist-info/RECORD,,\\n")
    return f"{stem}-py3-none-any.whl"

def get_requires_for_build_wheel(config=None):
    return json.load(open("say.json")).get("wants", [])
'''


def tree(name: str, version: str, port: int, outside: Path, **said: object) -> dict[str, str]:
    """The files of a source tree that the backend above builds."""
    return {
        "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n'
        '[build-system]\nrequires = ["maker>=1"]\nbuild-backend = "maker"\n',
        "say.json": json.dumps({"name": name, "version": version} | said),
        "port": str(port),
        "outside": str(outside),
    }


def sdist(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Writes a source distribution with a PKG-INFO that says what is certain."""
    info = f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n"
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, text in ({"PKG-INFO": info} | files).items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    out = folder / f"{name}-{version}.tar.gz"
    out.write_bytes(gzip.compress(raw.getvalue(), mtime=0))
    return out


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class SourcesTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.outside = self.folder / "outside"
        self.outside.mkdir()
        self.served = self.folder / "served"
        self.files = self.served / "files"
        self.files.mkdir(parents=True)
        server = FolderServer(self.served)
        self.url = server.__enter__().url
        self.addCleanup(server.__exit__)
        self.port = int(self.url.rsplit(":", 1)[1])
        linux = self.work / "channel" / "linux-64"
        linux.mkdir(parents=True)
        python = {"bin/python": PYTHON, f"{SITE}/README": "packages"}
        build = f"h0_0_cp{VERSION.replace('.', '')}"
        file_name, record = conda_package(linux, "python", f"{VERSION}.0", build, python, [])
        self.repodata(linux, {file_name: record})
        noarch = self.work / "channel" / "noarch"
        noarch.mkdir()
        self.repodata(noarch, {})
        info = "Metadata-Version: 2.1\nName: maker\nVersion: 1.0\n"
        zip_wheel(self.files, "maker", "1.0", {"maker.py": BACKEND.encode(), "maker-1.0.dist-info/METADATA": info.encode()})

    @staticmethod
    def repodata(folder: Path, packages: dict) -> None:
        document = {"info": {"subdir": folder.name}, "packages": packages, "packages.conda": {}}
        (folder / "repodata.json").write_text(json.dumps(document))

    def index(self) -> None:
        """Writes the pages of all files that are there."""
        pages: dict[str, str] = {}
        for file in sorted(self.files.iterdir()):
            name = file.name.split("-")[0]
            pages[name] = pages.get(name, "") + f'<a href="../../files/{file.name}#sha256={digest_of(file)}">{file.name}</a>\n'
        for name, links in pages.items():
            page = self.served / "simple" / name / "index.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(f"<!DOCTYPE html><html><body>Links for {name}\n{links}</body></html>\n")

    def run_aimlock(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AIMLOCK_CACHE_DIR": str(self.folder / "cache"),
            "CANARY": "secret-canary",
        }
        done = subprocess.run([AIMLOCK, *map(str, arguments)], cwd=self.work, env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("canary", done.stdout + done.stderr)
        return done

    def manifest(self, requirements: str, options: str = "") -> None:
        (self.work / "aimlock.toml").write_text(
            '[workspace]\nname = "t"\nchannels = ["channel"]\nplatforms = ["linux-64"]\n'
            f'[dependencies]\npython = "*"\n[pypi-dependencies]\n{requirements}\n'
            f'[pypi-options]\nindex-url = "{self.url}/simple"\n{options}\n'
        )

    def seen(self, name: str) -> dict:
        scope: dict = {}
        exec((self.work / "env" / SITE / f"{name}.py").read_text(), scope)
        return scope["SEEN"]

    def build(self, **said: object) -> None:
        """A lock that has `demo` as sources."""
        sdist(self.files, "demo", "1.0", tree("demo", "1.0", self.port, self.outside, **said))
        self.index()
        self.manifest('demo = "*"', 'allow-sdist = ["demo"]')
        self.forget()
        self.run_aimlock("solve")

    def forget(self) -> None:
        """Empties the cache."""
        for path in (self.folder / "cache").rglob("*"):
            if path.is_file():
                path.unlink()

    def assert_no_secret(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "aimlock.toml":
                self.assertNotIn(b"canary", path.read_bytes(), path)

    def test_a_wheel_at_an_address(self) -> None:
        file = wheel(self.files, "direct", "2.0", ["maker"])
        self.index()
        self.manifest(f'direct = {{ url = "{self.url.replace("//", "//me:canary@")}/files/{file.name}" }}')
        self.run_aimlock("-vv", "solve")
        lock = (self.work / "aimlock.lock").read_text()
        self.assertIn(f'url = "{self.url}/files/{file.name}"\nsha256 = "{digest_of(file)}"\nsize = {file.stat().st_size}\n', lock)
        self.assertIn("direct = true", lock)
        self.run_aimlock("solve", "--locked")
        self.run_aimlock("install", "--prefix", "env")
        info = self.work / "env" / SITE / "direct-2.0.dist-info"
        said = json.loads((info / "direct_url.json").read_text())
        self.assertEqual(said["url"], f"{self.url}/files/{file.name}")
        self.assertEqual(said["archive_info"]["hashes"]["sha256"], digest_of(file))
        self.assertIn("direct_url.json", (info / "RECORD").read_text())
        self.run_aimlock("audit", "--prefix", "env")
        self.assert_no_secret()

    def test_sources_are_no_candidates_unless_allowed(self) -> None:
        sdist(self.files, "demo", "1.0", tree("demo", "1.0", self.port, self.outside))
        self.index()
        self.manifest('demo = "*"')
        refused = self.run_aimlock("solve", status=1).stderr
        self.assertIn("are source distributions (sdist)", refused)
        self.assertIn('build from source: allow-sdist = ["demo"]', refused)
        for flag in ("--allow-sdist", "--allow-sdist=demo"):
            self.run_aimlock("solve", flag)
        self.assertIn('built-from = "sdist"\nbuild-requires = ["maker>=1"]', (self.work / "aimlock.lock").read_text())

    def test_sources_are_built_in_their_environment_and_cut_off(self) -> None:
        self.build()
        refused = self.run_aimlock("install", "--prefix", "env", status=2).stderr
        self.assertIn("nobody allowed it for demo 1.0", refused)
        self.assertFalse((self.work / "env").exists())
        out = self.run_aimlock("install", "--prefix", "env", "--allow-sdist").stderr
        self.assertIn("demo 1.0: built from source", out)
        seen = self.seen("demo")
        self.assertEqual(seen["path"], str(self.work / "env" / SITE / "maker.py"))
        facts = {key: seen[key] for key in ("network", "environment", "folder", "secret")}
        self.assertEqual(facts, {"network": False, "environment": False, "folder": False, "secret": None})
        self.assertNotEqual(seen["home"], str(self.folder))
        self.assertFalse((self.outside / "written").exists())
        self.assertEqual([path.name for path in self.work.iterdir() if path.name.startswith("env.")], [])
        self.run_aimlock("audit", "--prefix", "env")
        self.assertIn("holds this lock already", self.run_aimlock("install", "--prefix", "env", "--allow-sdist").stderr)
        self.run_aimlock("--offline", "install", "--prefix", "other", "--allow-sdist=demo")

    def test_a_build_that_is_not_cut_off_runs_beside_the_prefix(self) -> None:
        self.build()
        self.run_aimlock("install", "--prefix", "env", "--allow-sdist", "--build-unconfined")
        self.assertTrue(self.seen("demo")["network"])
        self.assertTrue(self.seen("demo")["environment"])
        self.assertFalse((self.work / "env" / SITE / "written").exists())
        self.run_aimlock("audit", "--prefix", "env")

    def test_a_build_that_fails_leaves_nothing(self) -> None:
        self.build(fail=True)
        before = sorted(path.name for path in self.work.iterdir())
        refused = self.run_aimlock("install", "--prefix", "env", "--allow-sdist", status=2).stderr
        self.assertIn("building demo 1.0", refused)
        self.assertIn("the compiler is unhappy", refused)
        self.assertEqual(sorted(path.name for path in self.work.iterdir()), before)

    def test_what_comes_out_must_be_what_was_locked(self) -> None:
        for said, why in (
            ({"more": "Requires-Dist: surprise\n"}, "requires `surprise`, which its sources did not say"),
            ({"wants": ["absent>=1"]}, "its backend asks for more than its sources say"),
        ):
            with self.subTest(why):
                self.build(**said)
                self.assertIn(why, self.run_aimlock("install", "--prefix", "env", "--allow-sdist", status=2).stderr)
                self.assertFalse((self.work / "env").exists())
        files = tree("demo", "1.0", self.port, self.outside)
        files["say.json"] = json.dumps({"name": "demo", "version": "1.1"})
        sdist(self.files, "demo", "1.0", files)
        self.index()
        self.forget()
        self.run_aimlock("solve")
        self.assertIn("is not demo 1.0", self.run_aimlock("install", "--prefix", "env", "--allow-sdist", status=2).stderr)

    def test_sources_build_each_other(self) -> None:
        files = tree("second", "1.0", self.port, self.outside)
        files["pyproject.toml"] = files["pyproject.toml"].replace('["maker>=1"]', '["maker>=1", "first"]')
        sdist(self.files, "second", "1.0", files)
        sdist(self.files, "first", "1.0", tree("first", "1.0", self.port, self.outside))
        self.index()
        self.manifest('second = "*"', "no-build = false")
        self.run_aimlock("solve")
        out = self.run_aimlock("install", "--prefix", "env", "--allow-sdist").stderr
        self.assertLess(out.index("first 1.0: built"), out.index("second 1.0: built"))
        self.run_aimlock("audit", "--prefix", "env")

    def repository(self, files: dict[str, str]) -> tuple[Path, str]:
        """A repository of these files; its folder and its only commit."""
        folder = self.folder / "repository"
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder, self.commit(folder)

    def commit(self, folder: Path) -> str:
        def git(*words: str) -> str:
            who = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "init.defaultBranch=main"]
            return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

        git("init", "-q")
        git("add", ".")
        git("commit", "-q", "-m", "all")
        return git("rev-parse", "HEAD")

    def test_a_commit_is_locked_by_its_tree_and_built(self) -> None:
        files = {f"python/{path}": text for path, text in tree("demo", "1.0", self.port, self.outside).items()}
        # Neither attributes nor hooks of the repository take part.
        files[".gitattributes"] = "*.json export-ignore\n* text eol=crlf\n"
        folder, commit = self.repository(files)
        hook = folder / ".git" / "hooks" / "post-checkout"
        hook.write_text(f"#!/bin/sh\ntouch {self.outside}/hooked\n")
        hook.chmod(0o755)
        self.index()
        self.manifest(f'demo = {{ git = "file://{folder}", rev = "{commit}", subdirectory = "python" }}')
        self.run_aimlock("solve")
        lock = (self.work / "aimlock.lock").read_text()
        self.assertIn(f'url = "git+file://{folder}@{commit}"', lock)
        for line in ('built-from = "git"', 'subdirectory = "python"', "direct = true", 'build-requires = ["maker>=1"]'):
            self.assertIn(line, lock)
        self.run_aimlock("solve", "--locked")
        self.run_aimlock("install", "--prefix", "env", status=2)
        self.run_aimlock("install", "--prefix", "env", "--allow-sdist")
        said = json.loads((self.work / "env" / SITE / "demo-1.0.dist-info" / "direct_url.json").read_text())
        self.assertEqual(said["vcs_info"]["commit_id"], commit)
        self.assertEqual((said["url"], said["subdirectory"]), (f"file://{folder}", "python"))
        self.run_aimlock("audit", "--prefix", "env")
        # The same bytes from nothing but the commit, by somebody with another cache.
        before = lock
        self.forget()
        (self.work / "aimlock.lock").unlink()
        self.run_aimlock("solve")
        self.assertEqual((self.work / "aimlock.lock").read_text(), before)
        self.run_aimlock("install", "--prefix", "again", "--allow-sdist")
        self.assertEqual([path.name for path in (self.folder / "cache" / "git").iterdir()], [])
        self.assertFalse((self.outside / "hooked").exists())

    def test_only_a_commit_that_is_there_can_be_locked(self) -> None:
        folder, commit = self.repository(tree("demo", "1.0", self.port, self.outside))
        self.index()
        self.manifest(f'demo = {{ git = "file://{folder}", branch = "main" }}')
        self.assertIn(f"git ls-remote file://{folder} main", self.run_aimlock("solve", status=2).stderr)
        self.manifest(f'demo = {{ git = "file://{folder}", rev = "{"0" * 40}" }}')
        self.assertIn("has no commit 0000", self.run_aimlock("solve", status=2).stderr)
        self.manifest(f'demo = {{ git = "file://{folder}", rev = "{commit}" }}')
        self.run_aimlock("solve")
        # What the repository holds of this commit later is held against the lock.
        self.forget()
        lock = (self.work / "aimlock.lock").read_text()
        self.assertEqual(lock.count(commit), 2)
        (folder / "more").write_text("x")
        other = self.commit(folder)
        text = lock.replace(commit, other)
        head, rest = text.split("\n", 2)[0], text.split("\n", 2)[2]
        content = hashlib.sha256(f"{head}\n{rest}".encode()).hexdigest()
        (self.work / "aimlock.lock").write_text(f'{head}\ncontent = "{content}"\n{rest}')
        refused = self.run_aimlock("install", "--prefix", "env", "--allow-sdist", status=2).stderr
        self.assertIn("the sha256 of its tree is", refused)

    def test_an_installation_asks_mirrors(self) -> None:
        wheel(self.files, "plain", "1.0", [])
        self.index()
        self.manifest('plain = "*"')
        self.run_aimlock("solve")
        self.forget()
        manifest = (self.work / "aimlock.toml").read_text()
        (self.files / "plain-1.0-py3-none-any.whl").rename(self.served / "plain-1.0-py3-none-any.whl")
        self.run_aimlock("install", "--prefix", "env", status=2)
        self.run_aimlock("install", "--prefix", "env", "--mirror", "nonsense", status=2)
        self.run_aimlock("install", "--prefix", "env", "--mirror", f"{self.url}/files/={self.url}/")
        for path in (self.folder / "cache").rglob("*.whl"):
            path.unlink()
        (self.work / "aimlock.toml").write_text(manifest + f'[mirrors]\n"{self.url}/files/" = ["{self.url}/gone/", "{self.url}/"]\n')
        self.run_aimlock("install", "--prefix", "other")

    def test_links_of_a_server(self) -> None:
        """A page of links beside the index: its wheels are locked by hash, stated or not, and come from its host."""
        wheel(self.files, "plain", "1.0", ["linked"])
        self.index()
        links = self.served / "links"
        links.mkdir()
        stated = wheel(links, "linked", "1.0", ["bare"])
        bare = wheel(links, "bare", "2.0", [])
        (links / "index.html").write_text(
            f'<html><a href="{stated.name}#sha256={digest_of(stated)}">a wheel</a> <a href="{bare.name}">another</a></html>'
        )
        secret = self.url.replace("//", "//me:canary@")
        self.manifest('plain = "*"', f'find-links = ["{secret}/links/"]')
        self.run_aimlock("-vv", "solve")
        lock = (self.work / "aimlock.lock").read_text()
        for file in (stated, bare):
            self.assertIn(f'url = "{self.url}/links/{file.name}"\nsha256 = "{digest_of(file)}"', lock)
        self.assertIn(f'url = "{self.url}"', lock)
        self.assert_no_secret()
        self.run_aimlock("solve", "--locked")
        self.run_aimlock("--offline", "solve")
        self.assertEqual((self.work / "aimlock.lock").read_text(), lock)
        self.run_aimlock("install", "--prefix", "env")
        self.run_aimlock("audit", "--prefix", "env")
        # On the command line, and where it is not there.
        self.manifest('plain = "*"')
        self.run_aimlock("solve", status=1)
        self.run_aimlock("solve", "--find-links", f"{self.url}/links/")
        refused = self.run_aimlock("solve", "--find-links", f"{self.url}/absent/", status=2).stderr
        self.assertIn("/absent/: there is no such page of links", refused)

    def test_images_hold_no_sources(self) -> None:
        self.build()
        said = "an image holds nothing that is built from source yet: demo 1.0"
        self.assertIn(said, self.run_aimlock("install", "--prefix", "/opt/env", "--root", "root", "--allow-sdist", status=2).stderr)
        folder, commit = self.repository(tree("fromgit", "1.0", self.port, self.outside))
        self.manifest(f'demo = "*"\nfromgit = {{ git = "file://{folder}", rev = "{commit}" }}', 'allow-sdist = ["demo"]')
        self.run_aimlock("solve")
        before = sorted(path.name for path in self.work.rglob("*"))
        for arguments in (["--base", "debian:12"], ["--plan"], ["--oci", "layout", "--base", "none"]):
            with self.subTest(arguments):
                refused = self.run_aimlock("image", *arguments, status=2)
                self.assertIn(f"{said}, fromgit 1.0 (a git commit)", refused.stderr)
                self.assertIn("build a wheel of each once", refused.stderr)
                self.assertEqual(refused.stdout, "")
                self.assertEqual(sorted(path.name for path in self.work.rglob("*")), before)
        # A wheel takes their place.
        wheels = self.work / "wheels"
        wheels.mkdir()
        for name in ("demo", "fromgit"):
            wheel(wheels, name, "1.0", [])
        self.manifest('demo = "*"\nfromgit = "*"', 'find-links = ["wheels"]')
        self.run_aimlock("solve")
        self.assertIn("3 packages", self.run_aimlock("image", "--plan").stdout)


if __name__ == "__main__":
    AIMLOCK = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
