"""The parts of a real node: which machine can have one, and the command lines and files of its components.

Runtime, registry and network plugins come from the distribution; kubelet and kube-proxy from the one Kubernetes binary.
Every registry name that a pod can think of is answered by the cluster's own registry, so that a pull is a real pull and
an unknown tag a real "not found".
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cluster import folders
from tests.cluster.components import Component
from tests.cluster.layout import NODE_NAME, Layout

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
_PROGRAMS = ("containerd", "runc", "docker-registry", "iptables", "ip", "nsenter", "unshare", "mount")
_PLUGINS = ("bridge", "host-local", "portmap", "loopback")
_PLUGIN_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
_NAMESPACES = ("--net", "--mount", "--pid", "--cgroup", "--ipc", "--uts")
_INSTALL = "apt-get install containerd runc containernetworking-plugins docker-registry iptables iproute2"


def obstacle() -> str:
    """Return why no real node is possible here, with what to do about it, or an empty text."""
    if sys.platform != "linux":
        return "containers need Linux"
    if os.geteuid():
        return "not root: namespaces and containers need root (sudo)"
    missing = [program for program in _PROGRAMS if not shutil.which(program, path=folders.search_path())]
    if missing:
        return f"no {', '.join(missing)} on PATH; install: {_INSTALL}"
    if not plugin_folder():
        return f"no CNI plugins ({', '.join(_PLUGINS)}) in {', '.join(map(str, _PLUGIN_FOLDERS))}; install: {_INSTALL}"
    tried = subprocess.run(["unshare", *_NAMESPACES, "--fork", "true"], check=False, capture_output=True, text=True)
    return f"namespaces are refused here: {tried.stderr.strip()}" if tried.returncode else ""


def plugin_folder() -> Path | None:
    """Return the folder that has every CNI plugin the node needs."""
    for folder in _PLUGIN_FOLDERS:
        if all((folder / plugin).exists() for plugin in _PLUGINS):
            return folder
    return None


def registry(layout: Layout) -> Component:
    """Return the registry, and write its configuration (JSON, which is YAML)."""
    path = layout.config / "registry.yml"
    path.write_text(
        json.dumps(
            {
                "version": 0.1,
                "log": {"level": "warn", "accesslog": {"disabled": True}},
                "storage": {
                    "filesystem": {"rootdirectory": str(layout.data / "registry")},
                    "delete": {"enabled": True},
                },
                "http": {"addr": f"0.0.0.0:{layout.addresses.registry_port}"},
            }
        )
    )
    return Component("docker-registry", ("docker-registry", "serve", str(path)))


def containerd(layout: Layout, *, sandbox_image: str) -> Component:
    """Return containerd, and write its configuration, its view of registries, and the pod network."""
    _write_registries(layout)
    _write_network(layout)
    path = layout.config / "containerd.toml"
    path.write_text(
        _CONTAINERD.format(
            root=layout.data / "containerd",
            socket=CONTAINERD_SOCKET,
            sandbox_image=sandbox_image,
            registries=layout.config / "registries",
            plugins=plugin_folder(),
            networks=layout.config / "cni",
            snapshotter=_snapshotter(layout.data),
        )
    )
    return Component("containerd", ("containerd", "--config", str(path)))


def kubelet(layout: Layout) -> Component:
    """Return the kubelet, and write its configuration."""
    path = layout.config / "kubelet.json"
    path.write_text(json.dumps(_kubelet_configuration(layout), indent=2))
    return Component(
        "kubelet",
        (
            str(layout.kubernetes),
            "kubelet",
            f"--config={path}",
            f"--kubeconfig={layout.user('kubelet')}",
            f"--root-dir={layout.data / 'kubelet'}",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={layout.addresses.bridge}",
        ),
    )


def proxy(layout: Layout) -> Component:
    """Return kube-proxy; zeros keep it from setting connection tracking limits that belong to the whole machine."""
    return Component(
        "kube-proxy",
        (
            str(layout.kubernetes),
            "kube-proxy",
            f"--kubeconfig={layout.user('kube-proxy')}",
            "--proxy-mode=iptables",
            f"--cluster-cidr={layout.addresses.pods}",
            f"--hostname-override={NODE_NAME}",
            "--iptables-min-sync-period=100ms",
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        ),
    )


def _kubelet_configuration(layout: Layout) -> dict[str, object]:
    pki = layout.pki
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet-server.key"),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "failSwapOn": False,
        "resolvConf": "",
        "clusterDomain": "cluster.local",
        "clusterDNS": [layout.addresses.dns_service],
        # A full disk of the machine is not what a test is about.
        "evictionHard": {"memory.available": "32Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "nodeStatusUpdateFrequency": "5s",
        "maxPods": 250,
        "enableDebuggingHandlers": True,
    }


def _write_registries(layout: Layout) -> None:
    server = f"http://127.0.0.1:{layout.addresses.registry_port}"
    folder = layout.config / "registries" / "_default"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts.toml").write_text(
        f'server = "{server}"\n[host."{server}"]\n  capabilities = ["pull", "resolve"]\n'
    )


def _write_network(layout: Layout) -> None:
    folder = layout.config / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": layout.addresses.pods, "gateway": layout.addresses.bridge}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": "/run/cni-addresses",
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    document = {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, portmap]}
    (folder / "10-pods.conflist").write_text(json.dumps(document, indent=2))


def _snapshotter(folder: Path) -> str:
    """Return `overlayfs`, or `native` where the folder is itself on an overlay, which cannot be stacked."""
    found = subprocess.run(
        ["stat", "--file-system", "--format=%T", str(folder)], check=False, capture_output=True, text=True
    )
    return "native" if found.stdout.strip() == "overlayfs" else "overlayfs"


_CONTAINERD = """\
version = 2
root = "{root}"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{root}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox_image}"
  # Without CAP_SYS_RESOURCE (a restricted machine) a pod's wish to be killed later would fail its sandbox.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{registries}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{networks}"
"""
