"""Chooses the addresses and ports of one cluster so that several run side by side.

A node of our own lies in a network namespace, so its ports are fixed and only its ranges must be free on the host: one
number, the second octet of 10.NET.0.0/16. It is claimed by an abstract socket in the host's network namespace, which
the kernel drops with its holder: nothing to clean up, no two starts can choose the same. Without a namespace
everything listens on loopback, on ports that the kernel picks.
"""

from __future__ import annotations

import ipaddress
import random
import socket
import subprocess
from dataclasses import dataclass

from tests.cluster.errors import ClusterError

# A route this broad (a company's whole 10.0.0.0/8) lends a part of itself when nothing else is free.
_BROAD = 12
_CLAIM = "\0logjedi-test-cluster-net-{}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of one cluster listen; the node's own fields are empty when its node is simulated."""

    api: str
    api_port: int
    etcd_port: int
    etcd_peer_port: int
    services: str
    first_service: str
    pods: str = ""
    dns_service: str = ""
    bridge: str = ""
    uplink: str = ""
    host: str = ""
    node: str = ""
    registry_port: int = 0

    @property
    def api_url(self) -> str:
        """Return the URL by which the host, and every component, reaches the API server."""
        return f"https://{self.api}:{self.api_port}"

    @property
    def reachable(self) -> str:
        """Return the range of services and pods together, which the host reaches through the node."""
        return self.services.replace("/17", "/16")

    @property
    def registry(self) -> str:
        """Return `host:port` of the registry as the host reaches it, or an empty text."""
        return f"{self.bridge}:{self.registry_port}" if self.registry_port else ""


def loopback() -> Addresses:
    """Return addresses for a control plane without a node: loopback, and three ports that were free just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    api, etcd, peer = (opened.getsockname()[1] for opened in sockets)
    for opened in sockets:
        opened.close()
    return Addresses("127.0.0.1", api, etcd, peer, services="10.96.0.0/16", first_service="10.96.0.1")


def of_node(net: int) -> Addresses:
    """Return the addresses of a cluster whose second octet is `net`.

    The pair that joins it to the host is taken from 198.18.0.0/15, the range kept for tests of networks (RFC 2544).
    """
    bridge = f"10.{net}.128.1"
    return Addresses(
        api=bridge,
        api_port=6443,
        etcd_port=2379,
        etcd_peer_port=2380,
        services=f"10.{net}.0.0/17",
        first_service=f"10.{net}.0.1",
        dns_service=f"10.{net}.0.10",
        pods=f"10.{net}.128.0/17",
        bridge=bridge,
        uplink=f"logjedi{net}",
        host=f"198.18.{net}.1",
        node=f"198.18.{net}.2",
        registry_port=5000,
    )


def claim_net() -> tuple[int, socket.socket]:
    """Claim a second octet that no route of this host and no other cluster uses, for as long as the socket is open.

    Prefers one that no route touches at all.
    """
    routes = _routes()
    broad = [route for route in routes if route.prefixlen <= _BROAD]
    narrow = [route for route in routes if route.prefixlen > _BROAD]
    free = [net for net in random.sample(range(16, 250), k=234) if not _overlaps(net, narrow)]
    for net in [each for each in free if not _overlaps(each, broad)] or free:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(_CLAIM.format(net))
        except OSError:
            claim.close()
            continue
        return net, claim
    raise ClusterError("no free 10.x.0.0/16 range for the cluster", cure="See `ip route`; end other test clusters.")


def _overlaps(net: int, routes: list[ipaddress.IPv4Network]) -> bool:
    ours = (ipaddress.IPv4Network((f"10.{net}.0.0", 16)), ipaddress.IPv4Network((f"198.18.{net}.0", 30)))
    return any(route.overlaps(each) for route in routes for each in ours)


def _routes() -> list[ipaddress.IPv4Network]:
    listed = subprocess.run(["ip", "-4", "route", "show", "table", "all"], capture_output=True, text=True, check=True)
    routes = []
    for line in listed.stdout.splitlines():
        words = [word for word in line.split() if word not in ("local", "broadcast", "unreachable", "blackhole")]
        try:
            route = ipaddress.IPv4Network(words[0], strict=False)
        except (ValueError, IndexError):
            continue  # `default`, multicast, anycast: nothing that overlaps
        if route.prefixlen:
            routes.append(route)
    return routes
