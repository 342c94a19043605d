"""SmallWorld behind a server that misbehaves in every way of the table in tests/end_to_end/README.md: plain, TLS, HTTP/2."""

import http.server
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from small_world import SmallWorld

BOMB_MB = 256  # never whole in this process: what it forks would inherit its peak of memory


@dataclass
class Fault:
    """Requests whose path `pattern` finds are answered by `mode`, the first `times` of them."""

    pattern: str
    mode: str
    times: int = 1_000_000
    after: int = 0  # requests that are answered well before
    seen: list[dict[str, str]] = field(default_factory=list)  # the headers of each request that the pattern found


def end_connection(request: http.server.BaseHTTPRequestHandler, hard: bool) -> None:
    """Sends what is buffered, then FIN or RST, and no TLS farewell."""
    request.wfile.flush()
    request.close_connection = True
    connection = request.connection
    if hard:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # `socket.socket.shutdown` would say goodbye in TLS; the raw descriptor says nothing.
    raw = socket.socket(fileno=connection.detach()) if isinstance(connection, ssl.SSLSocket) else connection
    if not hard:
        raw.shutdown(socket.SHUT_RDWR)
    raw.close()


class FaultyWorld(SmallWorld):
    """Misbehaves as `broken` says. /channel0 to /channel9 are other addresses of /channel."""

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(folder)
        self.broken: list[Fault] = []
        self.guard = threading.Lock()
        self.ending = threading.Event()
        self.elsewhere = ""  # where xhost redirects to
        self.server.handle_error = lambda *_: None  # broken connections are what this is about
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.root = f"{'https' if tls else 'http'}://{host}:{self.server.server_port}"
        self.channel, self.index = f"{self.root}/channel", f"{self.root}/simple"

    def fault(self, pattern: str, mode: str, times: int = 1_000_000, after: int = 0) -> Fault:
        self.broken.append(Fault(pattern, mode, times, after))
        return self.broken[-1]

    def __exit__(self, *arguments: object) -> None:
        self.ending.set()
        super().__exit__(*arguments)

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        path = request.path
        request.path = re.sub(r"^/channel\d/", "/channel/", path)
        mode = ""
        with self.guard:
            for fault in self.broken:
                if not re.search(fault.pattern, path):
                    continue
                fault.seen.append({name.lower(): value for name, value in request.headers.items()})
                if fault.after > 0:
                    fault.after -= 1
                elif fault.times > 0:
                    fault.times -= 1
                    mode = fault.mode
                    break
        if not mode:
            return super().answer(request)
        self.requests.append(request.path)
        getattr(self, f"_{mode}")(request)

    # What a good server would send.
    def body(self, request: http.server.BaseHTTPRequestHandler) -> tuple[int, bytes, dict[str, str]]:
        path = request.path
        file = self.folder / path.strip("/")
        if path.startswith("/simple/"):
            file /= "index.json"
        kind = "application/vnd.pypi.simple.v1+json" if path.startswith("/simple/") else "application/octet-stream"
        if not file.is_file():
            return 404, b"", {}
        data = file.read_bytes()
        found = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range") or "")
        if not found:
            return 200, data, {"Content-Type": kind}
        begin = int(found[1]) if found[1] else max(len(data) - int(found[2]), 0)
        end = min(int(found[2]) + 1, len(data)) if found[1] and found[2] else len(data)
        return 206, data[begin:end], {"Content-Type": kind, "Content-Range": f"bytes {begin}-{end - 1}/{len(data)}"}

    def head(self, request: http.server.BaseHTTPRequestHandler, status: int, length: int | None, headers: dict[str, str]) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if length is not None:
            request.send_header("Content-Length", str(length))
        request.end_headers()

    def half(self, request: http.server.BaseHTTPRequestHandler) -> None:
        status, data, headers = self.body(request)
        self.head(request, status, len(data), headers)
        request.wfile.write(data[: len(data) // 2])

    def _trunc(self, request) -> None:
        self.half(request)
        end_connection(request, hard=False)

    def _reset(self, request) -> None:
        self.half(request)
        end_connection(request, hard=True)

    def _refuse(self, request) -> None:
        end_connection(request, hard=True)

    def _unframed(self, request) -> None:
        """Half a body whose end only the connection's end tells, which an attacker may bring about."""
        status, data, headers = self.body(request)
        self.head(request, status, None, {**headers, "Connection": "close"})
        request.wfile.write(data[: len(data) // 2])
        end_connection(request, hard=False)

    def _stall(self, request) -> None:
        self.half(request)
        request.wfile.flush()
        self.ending.wait(45)
        request.close_connection = True

    def _slow(self, request) -> None:
        status, data, headers = self.body(request)
        self.head(request, status, len(data), headers)
        for at in range(0, len(data), 16):
            request.wfile.write(data[at : at + 16])
            request.wfile.flush()
            time.sleep(0.05)

    def _503(self, request) -> None:
        self._send(request, 503, b"busy")

    def _429(self, request) -> None:
        self._send(request, 429, b"slowly", {"Retry-After": "1"})

    def _404(self, request) -> None:
        self._send(request, 404, b"")

    def _407(self, request) -> None:
        self._send(request, 407, b"", {"Proxy-Authenticate": "Basic realm=proxy"})

    def _badbody(self, request) -> None:
        status, data, headers = self.body(request)
        middle = len(data) // 2
        self._send(request, status, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :], headers)

    def _rangelie(self, request) -> None:
        status, data, headers = self.body(request)
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers.get("Content-Range", ""))
        if found:
            headers["Content-Range"] = f"bytes {int(found[1]) + 1}-{int(found[2])}/{found[3]}"
        self._send(request, status, data, headers)

    def _norange(self, request) -> None:
        del request.headers["Range"]
        self._send(request, *self.body(request))

    def _loop(self, request) -> None:
        self._send(request, 302, b"", {"Location": request.path})

    def _xhost(self, request) -> None:
        self._send(request, 302, b"", {"Location": self.elsewhere + request.path})

    def _gzipbomb(self, request) -> None:
        packer = zlib.compressobj(wbits=31)
        packed = packer.compress(b"[") + b"".join(packer.compress(b" " * (1 << 20)) for _ in range(BOMB_MB)) + packer.flush()
        self._send(request, 200, packed, {"Content-Encoding": "gzip", "Content-Type": "application/vnd.pypi.simple.v1+json"})

    def _zstbomb(self, request) -> None:
        made = subprocess.run(["sh", "-c", f"(printf '{{'; head -c {BOMB_MB}M /dev/zero | tr '\\0' ' ') | zstd -qc"], stdout=subprocess.PIPE, check=True)
        packed = made.stdout
        self._send(request, 200, packed)

    def _lenlie(self, request) -> None:
        status, data, headers = self.body(request)
        self._send(request, status, data[: len(data) // 2], headers)

    def _html200(self, request) -> None:
        self._send(request, 200, b"<html><body>Please log in to the network</body></html>", {"Content-Type": "text/html"})

    def _304(self, request) -> None:
        self._send(request, 304, b"", {"ETag": '"never-asked"'})

    def _tagged(self, request) -> None:
        """A good answer under one ETag whatever it holds, that must be revalidated each time."""
        status, data, headers = self.body(request)
        headers |= {"ETag": '"same"', "Cache-Control": "max-age=0"}
        if request.headers.get("If-None-Match") == '"same"':
            return self._send(request, 304, b"", {"ETag": '"other"', "Cache-Control": "max-age=0"})
        self._send(request, status, data, headers)


class Certificates:
    """A certificate authority and certificates of it, made by openssl in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.authority = folder / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                     "-days", "2", "-subj", "/CN=test authority")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "self.key", "-out", "self.pem",
                     "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\n"
            "default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n"
            "[good]\nsubjectAltName=DNS:localhost\n[wronghost]\nsubjectAltName=DNS:other.example\n[expired]\nsubjectAltName=DNS:localhost\n")
        for name in ("good", "wronghost", "expired"):
            self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                         "-subj", f"/CN={name}")
            dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z") if name == "expired" else ("-days", "2")
            self.openssl("ca", "-batch", "-config", "ca.cnf", "-extensions", name, "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext", *dates)

    def openssl(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {words[0]}: {done.stderr}"

    def context(self, name: str, protocol: str = "http/1.1") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        context.set_alpn_protocols([protocol])
        return context


class RawServer:
    """A loopback server of one function for each connection, that is told the connection's number; use as a context."""

    def __init__(self, serve, family: int = socket.AF_INET) -> None:
        self.serve = serve
        self.connections = 0
        self.listener = socket.socket(family)
        self.listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.listener.listen(32)
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.one, args=(connection, self.connections), daemon=True).start()

    def one(self, connection: socket.socket, number: int) -> None:
        try:
            self.serve(connection, number)
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self) -> "RawServer":
        threading.Thread(target=self.run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


class Http2Index:
    """Answers every HTTP/2 request with one page, after `times` faults. Of HTTP/2 it knows just that much: paths stay unread."""

    DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7

    def __init__(self, context: ssl.SSLContext, page: bytes, fault: str, times: int) -> None:
        self.context, self.page, self.fault, self.times = context, page, fault, times
        self.asked = 0

    def __call__(self, connection: socket.socket, _: int) -> None:
        tls = self.context.wrap_socket(connection, server_side=True)
        read = tls.makefile("rb").read
        read(24)
        tls.sendall(frame(self.SETTINGS, 0, 0, b""))
        while len(header := read(9)) == 9:
            kind, flags, stream = header[3], header[4], struct.unpack(">I", header[5:])[0]
            payload = read(int.from_bytes(header[:3], "big"))
            if kind == self.SETTINGS and not flags & 1:
                tls.sendall(frame(self.SETTINGS, 1, 0, b""))
            elif kind == self.PING and not flags & 1:
                tls.sendall(frame(self.PING, 1, 0, payload))
            elif kind == self.HEADERS:
                self.asked += 1
                if not self.answer(tls, stream):
                    return
            elif kind == self.GOAWAY:
                return

    def answer(self, tls: ssl.SSLSocket, stream: int) -> bool:
        name = b"application/vnd.pypi.simple.v1+json"
        head = frame(self.HEADERS, 4, stream, b"\x88\x0f\x10" + bytes([len(name)]) + name)  # :status 200, content-type
        if self.times == 0:
            tls.sendall(head + frame(self.DATA, 1, stream, self.page))
            return True
        self.times -= 1
        half = frame(self.DATA, 0, stream, self.page[: len(self.page) // 2])
        if self.fault == "goaway":  # not even begun
            tls.sendall(frame(self.GOAWAY, 0, 0, struct.pack(">II", 0, 0)))
            return False
        if self.fault == "goaway-half":
            tls.sendall(head + half + frame(self.GOAWAY, 0, 0, struct.pack(">II", stream, 2)))
            return False
        error = 7 if self.fault == "refused" else 2  # REFUSED_STREAM, INTERNAL_ERROR
        tls.sendall((b"" if self.fault == "refused" else head + half) + frame(self.RST_STREAM, 0, stream, struct.pack(">I", error)))
        return True
