"""Serves folders over TLS and HTTP/2 on loopback, through a line with a round trip and a bandwidth of one's own."""
import contextlib
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

CONFIGURATION = """
worker_processes 1;
daemon off;
pid {work}/nginx.pid;
error_log {work}/nginx.err;
events {{ worker_connections 4096; }}
http {{
  log_format requests '$request_method $uri $status $body_bytes_sent $server_protocol';
  access_log {work}/requests.log requests;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
  uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  types {{ application/vnd.pypi.simple.v1+json json; application/octet-stream metadata msgpack zst whl; }}
  sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000;
  ssl_certificate {work}/leaf.pem; ssl_certificate_key {work}/leaf.key;
  ssl_session_cache shared:s:4m; ssl_protocols TLSv1.3;
  http2_max_concurrent_streams 128;
  index index.json;
  map $uri $lifetime {{ ~^/simple/ "max-age=600, public"; default "max-age=365000000, immutable, public"; }}
  server {{ listen 127.0.0.1:{public_port} ssl http2; root {public}; gzip_static on; etag on; add_header Cache-Control $lifetime; }}
  server {{ listen 127.0.0.1:{poor_port} ssl http2; root {poor}; etag off; if_modified_since off; add_header Last-Modified ""; }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificates(work):
    """An authority (ca.pem) and a leaf for localhost: some clients refuse a leaf that signs itself."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=work, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-days", "30", "-subj", "/CN=replay", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr")
    (work / "leaf.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "leaf.ext", "-out", "leaf.pem")


def build(work, name, *libraries):
    """Compiles the program `name` of this folder into `work`."""
    program = work / name
    source = HERE / f"{name}.cpp"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["c++", "-std=c++20", "-O2", "-o", str(program), str(source),
                        *(f"-l{library}" for library in libraries), "-lpthread"], check=True)
    return program


@contextlib.contextmanager
def running(command, port):
    """A process that listens on `port`, ended on leaving."""
    process = subprocess.Popen(command)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.01)
        yield process
    finally:
        process.terminate()
        process.wait()


@dataclass
class Served:
    work: Path
    public_port: int
    poor_port: int

    @property
    def authority(self):
        return self.work / "ca.pem"

    def requests(self):
        """(method, path, status, body bytes) of every request since the last call."""
        log = self.work / "requests.log"
        rows = [line.split() for line in log.read_text().splitlines()]
        with log.open("r+") as file:
            file.truncate(0)
        return [(method, path, int(status), int(size)) for method, path, status, size, _ in rows]

    @contextlib.contextmanager
    def delayed(self, port, round_trip_ms, bytes_per_second=0):
        """The port at which `port` answers over a line of that round trip; `port` itself where there is neither."""
        if not round_trip_ms and not bytes_per_second:
            yield port
            return
        line = free_port()
        with running([str(build(self.work, "delay_line")), str(line), str(port), str(round_trip_ms / 2),
                      str(bytes_per_second)], line):
            yield line


@contextlib.contextmanager
def served(work, public, poor):
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    work.mkdir(parents=True, exist_ok=True)
    make_certificates(work)
    ports = free_port(), free_port()
    configuration = work / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(work=work, public=public, poor=poor, public_port=ports[0], poor_port=ports[1]))
    (work / "requests.log").write_text("")
    with running([nginx, "-c", str(configuration), "-e", str(work / "nginx.err")], ports[0]):
        served_here = Served(work, *ports)
        served_here.requests()
        yield served_here
