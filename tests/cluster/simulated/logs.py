"""The port of the simulated kubelet that the API server asks for containers' logs.

`GET /containerLogs/NAMESPACE/POD/CONTAINER?previous=…&tailLines=…` over TLS: that is what `kubectl logs` ends up as.
Nothing else is served: there is nothing to execute in. The API server of this form of cluster does not check the
certificate, and who may read logs it has checked before it asks.
"""

from __future__ import annotations

import http.server
import ssl
import threading
import urllib.parse
from typing import Protocol


class Read(Protocol):
    """Finds a container's log as pairs of time and line; `LookupError`, worded as the kubelet does, for none."""

    def __call__(self, namespace: str, pod: str, container: str, *, previous: bool) -> list[tuple[str, str]]:
        """Return the log of the running, or of the previous, container."""


def serve(certificate: str, key: str, read: Read) -> int:
    """Serve in a thread on a free port of loopback, and return the port; `read` finds a log or raises `LookupError`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*_respond(self.path, read))

        def log_message(self, *_: object) -> None:
            """Stay silent."""

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True, name="logs").start()
    return int(server.server_address[1])


def _respond(target: str, read: Read) -> tuple[int, str]:
    url = urllib.parse.urlsplit(target)
    query = {name: values[0] for name, values in urllib.parse.parse_qs(url.query).items()}
    parts = url.path.strip("/").split("/")
    if len(parts) != 4 or parts[0] != "containerLogs":
        return 404, "the simulated node serves logs only\n"
    _, namespace, pod, container = parts
    try:
        log = read(namespace, pod, container, previous=query.get("previous") == "true")
    except LookupError as error:
        return 400, str(error.args[0])
    stamped = query.get("timestamps") == "true"
    lines = [f"{moment} {line}\n" if stamped else f"{line}\n" for moment, line in log]
    if "tailLines" in query:
        lines = lines[max(0, len(lines) - int(query["tailLines"])) :]
    text = "".join(lines)
    return 200, text[: int(query["limitBytes"])] if "limitBytes" in query else text
