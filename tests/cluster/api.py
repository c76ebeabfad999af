"""The few calls of the Kubernetes API that the test cluster itself needs, with the standard library alone.

It speaks to our own API server with the client certificate of a kubeconfig that `kubeconfig.write` made. Not for the
services under test: those use their own client.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cluster import kubeconfig

_TIMEOUT_S = 10.0
_MERGE_PATCH = "application/merge-patch+json"

Json = dict[str, Any]


class ApiError(Exception):
    """The API server answered with an error; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        """Keep both."""
        super().__init__(f"{status}: {message}")
        self.status = status


class Api:
    """A client for one thread; connections are kept open and reopened when the server has closed them."""

    def __init__(self, path: Path) -> None:
        """Read the kubeconfig at `path`; nothing is sent yet."""
        document = kubeconfig.read(path)
        server = urllib.parse.urlsplit(document["clusters"][0]["cluster"]["server"])
        self._host, self._port = server.hostname or "", server.port or 443
        self._tls = _tls(document)
        self._connection: http.client.HTTPSConnection | None = None

    def get(self, path: str) -> Json:
        """Return the object or list at `path`, such as `/api/v1/nodes`."""
        return self._call("GET", path)

    def text(self, path: str) -> str:
        """Return what is at `path` as text: a pod's log."""
        return self._send("GET", path, None, "application/json").decode(errors="replace")

    def post(self, path: str, body: Json) -> Json:
        """Create an object."""
        return self._call("POST", path, body)

    def put(self, path: str, body: Json) -> Json:
        """Replace an object."""
        return self._call("PUT", path, body)

    def patch(self, path: str, body: Json, *, content_type: str = _MERGE_PATCH) -> Json:
        """Merge `body` into an object."""
        return self._call("PATCH", path, body, content_type=content_type)

    def delete(self, path: str, body: Json | None = None) -> Json:
        """Delete an object; `body` may be DeleteOptions."""
        return self._call("DELETE", path, body)

    def ready(self) -> bool:
        """Say whether the API server is up and ready; never raises."""
        try:
            self._call("GET", "/readyz")
        except (OSError, http.client.HTTPException, ApiError):
            return False
        return True

    def watch(self, path: str, *, timeout_s: int = 300) -> Iterator[Json]:
        """Yield watch events from `path` (which may have a query) until the server ends the watch."""
        query = f"{'&' if '?' in path else '?'}watch=true&timeoutSeconds={timeout_s}"
        connection = self._open(timeout_s + _TIMEOUT_S)
        try:
            connection.request("GET", path + query)
            response = connection.getresponse()
            if response.status >= 400:
                raise ApiError(response.status, response.read().decode(errors="replace"))
            for line in response:
                yield json.loads(line)
        finally:
            connection.close()

    def close(self) -> None:
        """Close the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _open(self, timeout_s: float) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._tls)

    def _call(
        self, method: str, path: str, body: Json | None = None, *, content_type: str = "application/json"
    ) -> Json:
        text = self._send(method, path, body, content_type)
        found: Json = json.loads(text) if text.startswith(b"{") else {}
        return found

    def _send(self, method: str, path: str, body: Json | None, content_type: str) -> bytes:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        payload = None if body is None else json.dumps(body).encode()
        self._connection = self._connection or self._open(_TIMEOUT_S)
        try:
            self._connection.request(method, path, payload, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if response.status >= 400:
            raise ApiError(response.status, _message(text))
        return text


def _message(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:500]


def _tls(document: Json) -> ssl.SSLContext:
    """Build the context; `ssl` takes a client certificate only from files, so these exist for a moment."""
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.TemporaryDirectory() as scratch:
        pair = Path(scratch) / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        context.load_cert_chain(pair)
    return context
