"""The generated channel under clients that are not ours. Usage: client_test.py CHANNEL [unittest options]

py-rattler solves and installs from it; conda-package-streaming reads every archive.
"""

import asyncio
import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import rattler
from conda_package_streaming.package_streaming import CondaComponent, stream_conda_component
from rattler.exceptions import SolverError
from rattler.package import BuildString

CHANNEL = Path(sys.argv[1]).resolve()
PROBE = Path(__file__).with_name("environment_probe.py")
SUBDIRS = ["linux-64", "noarch"]
NEW_HOST = {"__glibc": "2.41", "__linux": "6.1", "__unix": "0", "__cuda": "13.1"}


def read_records() -> dict[str, dict]:
    """Every record of the channel by its file name, the subdir in it."""
    records = {}
    for subdir in SUBDIRS:
        repodata = json.loads((CHANNEL / subdir / "repodata.json").read_text())
        records |= repodata["packages"] | repodata["packages.conda"]
    return records


def solve(
    specs: list[str], gateway: rattler.Gateway | None = None, url: str = CHANNEL.as_uri(), **host: str
) -> list[rattler.RepoDataRecord]:
    """py-rattler's answer for a host that has these virtual packages."""
    virtual = [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString("0"))
        for name, version in host.items()
    ]
    answer = rattler.solve(
        sources=[rattler.Channel(url)],
        specs=specs,
        platforms=SUBDIRS,
        virtual_packages=virtual,
        gateway=gateway or rattler.Gateway(),
    )
    return asyncio.run(answer_of(answer))


async def answer_of(awaitable):
    """The result of something that py-rattler lets one wait for."""
    return await awaitable


def version_of(name: str, records: list[rattler.RepoDataRecord]) -> str:
    """The version at which a solution holds a package."""
    return next(str(record.version) for record in records if record.name.normalized == name)


class GeneratedChannel(unittest.TestCase):
    def test_every_record_is_installable_on_its_own(self) -> None:
        gateway = rattler.Gateway()
        records = read_records()
        self.assertGreater(len(records), 80)
        for file_name, record in sorted(records.items()):
            with self.subTest(file_name):
                solve([f"{record['name']} =={record['version']} {record['build']}"], gateway, **NEW_HOST)

    def test_every_archive_holds_what_its_paths_say(self) -> None:
        for file_name, record in sorted(read_records().items()):
            with self.subTest(file_name):
                archive = CHANNEL / record["subdir"] / file_name
                self.assertEqual(record["sha256"], hashlib.sha256(archive.read_bytes()).hexdigest())
                self.assertEqual(*paths_and_members(archive))

    def test_shards_are_read_over_http(self) -> None:
        asked: list[str] = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments, **options) -> None:
                super().__init__(*arguments, directory=str(CHANNEL), **options)

            def log_message(self, *_: object) -> None:
                asked.append(self.path)

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory() as cache:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            gateway = rattler.Gateway(cache_dir=cache, default_config=rattler.SourceConfig(sharded_enabled=True))
            url = f"http://127.0.0.1:{server.server_port}"
            records = solve(["python 3.11.*", "pandas"], gateway, url, __glibc="2.36", __linux="6.1", __unix="0")
            server.shutdown()
        self.assertEqual("3.11.2", version_of("python", records))
        shards = [path for path in asked if "/shards/" in path]
        self.assertGreater(len(shards), 20, asked)
        self.assertFalse([path for path in asked if "/repodata.json" in path])

    def test_glibc_of_the_host_chooses_the_python(self) -> None:
        old = solve(["python"], __glibc="2.31", __linux="5.4", __unix="0")
        new = solve(["python"], __glibc="2.36", __linux="6.1", __unix="0")
        self.assertEqual("3.9.2", version_of("python", old))
        self.assertEqual("3.11.2", version_of("python", new))
        with self.assertRaisesRegex(SolverError, "__glibc"):
            solve(["python 3.11.*"], __glibc="2.31", __linux="5.4", __unix="0")

    def test_driver_of_the_host_chooses_the_variant(self) -> None:
        host = {"__glibc": "2.36", "__linux": "6.1", "__unix": "0"}
        for driver, variant in ((None, "cpu"), ("12.4", "cuda12"), ("13.1", "cuda130")):
            with self.subTest(driver):
                records = solve(["gpuprobe"], **host, **({"__cuda": driver} if driver else {}))
                build = next(str(record.build) for record in records if record.name.normalized == "gpuprobe")
                self.assertTrue(build.startswith(variant), build)
        with self.assertRaisesRegex(SolverError, "__cuda"):
            solve(["cuda-cudart 13.*"], **host, __cuda="12.4")

    def test_installed_environment_runs_at_any_prefix(self) -> None:
        specs = ["python 3.11.*", "numpy", "pandas", "requests", "rich", "sqlite", "openssl", "prefix-probe", "pip"]
        records = solve(specs, __glibc="2.36", __linux="6.1", __unix="0")
        with tempfile.TemporaryDirectory() as folder:
            for prefix in (Path(folder) / "env", Path(folder) / "with a blank" / "env"):
                with self.subTest(prefix.relative_to(folder)):
                    install(records, prefix, Path(folder) / "cache")
                    self.check_environment(prefix)

    def check_environment(self, prefix: Path) -> None:
        modules = ["numpy", "pandas", "requests", "rich"]
        print(output(prefix / "bin/python", "-W", "ignore", str(PROBE), str(prefix), *modules))
        self.assertEqual(f"{prefix}|{len(str(prefix)) + 28}|probe-ok", output(prefix / "bin/prefix-probe"))
        # Starts only where the path inside the program was replaced rightly.
        self.assertIn("42", output(prefix / "bin/sqlite3", ":memory:", "select 6 * 7"))
        self.assertIn(str(prefix), output(prefix / "bin/pip", "--version"))
        self.assertIn("sys", output(prefix / "bin/pydoc", "sys"))


def paths_and_members(archive: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Path -> digest of the regular files, as info/paths.json says and as the archive holds them."""
    members: dict[str, str] = {}
    with archive.open("rb") as stream:
        components = [CondaComponent.pkg, CondaComponent.info] if archive.suffix == ".conda" else [CondaComponent.pkg]
        for component in components:
            for tar, member in stream_conda_component(archive, stream, component):
                if member.isfile():
                    content = tar.extractfile(member).read()
                    members[member.name] = hashlib.sha256(content).hexdigest()
                    if member.name == "info/paths.json":
                        paths = json.loads(content)["paths"]
    stated = {entry["_path"]: entry["sha256"] for entry in paths if entry["path_type"] == "hardlink"}
    return stated, {name: digest for name, digest in members.items() if not name.startswith("info/")}


def install(records: list[rattler.RepoDataRecord], prefix: Path, cache: Path) -> None:
    """py-rattler's installation of a solution."""
    asyncio.run(answer_of(rattler.install(records, target_prefix=prefix, cache_dir=cache, show_progress=False)))


def output(program: Path, *arguments: str) -> str:
    """What a program of the environment prints, run without the caller's variables."""
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, env={"HOME": "/nonexistent", "LANG": "C.UTF-8"}
    )
    if done.returncode != 0:
        raise AssertionError(f"{program} ended with {done.returncode}: {done.stderr[-800:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    outcome = unittest.main(argv=[sys.argv[0], *sys.argv[2:]], exit=False, verbosity=2).result
    sys.stdout.flush()
    sys.stderr.flush()
    # py-rattler's threads can abort the process while the interpreter shuts down.
    os._exit(0 if outcome.wasSuccessful() else 1)
