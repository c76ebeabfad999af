"""Everything that a cluster's components are told: binaries, addresses, and the files of the cluster's folder.

Built once by the supervisor. `credentials` issues the certificates and kubeconfigs; `components` and `node` turn it all
into command lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.cluster import kubeconfig, pki
from tests.cluster.addresses import Addresses

NODE_NAME = "node1"


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster: its name, its folder, the Kubernetes binary and its addresses."""

    name: str
    folder: Path
    kubernetes: Path
    addresses: Addresses

    @property
    def kubeconfig(self) -> Path:
        """Return the administrator's kubeconfig, the one that users get."""
        return self.folder / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Return the folder of certificates and keys."""
        return self.folder / "pki"

    @property
    def config(self) -> Path:
        """Return the folder of the components' own configuration files."""
        return self.folder / "config"

    @property
    def logs(self) -> Path:
        """Return the folder with one log per component."""
        return self.folder / "logs"

    @property
    def data(self) -> Path:
        """Return the folder where components keep what they store."""
        return self.folder / "data"

    def user(self, component: str) -> Path:
        """Return a component's own kubeconfig."""
        return self.config / f"{component}.kubeconfig"


def credentials(layout: Layout) -> None:
    """Create the cluster's folders, certificates and kubeconfigs."""
    for folder in (layout.pki, layout.config, layout.logs, layout.data):
        folder.mkdir(parents=True, exist_ok=True)
    authority = pki.Authority(layout.pki, "ca")
    front = pki.Authority(layout.pki, "front-proxy-ca")
    front.issue("front-proxy-client", user="front-proxy-client")
    pki.signing_key(layout.pki, "service-accounts")
    authority.issue("apiserver", user="kube-apiserver", hosts=_api_names(layout.addresses))
    authority.issue("apiserver-kubelet", user="kube-apiserver-kubelet-client", groups=("system:masters",))
    admin = authority.issue("admin", user="admin", groups=("system:masters",))
    _kubeconfig(layout, layout.kubeconfig, authority, admin)
    users = {
        "kube-controller-manager": (),
        "kube-scheduler": (),
        "kube-proxy": (),
        f"node:{NODE_NAME}": ("system:nodes",),
    }
    for user, groups in users.items():
        component = "kubelet" if groups else user
        identity = authority.issue(component, user=f"system:{user}", groups=groups)
        _kubeconfig(layout, layout.user(component), authority, identity)
    if layout.addresses.bridge:
        authority.issue("kubelet-server", user=f"system:node:{NODE_NAME}", hosts=(NODE_NAME, layout.addresses.bridge))


def _kubeconfig(layout: Layout, path: Path, authority: pki.Authority, identity: pki.Pair) -> None:
    kubeconfig.write(
        path,
        server=layout.addresses.api_url,
        authority=authority.pair.certificate,
        identity=identity,
        cluster=f"logjedi-{layout.name}",
    )


def _api_names(addresses: Addresses) -> tuple[str, ...]:
    service = "kubernetes.default.svc"
    names = (
        "localhost",
        "kubernetes",
        "kubernetes.default",
        service,
        f"{service}.cluster.local",
        "127.0.0.1",
        addresses.first_service,
        addresses.api,
        addresses.node,
    )
    return tuple(name for name in dict.fromkeys(names) if name)
