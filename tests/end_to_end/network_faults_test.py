"""Every row of the table of network faults, by the whole program against a loopback server that misbehaves so.

Usage: network_faults_test.py AIMLOCK [ROW…]

A row holds when exit code, message, number of requests and time are as they must be; when what failed left nothing behind (no lock, no
prefix); and when the same cache, at a good server afterwards, gives the same lock and the same prefix as a cache that saw no fault.
Prints the table.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from fault_sweep import tree
from faulty_world import Certificates, Fault, FaultyWorld, Http2Index, RawServer
from shard_faults import ShardRows

AIMLOCK = str(Path(sys.argv[1]).resolve())
MANIFEST = """
[workspace]
channels = {channels}
[dependencies]
python = "3.12.*"
numpy = "*"
[pypi-dependencies]
thinc = "==8.2.5"
[pypi-options]
index-url = "{index}"
[targets.cpu]
platform = "linux-64"
"""
PAGE, WHEEL = "/simple/thinc/", "thinc-8.2.5-py3-none-any.whl$"
REPODATA, ARCHIVE = "linux-64/repodata.json.zst", "libone-1.0-0.tar.bz2"
DOCUMENTS = (PAGE, REPODATA)
ARCHIVES = (WHEEL, ARCHIVE)
MEMORY_KB = 400_000  # far below what a bomb unpacks to, with what a build for debugging needs


class Broken(Exception):
    """What a row found wrong."""


def check(holds: object, what: object) -> None:
    if not holds:
        raise Broken(what)


class Run:
    """A finished program, with its time and memory."""

    def __init__(self, words: tuple[str, ...], folder: Path, environment: dict[str, str]) -> None:
        began = time.monotonic()
        with (folder / "stderr").open("w+") as stderr:
            process = subprocess.Popen([AIMLOCK, *words], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            stderr.seek(0)
            self.text = stderr.read()
        self.seconds, self.memory_kb = time.monotonic() - began, usage.ru_maxrss

    def expect(self, code: int, *named: str, within: float = 20) -> "Run":
        check(self.code == code, f"exit {self.code}, not {code}: {self.text}")
        for word in named:
            check(word in self.text, f"does not say `{word}`: {self.text}")
        check(self.seconds < within, f"{self.seconds:.1f} s")
        check("canary" not in self.text, "shows a secret")
        return self


class Case:
    """A project with its world, its cache, and what both give when nothing is wrong."""

    def __init__(self, folder: Path, **world: object) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.world = FaultyWorld(folder / "world", **world)
        self.world.__enter__()
        self.lock, self.prefix = folder / "aimlock.lock", folder / "env"
        self.variables: dict[str, str] = {}
        self.write([self.world.channel], self.world.index)

    def write(self, channels: list[str], index: str) -> None:
        (self.folder / "aimlock.toml").write_text(MANIFEST.format(channels=json.dumps(channels), index=index))

    def run(self, *words: str, cache: str = "cache", **variables: str) -> Run:
        access = ("proxy", "SSL_CERT", "PIP_", "UV_", "NETRC")
        clean = {name: value for name, value in os.environ.items() if not any(word.lower() in name.lower() for word in access)}
        settings = {"XDG_CACHE_HOME": str(self.folder / cache), "HOME": str(self.folder), "NO_COLOR": "1"}
        return Run(words, self.folder, clean | settings | self.variables | variables)

    def install(self, **more: str) -> Run:
        return self.run("install", "--prefix", str(self.prefix), **more)

    def reference(self) -> None:
        """What a cache that saw no fault gives."""
        self.run("solve", cache="reference").expect(0)
        self.good_lock = self.lock.read_bytes()
        self.install(cache="reference").expect(0)
        self.good_tree = tree(self.prefix)
        shutil.rmtree(self.prefix)
        self.lock.unlink()
        self.asked = list(self.world.requests)
        self.world.requests.clear()

    def afterwards(self, run: Run) -> None:
        """Nothing half-made, and the cache as good as new."""
        if run.code != 0:
            check(not self.prefix.exists(), "a prefix after a failure")
            left = [path.name for path in self.folder.iterdir() if path.name.startswith((".", "env", "aimlock.lock."))]
            check(not left, f"left behind: {left}")
        self.world.broken.clear()
        damaged = self.run("cache", "verify")
        check(damaged.code == 0, f"the cache is damaged: {damaged.text}")
        self.run("solve").expect(0)
        check(self.lock.read_bytes() == self.good_lock, "another lock afterwards")
        self.install().expect(0)
        check(tree(self.prefix) == self.good_tree, "another prefix afterwards")

    def __enter__(self) -> "Case":
        return self

    def __exit__(self, *_: object) -> None:
        self.world.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)


class Rows(ShardRows):
    """One method a row: its name behind `row_`. They return what is worth telling."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificates = Certificates(folder / "certificates")
        self.count = 0

    def case(self, **world: object) -> Case:
        self.count += 1
        return Case(self.folder / f"{sys._getframe(1).f_code.co_name}-{self.count}" / "project", **world)

    def tls(self, name: str = "good") -> Case:
        return self.case(tls=self.certificates.context(name), host="localhost")

    def faulty(self, pattern: str, mode: str, code: int, *named: str, times: int = 1_000_000, within: float = 20,
               prepare=None) -> tuple[Run, Fault]:
        """Documents are asked for by solve, archives by install."""
        with self.case() as case:
            case.reference()
            if prepare:
                prepare(case)
            installs = pattern in ARCHIVES
            if installs:
                case.run("solve").expect(0)
            fault = case.world.fault(pattern, mode, times)
            run = (case.install() if installs else case.run("solve")).expect(code, *named, within=within)
            if code != 0 and not installs:
                check(not case.lock.exists(), "a lock after a failure")
            case.afterwards(run)
            return run, fault

    def each(self, patterns: tuple[str, ...], mode: str, code: int, requests: int, **more: object) -> str:
        told = []
        for pattern in patterns:
            name = pattern.strip("$/").rsplit("/")[-1]
            run, fault = self.faulty(pattern, mode, code, *([name.split("-")[0]] if code else []), **more)
            check(len(fault.seen) == requests, f"{pattern}: {len(fault.seen)} requests, not {requests}")
            told.append(run.seconds)
        return f"exit {code}, {requests} requests, {max(told):.1f} s"

    def row_ok(self) -> str:
        with self.case() as case:
            case.reference()
            run = case.run("solve").expect(0)
            asked = len(case.world.requests)
            case.afterwards(run)
            return f"exit 0, {asked} requests, {run.seconds:.1f} s"

    def row_trunc(self) -> str:
        once = self.each(DOCUMENTS, "trunc", 0, 2, times=1)
        self._resumes("trunc")
        return self.each(DOCUMENTS + ARCHIVES, "trunc", 2, 4) + f"; once: {once}, archives go on by Range"

    def row_reset(self) -> str:
        once = self.each(DOCUMENTS, "reset", 0, 2, times=1)
        self._resumes("reset")
        return self.each(DOCUMENTS + ARCHIVES, "reset", 2, 4) + f"; once: {once}"

    def _resumes(self, mode: str) -> None:
        for pattern in ARCHIVES:
            _, fault = self.faulty(pattern, mode, 0, times=1)
            check(len(fault.seen) == 2, f"{len(fault.seen)} requests")
            # RST also takes what has come and was not read yet: then there is nothing to go on from.
            check(mode == "reset" or "range" in fault.seen[1], f"begins again: {fault.seen[1]}")

    def row_stall(self) -> str:
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda pattern: self.each((pattern,), "stall", 2, 4, within=30), DOCUMENTS + ARCHIVES))
        return max(told)

    def row_slow(self) -> str:
        return self.each((PAGE, REPODATA, ARCHIVE), "slow", 0, 1)

    def row_503x2(self) -> str:
        return self.each(DOCUMENTS + ARCHIVES, "503", 0, 3, times=2)

    def row_429(self) -> str:
        told = self.each(DOCUMENTS + ARCHIVES, "429", 0, 2, times=1)
        run, _ = self.faulty(PAGE, "429", 0, times=1)
        check(run.seconds >= 1, "did not wait as it was asked to")
        return told

    def row_503x9(self) -> str:
        return self.each(DOCUMENTS + ARCHIVES, "503", 2, 4, times=9)

    def row_badbody(self) -> str:
        once = self.each(ARCHIVES, "badbody", 0, 2, times=1)
        self.faulty(REPODATA, "badbody", 2, "repodata")
        for pattern in ARCHIVES:
            self.faulty(pattern, "badbody", 2, "sha256")
        return self.each(ARCHIVES, "badbody", 2, 2) + f"; once: {once}"

    def row_rangelie(self) -> str:
        # METADATA comes by a range of the wheel; archives go on by Range after they broke.
        run, _ = self.faulty("/files/tool-1.0", "rangelie", 0)
        for pattern in ARCHIVES:
            self._broken_then(pattern, "rangelie")
        return f"exit 0, from the start, {run.seconds:.1f} s"

    def row_norange(self) -> str:
        run, _ = self.faulty("/files/tool-1.0", "norange", 0)
        for pattern in ARCHIVES:
            self._broken_then(pattern, "norange")
        return f"exit 0, {run.seconds:.1f} s"

    def _broken_then(self, pattern: str, mode: str) -> None:
        def break_first(case: Case) -> None:
            case.run("solve").expect(0)
            case.world.fault(pattern, "trunc", 1)
        self.faulty(pattern, mode, 0, times=3, prepare=break_first)

    def row_loop(self) -> str:
        return self.each(DOCUMENTS + ARCHIVES, "loop", 2, 11)

    def row_xhost(self) -> str:
        with self.case() as case, self.case() as other:
            with_login = case.world.root.replace("http://", "http://user:canary@")
            case.write([with_login + "/channel"], with_login + "/simple")
            case.reference()
            case.world.elsewhere = other.world.root
            there = other.world.fault(".", "nothing", 0)
            here = case.world.fault(f"{PAGE}|{REPODATA}", "xhost")
            run = case.run("solve").expect(0)
            check(len(here.seen) == 2 and all("authorization" in seen for seen in here.seen), "no login where it belongs")
            check(there.seen and not any("authorization" in seen for seen in there.seen), "credentials went to another host")
            for file in [case.lock, *(case.folder / "cache").rglob("*")]:
                check(not file.is_file() or b"canary" not in file.read_bytes(), f"a secret in {file}")
            return f"exit 0, no login at the other host, {run.seconds:.1f} s"

    def row_gzipbomb(self) -> str:
        told = []
        for pattern, mode in ((PAGE, "gzipbomb"), (REPODATA, "zstbomb"), (REPODATA, "gzipbomb"), (ARCHIVE, "gzipbomb"), (WHEEL, "gzipbomb")):
            run, _ = self.faulty(pattern, mode, 2, within=8)
            check(run.memory_kb < MEMORY_KB, f"{mode} of {pattern}: {run.memory_kb} kB of memory, {run.text}")
            told.append((run.seconds, run.memory_kb))
        return f"exit 2, {max(seconds for seconds, _ in told):.1f} s, at most {max(kb for _, kb in told) // 1024} MiB"

    def row_lenlie(self) -> str:
        for pattern in DOCUMENTS:
            self.faulty(pattern, "lenlie", 2)
        self.faulty(ARCHIVE, "lenlie", 2, "bytes arrived, but the lock promises")
        return self.each(ARCHIVES, "lenlie", 2, 2)

    def row_html200(self) -> str:
        for pattern in DOCUMENTS:
            self.faulty(pattern, "html200", 2, "captive portal")
        return self.each(ARCHIVES, "html200", 2, 2)

    def row_dns(self) -> str:
        with self.case() as case:
            case.reference()
            case.write([case.world.channel], "http://no-such-host.invalid/simple")
            run = case.run("solve").expect(2, "no-such-host.invalid", within=30)
            check(not case.lock.exists(), "a lock")
            case.write([case.world.channel], case.world.index)
            case.afterwards(run)
            return f"exit 2, {run.seconds:.1f} s"

    def row_ipv6_blackhole(self) -> str:
        """`localhost` has an address that swallows every packet: a full queue of connections that nobody accepts."""
        with self.case(host="localhost") as case:
            hole = socket.socket(socket.AF_INET6)
            crowd = []
            try:
                hole.bind(("::1", case.world.server.server_port))
                hole.listen(0)
                for _ in range(4):
                    one = socket.socket(socket.AF_INET6)
                    one.setblocking(False)
                    one.connect_ex(("::1", case.world.server.server_port))
                    crowd.append(one)
                case.reference()
                run = case.run("solve").expect(0, within=5)
                case.afterwards(run)
                return f"exit 0, {run.seconds:.1f} s"
            finally:
                for one in [hole, *crowd]:
                    one.close()

    def _distrusted(self, name: str) -> str:
        with self.tls(name) as case:
            case.variables = {"SSL_CERT_FILE": str(self.certificates.authority)}
            run = case.run("solve").expect(2, "localhost", "certificate", within=5)
            check(not case.lock.exists() and not case.world.requests, "asked all the same")
            return f"exit 2, 0 requests, {run.seconds:.1f} s"

    def row_tls_expired(self) -> str:
        return self._distrusted("expired")

    def row_tls_wrong_host(self) -> str:
        with self.tls("wronghost") as case:
            case.variables = {"SSL_CERT_FILE": str(self.certificates.authority)}
            run = case.run("solve").expect(2, "localhost", within=5)
            check(not case.lock.exists() and not case.world.requests, "asked all the same")
            return f"exit 2, 0 requests, {run.seconds:.1f} s"

    def row_tls_self_signed(self) -> str:
        return self._distrusted("self")

    def row_tls_unknown_authority(self) -> str:
        with self.tls() as case:
            run = case.run("solve").expect(2, "localhost", "SSL_CERT_FILE", within=5)
            check(not case.lock.exists() and not case.world.requests, "asked all the same")
            return f"exit 2, names SSL_CERT_FILE, {run.seconds:.1f} s"

    def row_tls_own_authority(self) -> str:
        with self.tls() as case:
            case.variables = {"SSL_CERT_FILE": str(self.certificates.authority)}
            case.reference()
            run = case.run("solve").expect(0)
            case.afterwards(run)
            return f"exit 0 by SSL_CERT_FILE, {run.seconds:.1f} s"

    def row_tls_cut(self) -> str:
        """In the handshake, in a body, and where only the connection's end would end the body."""
        for mode, code, asked in (("trunc", 0, 2), ("reset", 0, 2), ("unframed", 2, 1)):
            with self.tls() as case:
                case.variables = {"SSL_CERT_FILE": str(self.certificates.authority)}
                case.reference()
                fault = case.world.fault(PAGE, mode, 1)
                run = case.run("solve").expect(code)
                check(len(fault.seen) == asked, f"{mode}: {len(fault.seen)} requests")
                case.afterwards(run)
        with self.case() as case:
            case.reference()
            with RawServer(lambda connection, _: connection.recv(100)) as server:
                case.write([case.world.channel], f"https://localhost:{server.port}/simple")
                run = case.run("solve").expect(2, "localhost", within=8)
                check(server.connections == 4, f"{server.connections} handshakes")
            case.write([case.world.channel], case.world.index)
            case.afterwards(run)
        return f"once: exit 0; a body that only the connection ends: exit 2; handshakes: exit 2 after 4 tries, {run.seconds:.1f} s"

    def _http2(self, fault: str) -> str:
        told = ""
        for times, code, asked in ((1, 0, 2), (1_000_000, 2, 4)):
            with self.case() as case:
                case.reference()
                page = json.loads((case.folder / "world/simple/thinc/index.json").read_text())
                for file in page["files"]:
                    file["url"] = f"{case.world.root}/files/{file['filename']}"
                index = Http2Index(self.certificates.context("good", "h2"), json.dumps(page).encode(), fault, times)
                with RawServer(index) as server:
                    case.write([case.world.channel], case.world.index)
                    manifest = case.folder / "aimlock.toml"
                    good = manifest.read_text()
                    manifest.write_text(good.replace('thinc = "==8.2.5"', f'thinc = {{ version = "==8.2.5", index = "https://localhost:{server.port}/simple" }}'))
                    run = case.run("solve", SSL_CERT_FILE=str(self.certificates.authority)).expect(code, *(["localhost"] if code else []))
                    # curl itself repeats, five times, what a server says it did not even begin.
                    tries = asked * 6 if code and fault == "refused" else asked
                    check(index.asked == tries, f"{index.asked} requests, not {tries}")
                    manifest.write_text(good)
                case.lock.unlink(missing_ok=True)
                case.afterwards(run)
                told = f"once: exit 0; always: exit 2 after {asked} tries, {run.seconds:.1f} s"
        return told

    def row_http2_goaway(self) -> str:
        self._http2("goaway-half")
        return self._http2("goaway")

    def row_http2_rst_stream(self) -> str:
        self._http2("refused")
        return self._http2("internal-error")

    def row_304_without_cache(self) -> str:
        return self.each(DOCUMENTS, "304", 2, 1)

    def row_etag_lie(self) -> str:
        """One ETag for two contents, and a 304 that names another one than was asked about."""
        with self.case() as case:
            case.reference()
            fault = case.world.fault(PAGE, "tagged")
            case.run("solve").expect(0)
            case.lock.unlink()
            run = case.run("solve").expect(0)
            check([seen.get("if-none-match") for seen in fault.seen] == [None, '"same"', None], fault.seen)
            case.afterwards(run)
            return f"exit 0, asked again for the whole, {run.seconds:.1f} s"

    def row_repodata_changed(self) -> str:
        """Between the head and the end of a body: the connection breaks, and what is asked for again is another document."""
        with self.case() as case:
            file = case.folder / "world/channel" / REPODATA
            old = file.read_bytes()
            plain = subprocess.run(["zstd", "-dqc"], input=old, stdout=subprocess.PIPE, check=True).stdout
            document = json.loads(plain)
            document["packages"] = {name: record for name, record in document["packages"].items() if "numpy-2" not in name}
            document["info"]["grown"] = "x" * 5000
            new = subprocess.run(["zstd", "-qc"], input=json.dumps(document).encode(), stdout=subprocess.PIPE, check=True).stdout
            file.write_bytes(new)
            case.reference()
            file.write_bytes(old)
            fault = case.world.fault(REPODATA, "trunc", 1)
            half = case.world.half

            def change(request) -> None:
                half(request)
                file.write_bytes(new)
            case.world.half = change
            run = case.run("solve").expect(0)
            check(len(fault.seen) == 2 and "range" not in fault.seen[1], "goes on with another document")
            check(case.lock.read_bytes() == case.good_lock, "not the new document's lock")
            case.afterwards(run)
            return f"exit 0, the new document whole, {run.seconds:.1f} s"

    def row_one_channel_of_five(self) -> str:
        told = []
        for mode in ("503", "refuse", "404"):
            with self.case() as case:
                case.write([f"{case.world.root}/channel{number}" for number in range(5)], case.world.index)
                case.reference()
                case.world.fault("^/channel3/", mode)
                run = case.run("solve").expect(2, "/channel3")
                check(not case.lock.exists(), "a lock of four channels")
                told.append(run.seconds)
                case.world.broken.clear()
                if mode != "404":  # a channel that is not there is remembered as that for a while
                    case.afterwards(run)
        return f"exit 2, names it, {max(told):.1f} s"

    def row_proxy_407(self) -> str:
        with self.case() as case:
            case.reference()
            proxy = case.world.fault("index.invalid", "407")
            with RawServer(lambda connection, _: (connection.recv(4096), connection.sendall(
                    b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"))) as tunnel:
                for scheme, address in (("http", case.world.root), ("https", f"http://127.0.0.1:{tunnel.port}")):
                    case.write([str(case.folder / "world/channel")], f"{scheme}://index.invalid/simple")
                    run = case.run("solve", http_proxy=address, https_proxy=address).expect(2, "407", f"{scheme}_proxy", within=5)
                    check(not case.lock.exists(), "a lock")
                check((len(proxy.seen), tunnel.connections) == (1, 1), f"{len(proxy.seen)} and {tunnel.connections} requests")
            case.write([case.world.channel], case.world.index)
            case.afterwards(run)
            return f"exit 2, 1 request, {run.seconds:.1f} s"

    def row_fan_out_with_errors(self) -> str:
        """Every page and wheel of the index by a request of its own, and one in three of them broken once."""
        with self.case() as case:
            case.reference()
            paths = sorted(path for path in set(case.asked) if path.startswith("/simple/part") or path.endswith(".whl"))
            modes = ("503", "reset", "trunc", "refuse")
            faults = [case.world.fault(path + "$", modes[number % 4], 1) for number, path in enumerate(paths[::3])]
            run = case.run("solve").expect(0)
            check(all(fault.seen for fault in faults), f"not all were asked for: {[fault.pattern for fault in faults]}")
            case.afterwards(run)
            return f"exit 0, {len(faults)} requests broken once, {run.seconds:.1f} s"

    def row_offline(self) -> str:
        with self.case() as case:
            case.reference()
            case.run("solve").expect(0)
            case.install().expect(0)
            case.lock.unlink()
            shutil.rmtree(case.prefix)
            case.world.requests.clear()
            run = case.run("solve", "--offline").expect(0)
            case.run("install", "--offline", "--prefix", str(case.prefix)).expect(0)
            check(not case.world.requests, f"asked for {case.world.requests}")
            case.afterwards(run)
            return f"exit 0, 0 requests, {run.seconds:.1f} s"


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="aimlock-network-"))
    try:
        rows = Rows(folder)
        names = sys.argv[2:] or [name.removeprefix("row_") for name in dir(rows) if name.startswith("row_")]

        def one(name: str) -> tuple[bool, str]:
            try:
                return True, getattr(rows, f"row_{name}")()
            except Broken as broken:
                return False, str(broken)
            except Exception as error:  # a row that cannot run has not passed
                return False, f"{type(error).__name__}: {error}"

        with ThreadPoolExecutor(6) as pool:
            # The one that waits longest begins first.
            order = sorted(names, key=lambda name: name != "stall")
            told = dict(zip(order, pool.map(one, order)))
        for name in names:
            passed, text = told[name]
            print(f"| {name} | {'passed' if passed else 'FAILED'} | {text} |")
        passed = sum(passed for passed, _ in told.values())
        print(f"{passed} of {len(names)} rows passed")
        return 0 if passed == len(names) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
