"""The simulated node's process: watches its pods, and looks at each when something changed or its time has come.

Run by the supervisor as `python -m tests.cluster.simulated KUBECONFIG IMAGES CERTIFICATE KEY`. One thread decides, one
watches, one serves logs.
"""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.cluster.api import Api, ApiError
from tests.cluster.layout import NODE_NAME
from tests.cluster.simulated import logs, node
from tests.cluster.simulated.container import Container, Surroundings
from tests.cluster.simulated.pod import Pod
from tests.cluster.simulated.recorder import Recorder

Json = dict[str, Any]
_PODS = f"/api/v1/pods?fieldSelector=spec.nodeName%3D{NODE_NAME}"
_STRATEGIC = "application/strategic-merge-patch+json"
_RENEW_S = 10.0
_FAULTS = (OSError, http.client.HTTPException, ApiError)


class Kubelet:
    """Decides about every pod of the node."""

    def __init__(self, api: Api, images: Path) -> None:
        """Know no pod yet; the file `images` maps the images that exist to their arguments and variables."""
        self._api, self._images = api, images
        self._recorder = Recorder(api)
        self._manifests: dict[str, Json] = {}
        self._pods: dict[str, Pod] = {}
        self._due: dict[str, float] = {}
        self._written: dict[str, Json] = {}
        self._addresses = itertools.count(2)

    def see(self, event: str, manifest: Json) -> None:
        """Take note of a watch event."""
        uid = manifest["metadata"]["uid"]
        if event == "DELETED":
            for each in (self._manifests, self._pods, self._due, self._written):
                each.pop(uid, None)
            return
        self._manifests[uid] = manifest
        self._due[uid] = 0.0

    def work(self) -> float:
        """Look at every pod whose time has come, and return the seconds until the next one's."""
        now = time.monotonic()
        for uid in [uid for uid, moment in self._due.items() if moment <= now]:
            try:
                self._look_at(uid)
            except _FAULTS as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                self._due[uid] = now + 1.0
        return max(0.0, min(self._due.values(), default=now + 1.0) - time.monotonic())

    def data(self, kind: str, namespace: str, name: str) -> dict[str, str] | None:
        """Return what a ConfigMap or Secret holds."""
        try:
            found = self._api.get(f"/api/v1/namespaces/{namespace}/{kind}s/{name}")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        data: dict[str, str] = found.get("data", {})
        if kind == "secret":
            return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
        return data

    def log(self, namespace: str, pod: str, container: str, *, previous: bool) -> list[tuple[str, str]]:
        """Return a container's log as pairs of time and line; `LookupError` when there is none."""
        for uid, manifest in list(self._manifests.items()):
            metadata = manifest["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, pod) and uid in self._pods:
                found = self._pods[uid].containers.get(container, Container(container))
                return found.read_log(pod, previous=previous)
        raise LookupError(f'pod "{pod}" not found')

    def _look_at(self, uid: str) -> None:
        manifest = self._manifests[uid]
        if manifest["metadata"].get("deletionTimestamp"):
            self._delete(manifest)
            self._due[uid] = time.monotonic() + 5.0
            return
        pod = self._pods.setdefault(uid, Pod(_address(next(self._addresses))))
        around = Surroundings(manifest, self, json.loads(self._images.read_text()), time.monotonic())
        for path, noted in pod.sync(around):
            self._recorder.record(manifest, path, noted)
        self._write(uid, pod.status(around))
        self._due[uid] = pod.look_again_s(around)

    def _write(self, uid: str, status: Json) -> None:
        if self._written.get(uid) == status:
            return
        self._api.patch(f"{_path(self._manifests[uid])}/status", {"status": status}, content_type=_STRATEGIC)
        self._written[uid] = status

    def _delete(self, manifest: Json) -> None:
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": manifest["metadata"]["uid"]}}
        try:
            self._api.delete(_path(manifest), options)
        except ApiError as error:
            if error.status not in (404, 409):
                raise


def main() -> None:
    """Register the node and simulate it until killed."""
    kubeconfig, images, certificate, key = sys.argv[1:]
    api = Api(Path(kubeconfig))
    kubelet = Kubelet(api, Path(images))
    node.register(api, log_port=logs.serve(certificate, key, kubelet.log))
    seen: queue.Queue[Json] = queue.Queue()
    threading.Thread(target=_watch, args=(Path(kubeconfig), seen), daemon=True, name="watch").start()
    renew_at = 0.0
    while True:
        wait_s = min(kubelet.work(), 1.0)
        if time.monotonic() >= renew_at:
            renew_at = time.monotonic() + (_RENEW_S if _renewed(api) else 1.0)
        try:
            event = seen.get(timeout=max(wait_s, 0.01))
            kubelet.see(event["type"], event["object"])
            while True:
                event = seen.get_nowait()
                kubelet.see(event["type"], event["object"])
        except queue.Empty:
            continue


def _watch(kubeconfig: Path, seen: queue.Queue[Json]) -> None:
    """List, then watch; list again whenever the watch ends, and report what vanished meanwhile."""
    api, known = Api(kubeconfig), dict[str, Json]()
    while True:
        try:
            listed = api.get(_PODS)
            current = {each["metadata"]["uid"]: each for each in listed["items"]}
            for uid in known.keys() - current.keys():
                seen.put({"type": "DELETED", "object": known[uid]})
            for each in current.values():
                seen.put({"type": "MODIFIED", "object": each})
            known = current
            for event in api.watch(f"{_PODS}&resourceVersion={listed['metadata']['resourceVersion']}"):
                if event["type"] == "ERROR":
                    break
                _remember(known, event)
                seen.put(event)
        except _FAULTS as error:
            print(f"watch: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            time.sleep(0.5)


def _remember(known: dict[str, Json], event: Json) -> None:
    uid = event["object"]["metadata"]["uid"]
    if event["type"] == "DELETED":
        known.pop(uid, None)
    else:
        known[uid] = event["object"]


def _renewed(api: Api) -> bool:
    try:
        node.renew(api)
    except _FAULTS:
        return False
    return True


def _path(manifest: Json) -> str:
    metadata = manifest["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _address(number: int) -> str:
    """Return an address of 10.97.0.0/16 upwards, which the services' range does not touch."""
    return f"10.{97 + number // 65536}.{number // 256 % 256}.{number % 256}"


if __name__ == "__main__":
    main()
