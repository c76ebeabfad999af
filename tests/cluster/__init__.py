"""A real one-node Kubernetes for tests, from nothing, in seconds.

    from tests import cluster

    with cluster.start(cluster.ClusterSpec(name="shop")) as shop:
        shop.kubeconfig, shop.node, shop.host_address, shop.registry

See `README.md` beside this file for what it is made of.
"""

from __future__ import annotations

from tests.cluster.cluster import Cluster, ClusterSpec, attach, down, external, running, start
from tests.cluster.errors import ClusterError
from tests.cluster.images import Image
from tests.cluster.progress import Progress, Step

__all__ = [
    "Cluster",
    "ClusterError",
    "ClusterSpec",
    "Image",
    "Progress",
    "Step",
    "attach",
    "down",
    "external",
    "running",
    "start",
]
