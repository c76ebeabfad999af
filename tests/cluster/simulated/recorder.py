"""Writes events as a kubelet does: the same event again raises the count of the first."""

from __future__ import annotations

import time
from typing import Any

from tests.cluster.api import Api, ApiError
from tests.cluster.layout import NODE_NAME
from tests.cluster.simulated.container import Noted, timestamp

Json = dict[str, Any]
# The simulated node looks at a failing pod every second, a kubelet every ten or so.
_AGAIN_AFTER_S = 8.0
_REPEATED = ("Pulled", "Failed", "InspectFailed", "FailedMount")


class Recorder:
    """Records events about pods; remembers what it wrote in order to count."""

    def __init__(self, api: Api) -> None:
        """Write to the API."""
        self._api = api
        self._written: dict[tuple[str, str, str, str], tuple[str, int, float]] = {}

    def record(self, pod: Json, path: str, noted: Noted) -> None:
        """Record an event about the container at `path`, or about the pod when the path is empty."""
        metadata = pod["metadata"]
        collection = f"/api/v1/namespaces/{metadata['namespace']}/events"
        key = (metadata["uid"], path, noted.reason, noted.message)
        name, count, last_s = self._written.get(key, ("", 0, -_AGAIN_AFTER_S))
        if noted.reason in _REPEATED and time.monotonic() - last_s < _AGAIN_AFTER_S:
            return
        try:
            if name:
                self._api.patch(f"{collection}/{name}", {"count": count + 1, "lastTimestamp": timestamp()})
            else:
                name = f"{metadata['name']}.{time.time_ns():x}"
                self._api.post(collection, _event(name, pod, path, noted))
        except ApiError:  # the namespace is going, or the event has expired
            self._written.pop(key, None)
            return
        self._written[key] = (name, count + 1, time.monotonic())


def _event(name: str, pod: Json, path: str, noted: Noted) -> Json:
    metadata, now = pod["metadata"], timestamp()
    return {
        "metadata": {"name": name, "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            **({"fieldPath": path} if path else {}),
        },
        "type": noted.kind,
        "reason": noted.reason,
        "message": noted.message,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": "kubelet", "host": NODE_NAME},
        "reportingComponent": "kubelet",
        "reportingInstance": NODE_NAME,
    }
