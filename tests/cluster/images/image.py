"""Wraps a static program as a container image and pushes it to a registry, with the standard library alone.

Deterministic: the same program and configuration give the same digests. The formats are those of
https://distribution.github.io/distribution/spec/api/ and https://distribution.github.io/distribution/spec/manifest-v2-2/
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import tarfile
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_PROGRAM = "program"
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Image:
    """An image of the program: its full name with a tag, its arguments, and the variables built into it."""

    name: str
    args: tuple[str, ...] = ("serve",)
    env: dict[str, str] = field(default_factory=dict)
    user: str = "65532:65532"

    @property
    def repository(self) -> str:
        """Return the path within a registry: `shop/web` of `registry.example/shop/web:1.0`."""
        return self.name.partition("/")[2].rpartition(":")[0]

    @property
    def tag(self) -> str:
        """Return the tag."""
        return self.name.rpartition(":")[2]

    def behaviour(self) -> dict[str, object]:
        """Return what a simulated node needs to know: arguments and variables."""
        return {"args": list(self.args), "env": self.env}


@dataclass(frozen=True, slots=True)
class Layer:
    """The one layer that all images share: compressed, with the digest of the tar inside it (`diff_id`)."""

    compressed: bytes
    diff_id: str
    architecture: str


def layer(program: Path, *, architecture: str) -> Layer:
    """Pack the program as the only file of a root file system, beside an empty /tmp."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(folder)
        content = program.read_bytes()
        entry = tarfile.TarInfo(_PROGRAM)
        entry.size, entry.mode = len(content), 0o755
        archive.addfile(entry, io.BytesIO(content))
    tar = raw.getvalue()
    return Layer(gzip.compress(tar, compresslevel=1, mtime=0), _digest(tar), architecture)


def push(registry: str, image: Image, packed: Layer) -> str:
    """Push to `host:port` over plain HTTP and return the manifest's digest; `OSError` when the registry refuses."""
    config = _config(image, packed)
    connection = http.client.HTTPConnection(registry, timeout=_TIMEOUT_S)
    try:
        for blob in (packed.compressed, config):
            _upload(connection, image.repository, blob)
        manifest = _manifest(config, packed.compressed)
        path = f"/v2/{image.repository}/manifests/{image.tag}"
        _request(connection, "PUT", path, manifest, expected=201, content_type=_MANIFEST)
    finally:
        connection.close()
    return _digest(manifest)


def _config(image: Image, packed: Layer) -> bytes:
    variables = {"PATH": "/", **image.env}
    return _encode(
        {
            "architecture": packed.architecture,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "User": image.user,
                "Env": [f"{name}={value}" for name, value in variables.items()],
                "Entrypoint": [f"/{_PROGRAM}"],
                "Cmd": list(image.args),
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [packed.diff_id]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "logjedi test cluster"}],
        }
    )


def _manifest(config: bytes, compressed: bytes) -> bytes:
    return _encode(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
            "layers": [{"mediaType": _LAYER, "size": len(compressed), "digest": _digest(compressed)}],
        }
    )


def _upload(connection: http.client.HTTPConnection, repository: str, blob: bytes) -> None:
    digest = _digest(blob)
    if _request(connection, "HEAD", f"/v2/{repository}/blobs/{digest}", expected=None).status == 200:
        return
    opened = _request(connection, "POST", f"/v2/{repository}/blobs/uploads/", expected=202)
    place = urllib.parse.urlsplit(opened.headers["Location"])
    query = "&".join(part for part in (place.query, f"digest={urllib.parse.quote(digest)}") if part)
    _request(connection, "PUT", f"{place.path}?{query}", blob, expected=201, content_type="application/octet-stream")


def _request(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    expected: int | None,
    content_type: str = "application/json",
) -> http.client.HTTPResponse:
    connection.request(method, path, body, {"Content-Type": content_type, "Content-Length": str(len(body))})
    response = connection.getresponse()
    text = response.read()
    if expected is not None and response.status != expected:
        raise OSError(f"the registry answered {response.status} to {method} {path}: {text[:300]!r}")
    return response


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _encode(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
