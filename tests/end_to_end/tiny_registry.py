"""A registry on loopback that keeps images in memory, counts what is sent, and can be told to misbehave."""

import base64
import hashlib
import http.server
import json
import secrets
import threading
from urllib.parse import parse_qs, urlsplit

MOST_BYTES = 1 << 30


class TinyRegistry:
    """Speaks what a push and a pull need; use as a context.

    `user` ("name:password") asks for a token, which `token_server` gives for that login alone; `public` asks for one, which everybody gets.
    `faults` holds, by method, how often a request of it is answered by 503 after half of its body.
    """

    def __init__(self, user: str = "", public: bool = False) -> None:
        self.user = user
        self.public = public
        self.token = secrets.token_hex(8)
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.uploads: dict[str, bytearray] = {}
        self.faults: dict[str, int] = {}
        self.requests: list[str] = []
        self.tokens_given = 0
        self.received = 0
        self.lock = threading.Lock()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                registry.answer(self)

            do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = serve

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "TinyRegistry":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def hold(self, repository: str, tag: str, layers: list[tuple[str, bytes]]) -> list[str]:
        """Holds an artifact of these layers (media type, bytes); their digests."""
        named = []
        for media_type, data in layers:
            named.append({"mediaType": media_type, "digest": "sha256:" + hashlib.sha256(data).hexdigest(), "size": len(data)})
            self.blobs[repository, named[-1]["digest"]] = data
        kind = "application/vnd.oci.image.manifest.v1+json"
        document = {"schemaVersion": 2, "mediaType": kind, "config": {"mediaType": "application/vnd.unknown.config.v1+json"}, "layers": named}
        self.manifests[repository, tag] = (kind, json.dumps(document).encode())
        return [layer["digest"] for layer in named]

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """One request."""
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        size = int(request.headers.get("Content-Length", "0"))
        assert size <= MOST_BYTES
        with self.lock:
            self.requests.append(f"{request.command} {request.path}")
            faulty = size > 0 and self.faults.get(request.command, 0) > 0
            if faulty:
                self.faults[request.command] -= 1
        body = request.rfile.read(size // 2 if faulty else size)
        with self.lock:
            self.received += len(body)
        if parts.path == "/token":
            return self._give_token(request)
        if (self.user or self.public) and request.headers.get("Authorization") != f"Bearer {self.token}":
            challenge = f'Bearer realm="http://{self.host}/token",service="tiny"'
            return self._send(request, 401, b'{"errors":[{"code":"UNAUTHORIZED"}]}', {"WWW-Authenticate": challenge})
        if faulty:
            if request.command == "PATCH":
                self.uploads[parts.path.rsplit("/", 1)[1]] += body
            self._send(request, 503, b"", {"Connection": "close"})
            request.close_connection = True
            return None
        if parts.path == "/v2/":
            return self._send(request, 200)
        repository, _, rest = parts.path.removeprefix("/v2/").rpartition("/blobs/" if "/blobs/" in parts.path else "/manifests/")
        if "/manifests/" in parts.path:
            return self._manifest(request, repository, rest, body)
        if not rest.startswith("uploads/"):
            return self._blob(request, repository, rest)
        return self._upload(request, repository, rest.removeprefix("uploads/"), query, body)

    def _give_token(self, request: http.server.BaseHTTPRequestHandler) -> None:
        login = "Basic " + base64.b64encode(self.user.encode()).decode()
        if not self.public and request.headers.get("Authorization") != login:
            return self._send(request, 401, b'{"errors":[{"code":"UNAUTHORIZED"}]}')
        self.tokens_given += 1
        return self._send(request, 200, json.dumps({"token": self.token}).encode())

    def _manifest(self, request: http.server.BaseHTTPRequestHandler, repository: str, name: str, body: bytes) -> None:
        if request.command == "PUT":
            document = json.loads(body)
            named = [document["config"], *document["layers"]]
            missing = [entry["digest"] for entry in named if (repository, entry["digest"]) not in self.blobs]
            if missing:
                return self._send(request, 400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            for key in (name, digest):
                self.manifests[repository, key] = (request.headers["Content-Type"], body)
            return self._send(request, 201, b"", {"Docker-Content-Digest": digest, "Location": f"/v2/{repository}/manifests/{digest}"})
        found = self.manifests.get((repository, name))
        if found is None:
            return self._send(request, 404)
        return self._send(request, 200, found[1], {"Content-Type": found[0], "Docker-Content-Digest": "sha256:" + hashlib.sha256(found[1]).hexdigest()})

    def _blob(self, request: http.server.BaseHTTPRequestHandler, repository: str, digest: str) -> None:
        found = self.blobs.get((repository, digest))
        if found is None:
            return self._send(request, 404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        return self._send(request, 200, found, {"Docker-Content-Digest": digest})

    def _upload(self, request: http.server.BaseHTTPRequestHandler, repository: str, name: str, query: dict[str, list[str]], body: bytes) -> None:
        if request.command == "POST":
            if "mount" in query and (query["from"][0], query["mount"][0]) in self.blobs:
                self.blobs[repository, query["mount"][0]] = self.blobs[query["from"][0], query["mount"][0]]
                return self._send(request, 201, b"", {"Location": f"/v2/{repository}/blobs/{query['mount'][0]}"})
            name = secrets.token_hex(8)
            self.uploads[name] = bytearray()
            return self._send(request, 202, b"", {"Location": f"/v2/{repository}/blobs/uploads/{name}?_state={secrets.token_hex(4)}"})
        if name not in self.uploads:
            return self._send(request, 404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
        if request.command == "DELETE":
            del self.uploads[name]
            return self._send(request, 204)
        held = self.uploads[name]
        if request.command == "PATCH":
            if int(request.headers.get("Content-Range", f"{len(held)}-").split("-")[0]) != len(held):
                return self._send(request, 416)
            held += body
        if request.command == "PUT":
            data = bytes(held) + body
            if "sha256:" + hashlib.sha256(data).hexdigest() != query["digest"][0]:
                return self._send(request, 400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
            self.blobs[repository, query["digest"][0]] = data
            del self.uploads[name]
            return self._send(request, 201, b"", {"Location": f"/v2/{repository}/blobs/{query['digest'][0]}"})
        status = 202 if request.command == "PATCH" else 204
        headers = {"Location": f"/v2/{repository}/blobs/uploads/{name}?_state={secrets.token_hex(4)}", "Range": f"0-{max(len(held) - 1, 0)}"}
        return self._send(request, status, b"", headers)

    @staticmethod
    def _send(request: http.server.BaseHTTPRequestHandler, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
