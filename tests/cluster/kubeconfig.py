"""Writes kubeconfig files: JSON, which is YAML, so that nothing but the standard library is needed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.cluster.pki import Pair


def write(path: Path, *, server: str, authority: Path, identity: Pair, cluster: str) -> Path:
    """Write a kubeconfig with everything embedded, readable by its owner alone."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {"server": server, "certificate-authority-data": _embed(authority)},
            }
        ],
        "users": [
            {
                "name": cluster,
                "user": {
                    "client-certificate-data": _embed(identity.certificate),
                    "client-key-data": _embed(identity.key),
                },
            }
        ],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster, "namespace": "default"}}],
        "current-context": cluster,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def read(path: Path) -> dict[str, Any]:
    """Read one of our own kubeconfigs (JSON); any other YAML is for a Kubernetes client to read."""
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _embed(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
