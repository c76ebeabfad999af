"""The simulated node itself: its Node object, and the lease that keeps it Ready."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

from tests.cluster.api import Api, ApiError
from tests.cluster.layout import NODE_NAME
from tests.cluster.simulated.container import timestamp

Json = dict[str, Any]
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_CAPACITY = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "10000"}


def register(api: Api, *, log_port: int) -> None:
    """Create the node and report it Ready; `log_port` is where the API server asks for containers' logs."""
    labels = {"kubernetes.io/hostname": NODE_NAME, "kubernetes.io/os": "linux", "logjedi.dev/simulated": "true"}
    with contextlib.suppress(ApiError):  # it exists when we were restarted
        api.post("/api/v1/nodes", {"metadata": {"name": NODE_NAME, "labels": labels}})
    status = {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "conditions": _conditions(),
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NODE_NAME}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": log_port}},
        "nodeInfo": _node_info(),
    }
    api.patch(f"/api/v1/nodes/{NODE_NAME}/status", {"status": status})
    with contextlib.suppress(ApiError):
        api.post(_LEASE, {"metadata": {"name": NODE_NAME}, "spec": _lease()})


def renew(api: Api) -> None:
    """Say that the node lives; wanted every ten seconds."""
    api.patch(f"{_LEASE}/{NODE_NAME}", {"spec": _lease()})


def _lease() -> Json:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"holderIdentity": NODE_NAME, "leaseDurationSeconds": 40, "renewTime": now}


def _conditions() -> list[Json]:
    now = timestamp()
    good = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
    return [
        *({"type": each, "status": "False", "reason": "KubeletHasSufficient", **good} for each in pressures),
        {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "simulated node", **good},
    ]


def _node_info() -> Json:
    return {
        "kubeletVersion": "v1.34.4",
        "containerRuntimeVersion": "simulated://0",
        "osImage": "simulated",
        "operatingSystem": "linux",
        "architecture": "amd64",
        "kernelVersion": "",
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
        "kubeProxyVersion": "",
    }
