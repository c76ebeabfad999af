"""Where the demo runs: a test cluster of its own, or a context of the caller's kubeconfig."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests import cluster
from tests.cluster.__main__ import Screen

NAME = "demo"
FOREIGN_NAMESPACE = "logjedi-demo"
"""The only namespace that is looked at, or written in, on a cluster that is not ours."""


@dataclass(frozen=True, slots=True)
class Target:
    """``kubeconfig`` in the form of the KUBECONFIG variable. ``own``: made by us, to be ended by us."""

    kubeconfig: str
    namespace: str
    node: str
    reason: str
    own: bool
    stop: Callable[[], None]


def choose(console: Console, folder: Path, *, context: str, keep: bool) -> Target:
    """Start the demo's cluster, or point at the named context. Raises ``cluster.ClusterError``."""
    if context:
        return Target(
            _with_context(folder, context),
            FOREIGN_NAMESPACE,
            "external",
            f"context {context}",
            own=False,
            stop=lambda: None,
        )
    if NAME in cluster.running():
        cluster.down(NAME)
    with Screen(console) as screen:
        made = cluster.start(cluster.ClusterSpec(name=NAME, attached=not keep), progress=screen.show)
    return Target(str(made.kubeconfig), "shop", made.node, made.reason, own=True, stop=made.stop)


def _with_context(folder: Path, context: str) -> str:
    """Put a file that names the context before the caller's own kubeconfig: the first that says so wins."""
    override = folder / "context.yaml"
    override.write_text(
        f"apiVersion: v1\nkind: Config\ncurrent-context: {context}\nclusters: []\nusers: []\ncontexts: []\n"
    )
    own = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return f"{override}{os.pathsep}{own}"
