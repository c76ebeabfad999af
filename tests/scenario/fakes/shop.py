"""What Kubernetes itself does in a namespace ``shop``: the Deployment controller and a kubelet, much simplified.

Each image behaves as a test says, by the age of its pod. One pod per revision; an old one stays until the new is ready.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logjedi_contracts import canonical
from logjedi_operator.domain.preimage import ATTEMPT_ANNOTATION
from logjedi_operator.ports.outside import Clock
from tests.scenario.fakes.api_server import FakeApiServer, Object

NAMESPACE = "shop"
GOOD, BAD, ALSO_BAD, HALF_GOOD = (
    f"registry.example/shop/web:{tag}" for tag in ("1.1", "1.2-typo", "1.3-typo", "1.1.1")
)
REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Look:
    """How a pod looks. ``waiting`` is the kubelet's reason; empty: it runs."""

    waiting: str = ""
    message: str = ""
    ready: bool = True
    restarts: int = 0


Behaviour = Callable[[float], Look]


def runs(age_s: float) -> Look:
    return Look() if age_s >= 1 else Look("ContainerCreating", ready=False)


def cannot_be_pulled(age_s: float) -> Look:
    if age_s < 1:
        return Look("ContainerCreating", ready=False)
    return Look("ImagePullBackOff", "Back-off pulling image: not found", ready=False)


def crashes(age_s: float) -> Look:
    return Look("CrashLoopBackOff", "back-off restarting failed container", ready=False, restarts=1 + int(age_s // 10))


def never_gets_ready(_age_s: float) -> Look:
    return Look(ready=False)


class Shop:
    """The controllers; they act a second after each change, unless ``frozen``."""

    def __init__(self, server: FakeApiServer, clock: Clock) -> None:
        self._server, self._clock = server, clock
        self.behaviour: dict[str, Behaviour] = {GOOD: runs, HALF_GOOD: runs}
        self.frozen = False
        self._made: dict[str, tuple[str, datetime]] = {}

    async def run(self) -> None:
        """Look each second; work only if something was written or a pod looks different now."""
        seen: object = None
        while True:
            if not self.frozen and seen != (self._server.writes, self._looks()):
                self.sync()
                seen = (self._server.writes, self._looks())
            await asyncio.sleep(1)

    def _looks(self) -> list[Look]:
        return [self._look(image, made) for image, made in self._made.values()]

    def _look(self, image: str, made: datetime) -> Look:
        return self.behaviour.get(image, cannot_be_pulled)((self._clock.now() - made).total_seconds())

    def sync(self) -> None:
        for deployment in self._server.list("Deployment", NAMESPACE):
            self._roll_out(deployment)
        for name in list(self._owners_gone()):
            self._server.delete("Pod", NAMESPACE, name)

    def deploy(self, image: str = GOOD, name: str = "web") -> None:
        """Make a Deployment, or roll out another image of it, as ``kubectl set image`` does."""
        if self._server.get("Deployment", NAMESPACE, name) is None:
            self._server.create(_deployment(name, image))
        else:
            self.edit(lambda obj: obj["spec"]["template"]["spec"]["containers"][0].update(image=image), name)

    def edit(self, change: Callable[[Object], None], name: str = "web") -> None:
        self._server.edit("Deployment", NAMESPACE, name, change)

    def set_env(self, key: str, value: str) -> None:
        def change(obj: Object) -> None:
            obj["spec"]["template"]["spec"]["containers"][0].setdefault("env", []).append({"name": key, "value": value})

        self.edit(change)

    def delete(self, name: str = "web") -> None:
        self._server.delete("Deployment", NAMESPACE, name)

    def live(self, name: str = "web") -> Object:
        found = self._server.get("Deployment", NAMESPACE, name)
        assert found is not None
        return found

    def container(self, name: str = "web") -> Object:
        found: Object = self.live(name)["spec"]["template"]["spec"]["containers"][0]
        return found

    def image(self, name: str = "web") -> str:
        return str(self.container(name)["image"])

    def attempt(self, name: str = "web") -> str:
        return str((self.live(name)["metadata"].get("annotations") or {}).get(ATTEMPT_ANNOTATION, ""))

    def _owners_gone(self) -> list[str]:
        sets = {rs["metadata"]["uid"]: rs for rs in self._server.list("ReplicaSet", NAMESPACE)}
        uids = {obj["metadata"]["uid"] for obj in self._server.list("Deployment", NAMESPACE)}
        for rs in sets.values():
            if rs["metadata"]["ownerReferences"][0]["uid"] not in uids:
                self._server.delete("ReplicaSet", NAMESPACE, rs["metadata"]["name"])
        left = {rs["metadata"]["uid"] for rs in self._server.list("ReplicaSet", NAMESPACE)}
        pods = self._server.list("Pod", NAMESPACE)
        return [pod["metadata"]["name"] for pod in pods if pod["metadata"]["ownerReferences"][0]["uid"] not in left]

    def _roll_out(self, deployment: Object) -> None:
        newest, old = self._replicasets(deployment)
        look = self._pod(deployment, newest)
        if look.ready:
            for rs in old:
                self._server.delete("Pod", NAMESPACE, _pod_name(rs))
        ready_old = [rs for rs in old if self._server.get("Pod", NAMESPACE, _pod_name(rs))]
        ready_old = [rs for rs in ready_old if (rs["status"].get("readyReplicas"))]
        for rs in old:
            if rs not in ready_old:
                self._server.delete("Pod", NAMESPACE, _pod_name(rs))
            self._count(rs, int(rs in ready_old), int(rs in ready_old))
        self._count(newest, 1, int(look.ready))
        self._report(deployment, len(ready_old), int(look.ready))

    def _replicasets(self, deployment: Object) -> tuple[Object, list[Object]]:
        uid = deployment["metadata"]["uid"]
        mine = [
            rs
            for rs in self._server.list("ReplicaSet", NAMESPACE)
            if rs["metadata"]["ownerReferences"][0]["uid"] == uid
        ]
        digest = canonical.sha256(deployment["spec"]["template"])[:10]
        newest = max((_revision(rs) for rs in mine), default=0)
        found = next((rs for rs in mine if rs["metadata"]["labels"]["pod-template-hash"] == digest), None)
        if found is None:
            found = self._server.create(_replicaset(deployment, digest, newest + 1, self._now()))
        elif _revision(found) < newest:
            found = self._server.edit("ReplicaSet", NAMESPACE, found["metadata"]["name"], _revised(newest + 1))
        self._server.edit("Deployment", NAMESPACE, deployment["metadata"]["name"], _revised(_revision(found)))
        return found, [rs for rs in mine if rs["metadata"]["uid"] != found["metadata"]["uid"]]

    def _pod(self, deployment: Object, rs: Object) -> Look:
        name, image = _pod_name(rs), rs["spec"]["template"]["spec"]["containers"][0]["image"]
        if self._server.get("Pod", NAMESPACE, name) is None:
            self._made[name] = (image, self._clock.now())
            self._server.create(_pod(deployment, rs, self._now()))
        look = self._look(*self._made[name])
        status = _pod_status(look, image, _spelt(self._made[name][1]))
        self._server.edit("Pod", NAMESPACE, name, lambda pod: pod.update(status=status))
        return look

    def _count(self, rs: Object, replicas: int, ready: int) -> None:
        def change(obj: Object) -> None:
            obj["spec"]["replicas"] = replicas
            obj["status"] = {"replicas": replicas, "readyReplicas": ready, "availableReplicas": ready}

        self._server.edit("ReplicaSet", NAMESPACE, rs["metadata"]["name"], change)

    def _report(self, deployment: Object, old: int, ready: int) -> None:
        name = deployment["metadata"]["name"]
        status = {
            "observedGeneration": self.live(name)["metadata"]["generation"],
            "replicas": old + 1,
            "updatedReplicas": 1,
            "readyReplicas": old + ready,
            "availableReplicas": old + ready,
            "conditions": [{"type": "Available", "status": "True" if old + ready else "False"}],
        }
        self._server.edit("Deployment", NAMESPACE, name, lambda obj: obj.update(status=status))

    def _now(self) -> str:
        return _spelt(self._clock.now())


def _spelt(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _revision(rs: Object) -> int:
    return int(rs["metadata"]["annotations"][REVISION])


def _revised(number: int) -> Callable[[Object], None]:
    return lambda obj: obj["metadata"].setdefault("annotations", {}).update({REVISION: str(number)})


def _owner(obj: Object, api_version: str) -> list[Any]:
    meta = obj["metadata"]
    return [
        {"apiVersion": api_version, "kind": obj["kind"], "name": meta["name"], "uid": meta["uid"], "controller": True}
    ]


def _deployment(name: str, image: str) -> Object:
    labels = {"app": name}
    pod_spec = {"containers": [{"name": "app", "image": image, "imagePullPolicy": "IfNotPresent"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod_spec},
        },
        "status": {},
    }


def _replicaset(deployment: Object, digest: str, revision: int, made: str) -> Object:
    template, name = deployment["spec"]["template"], deployment["metadata"]["name"]
    labels = {**template["metadata"]["labels"], "pod-template-hash": digest}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-{digest}",
            "namespace": NAMESPACE,
            "labels": labels,
            "creationTimestamp": made,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": _owner(deployment, "apps/v1"),
        },
        "spec": {"replicas": 1, "template": {**template, "metadata": {"labels": labels}}},
        "status": {},
    }


def _pod_name(rs: Object) -> str:
    return f"{rs['metadata']['name']}-x2x7k"


def _pod(deployment: Object, rs: Object, made: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": _pod_name(rs),
            "namespace": NAMESPACE,
            "labels": rs["metadata"]["labels"],
            "creationTimestamp": made,
            "ownerReferences": _owner(rs, "apps/v1"),
        },
        "spec": {**deployment["spec"]["template"]["spec"], "nodeName": "node-1", "restartPolicy": "Always"},
        "status": {},
    }


def _pod_status(look: Look, image: str, made: str) -> Object:
    state: Object = {"running": {"startedAt": made}}
    if look.waiting:
        state = {"waiting": {"reason": look.waiting, "message": look.message}}
    container = {
        "name": "app", "image": image, "ready": look.ready, "started": look.ready, "restartCount": look.restarts,
        "state": state, "lastState": {},
    }  # fmt: skip
    ready = "True" if look.ready else "False"
    return {
        "phase": "Running" if not look.waiting else "Pending",
        "startTime": made,
        "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": ready}],
        "containerStatuses": [container],
    }
