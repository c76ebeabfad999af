"""Starts the components of a cluster in the order that gets it ready soonest.

Everything that another part waits for is started first, and images are pushed while the API server boots. Called by the
supervisor, whose `Watch` does all the waiting.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.cluster import addresses, cgroups, components, images, launchers, layout, leftovers, node
from tests.cluster.api import Api, ApiError
from tests.cluster.components import Component
from tests.cluster.plan import Plan
from tests.cluster.progress import Progress, Step, step

if TYPE_CHECKING:
    from tests.cluster.supervisor import Watch

_DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
_NODE = f"/api/v1/nodes/{layout.NODE_NAME}"


class BringUp:
    """One start, and what is needed to start a component again."""

    def __init__(self, plan: Plan, watch: Watch, *, report: Progress) -> None:
        """Decide the addresses; start nothing."""
        self._plan, self._watch = plan, watch
        self._steps: dict[str, float] = {}
        self._report = self._remember(report)
        self._claim: socket.socket | None = None
        self._components: dict[str, Component] = {}
        where = self._claimed() if plan.real else addresses.loopback()
        self._layout = layout.Layout(plan.name, plan.folder, plan.kubernetes, where)
        self._api: Api | None = None

    def run(self) -> dict[str, Any]:
        """Start everything, wait until the cluster is usable, and return what users of it need to know."""
        begun = time.monotonic()
        with step(self._report, "certificates"):
            layout.credentials(self._layout)
        launcher = self._launcher()
        if self._plan.real:
            self._start(node.registry(self._layout))
        self._start(components.etcd(self._layout))
        self._start(components.apiserver(self._layout))
        if self._plan.real:
            self._start(node.containerd(self._layout, sandbox_image=images.PAUSE.name))
            self._push_images()
        self._control_plane()
        self._node_ready()
        # Cluster DNS would be applied here: kubelets already tell pods to ask `addresses.dns_service`.
        return self._info(launcher, time.monotonic() - begun)

    def restart(self, name: str) -> None:
        """Start a component that has ended."""
        assert self._watch.launcher is not None
        self._watch.launcher.start(self._components[name])

    def _launcher(self) -> launchers.Launcher:
        if not self._plan.real:
            self._watch.launcher = launchers.LocalLauncher(self._layout)
            return self._watch.launcher
        with step(self._report, "namespaces"):
            # The interface's name is unique on the machine, a cluster's only among one user's.
            groups = cgroups.places(f"{self._layout.addresses.uplink}-{self._plan.name}")
            leftovers.note(self._plan.folder, cgroups=[str(folder) for folder in groups])
            cgroups.create(groups)
            launcher = launchers.NamespaceLauncher(self._layout, groups)
            self._watch.launcher = launcher
            launcher.prepare()
            return launcher

    def _push_images(self) -> None:
        where = self._layout.addresses
        with step(self._report, "registry"):
            self._watch.until(lambda: _listens(where.bridge, where.registry_port), what="the registry listens")
        with step(self._report, "images"):
            packed = images.pack()
            for image in (images.PAUSE, *self._plan.images):
                images.push(where.registry, image, packed)
                self._watch.check()

    def _control_plane(self) -> None:
        with step(self._report, "API server"):
            api = self._api = Api(self._layout.kubeconfig)
            self._watch.until(api.ready, what="the API server is ready")
        self._start(components.controller_manager(self._layout))
        self._start(components.scheduler(self._layout))
        if self._plan.real:
            self._start(node.kubelet(self._layout))
            self._start(node.proxy(self._layout))
        else:
            self._start(self._simulated_node())

    def _node_ready(self) -> None:
        with step(self._report, "node ready"):
            self._watch.until(lambda: self._ready(_NODE), what="the node is ready")
        with step(self._report, "service account"):
            self._watch.until(lambda: self._exists(_DEFAULT_ACCOUNT), what="the default service account exists")

    def _simulated_node(self) -> Component:
        known = self._layout.folder / "images.json"
        known.write_text(json.dumps({image.name: image.behaviour() for image in self._plan.images}))
        server = self._layout.pki / "apiserver"
        return Component(
            "simulated-node",
            (
                sys.executable,
                "-m",
                "tests.cluster.simulated",
                str(self._layout.kubeconfig),
                str(known),
                f"{server}.crt",
                f"{server}.key",
            ),
        )

    def _info(self, launcher: launchers.Launcher, took_s: float) -> dict[str, Any]:
        where = self._layout.addresses
        info = {
            "name": self._plan.name,
            "kubeconfig": str(self._layout.kubeconfig),
            "server": where.api_url,
            "node": "real" if self._plan.real else "simulated",
            "reason": self._plan.reason,
            "host_address": where.host or None,
            "registry": where.registry or None,
            "interface": where.uplink or None,
            "pods": where.pods or None,
            "services": where.services,
            "images": [image.name for image in self._plan.images],
            "supervisor_pid": os.getpid(),
            "init_pid": launcher.init_pid if isinstance(launcher, launchers.NamespaceLauncher) else None,
            "took_s": round(took_s, 2),
            "steps_s": {name: round(value, 2) for name, value in self._steps.items()},
        }
        (self._layout.folder / "info.json").write_text(json.dumps(info, indent=2))
        return info

    def _start(self, component: Component) -> None:
        assert self._watch.launcher is not None
        self._components[component.name] = component
        self._watch.launcher.start(component)
        if isinstance(self._watch.launcher, launchers.LocalLauncher):
            leftovers.note(self._plan.folder, pids=list(self._watch.launcher.pids().values()))

    def _exists(self, path: str) -> dict[str, Any] | None:
        assert self._api is not None
        try:
            return self._api.get(path)
        except (ApiError, OSError):
            return None

    def _ready(self, path: str) -> bool:
        found = self._exists(path)
        conditions = {each["type"]: each["status"] for each in (found or {}).get("status", {}).get("conditions", [])}
        return conditions.get("Ready") == "True" and not (found or {})["spec"].get("taints")

    def _claimed(self) -> addresses.Addresses:
        net, self._claim = addresses.claim_net()
        return addresses.of_node(net)

    def _remember(self, report: Progress) -> Progress:
        def remembering(each: Step) -> None:
            if each.state == "done":
                self._steps[each.name] = each.took_s
            report(each)

        return remembering


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.2).close()
    except OSError:
        return False
    return True
