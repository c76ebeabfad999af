"""The command lines of the control plane: etcd, API server, controller manager, scheduler.

Plain upstream defaults, except for what a throwaway cluster of one machine needs: no fsync, no leader election, no
ports that nobody asks for. `node` has the command lines of the node.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.cluster.layout import Layout


@dataclass(frozen=True, slots=True)
class Component:
    """A process of the cluster: its name, which names its log too, and its command."""

    name: str
    command: tuple[str, ...]


def etcd(layout: Layout) -> Component:
    """Return etcd, on loopback, without fsync: a crash of the machine may lose the cluster, and nobody minds."""
    client = f"http://127.0.0.1:{layout.addresses.etcd_port}"
    peer = f"http://127.0.0.1:{layout.addresses.etcd_peer_port}"
    return _component(
        layout,
        "etcd",
        {
            "name": layout.name,
            "data-dir": layout.data / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"{layout.name}={peer}",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
        },
    )


def apiserver(layout: Layout) -> Component:
    """Return the API server; with a node it listens on every address of the cluster's own network namespace."""
    addresses, pki = layout.addresses, layout.pki
    node = {
        "bind-address": "0.0.0.0",  # noqa: S104 - of a network namespace of its own
        "advertise-address": addresses.bridge,
        "kubelet-preferred-address-types": "InternalIP,Hostname",
        "kubelet-certificate-authority": pki / "ca.crt",
    }
    # Loopback cannot be an endpoint of the service `kubernetes`, and without a node nobody would ask it.
    alone = {
        "bind-address": addresses.api,
        "advertise-address": "192.0.2.1",
        "endpoint-reconciler-type": "none",
        "kubelet-preferred-address-types": "InternalIP",
    }
    return _component(
        layout,
        "kube-apiserver",
        {
            **(node if addresses.bridge else alone),
            "secure-port": addresses.api_port,
            "etcd-servers": f"http://127.0.0.1:{addresses.etcd_port}",
            "service-cluster-ip-range": addresses.services,
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "allow-privileged": "true",
            "client-ca-file": pki / "ca.crt",
            "tls-cert-file": pki / "apiserver.crt",
            "tls-private-key-file": pki / "apiserver.key",
            "kubelet-client-certificate": pki / "apiserver-kubelet.crt",
            "kubelet-client-key": pki / "apiserver-kubelet.key",
            "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
            "service-account-key-file": pki / "service-accounts.pub",
            "service-account-signing-key-file": pki / "service-accounts.key",
            "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
            "requestheader-allowed-names": "front-proxy-client",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-username-headers": "X-Remote-User",
            "proxy-client-cert-file": pki / "front-proxy-client.crt",
            "proxy-client-key-file": pki / "front-proxy-client.key",
            "enable-aggregator-routing": "true",
            "profiling": "false",
        },
    )


def controller_manager(layout: Layout) -> Component:
    """Return the controller manager, with limits on its own calls that do not slow tests down."""
    pki = layout.pki
    return _component(
        layout,
        "kube-controller-manager",
        {
            "kubeconfig": layout.user("kube-controller-manager"),
            "leader-elect": "false",
            "secure-port": "0",
            "use-service-account-credentials": "true",
            "root-ca-file": pki / "ca.crt",
            "service-account-private-key-file": pki / "service-accounts.key",
            "cluster-signing-cert-file": pki / "ca.crt",
            "cluster-signing-key-file": pki / "ca.key",
            "kube-api-qps": "500",
            "kube-api-burst": "1000",
            "profiling": "false",
        },
    )


def scheduler(layout: Layout) -> Component:
    """Return the scheduler."""
    return _component(
        layout,
        "kube-scheduler",
        {
            "kubeconfig": layout.user("kube-scheduler"),
            "leader-elect": "false",
            "secure-port": "0",
            "kube-api-qps": "500",
            "kube-api-burst": "1000",
            "profiling": "false",
        },
    )


def _component(layout: Layout, name: str, flags: dict[str, object]) -> Component:
    return Component(name, (str(layout.kubernetes), name, *(f"--{flag}={value}" for flag, value in flags.items())))
