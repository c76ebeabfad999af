"""Objects as the API server sends them, and a cluster reader that serves them."""

import asyncio
import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from logjedi_operator.ports.cluster import ListQuery, LogQuery

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NAMESPACE = "shop"

Object = dict[str, Any]


def ago(**parts: float) -> str:
    return (NOW - timedelta(**parts)).isoformat().replace("+00:00", "Z")


def owner_of(obj: Object) -> list[Object]:
    meta = obj["metadata"]
    return [
        {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "name": meta["name"],
            "uid": meta["uid"],
            "controller": True,
        }
    ]


def container(name: str = "app", **fields: Any) -> Object:
    return {"name": name, "image": "registry.example/shop/web:1.1", **fields}


def template(*containers: Object, **spec: Any) -> Object:
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": list(containers) or [container()], **spec}}


def deployment(pod_template: Object | None = None, **fields: Any) -> Object:
    """``fields``: replicas, conditions, available, generation, observed, annotations, labels, paused, revision."""
    available = fields.get("available", 0)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": NAMESPACE,
            "uid": "uid-web",
            "generation": fields.get("generation", 2),
            "creationTimestamp": ago(days=2),
            "labels": {"app": "web", **fields.get("labels", {})},
            "annotations": {
                "deployment.kubernetes.io/revision": fields.get("revision", "2"),
                **fields.get("annotations", {}),
            },
        },
        "spec": {
            "replicas": fields.get("replicas", 1),
            "paused": fields.get("paused", False),
            "selector": {"matchLabels": {"app": "web"}},
            "template": pod_template or template(),
        },
        "status": {
            "observedGeneration": fields.get("observed", fields.get("generation", 2)),
            "replicas": fields.get("replicas", 1),
            **({"availableReplicas": available} if available else {}),
            "conditions": fields.get("conditions", []),
        },
    }


def replicaset(name: str, revision: int, owner: Object | None, **fields: Any) -> Object:
    """``fields``: template, ready, replicas, made, conditions, annotations."""
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "generation": 1,
            "creationTimestamp": fields.get("made", ago(minutes=5)),
            "annotations": {"deployment.kubernetes.io/revision": str(revision), **fields.get("annotations", {})},
            **({"ownerReferences": owner_of(owner)} if owner else {}),
        },
        "spec": {"replicas": fields.get("replicas", 1), "template": fields.get("template") or template()},
        "status": {
            "observedGeneration": 1,
            "replicas": fields.get("replicas", 1),
            **({"readyReplicas": fields["ready"]} if fields.get("ready") else {}),
            "conditions": fields.get("conditions", []),
        },
    }


def status(state: Object, **fields: Any) -> Object:
    """One container status. ``last``: how the previous run ended."""
    last = fields.pop("last", None)
    return {
        "name": fields.pop("name", "app"),
        "image": "registry.example/shop/web:1.1",
        "ready": fields.pop("ready", False),
        "started": fields.pop("started", False),
        "restartCount": fields.pop("restarts", 0),
        "state": state,
        "lastState": {"terminated": last} if last else {},
        **fields,
    }


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def running(**started_ago: float) -> Object:
    return {"running": {"startedAt": ago(**started_ago)}}


def end(code: int, reason: str = "Error", *, began: str = "", finished: str = "", message: str = "") -> Object:
    return {
        "exitCode": code,
        "reason": reason,
        "startedAt": began or ago(minutes=1, seconds=2),
        "finishedAt": finished or ago(minutes=1),
        **({"message": message} if message else {}),
    }


def pod(*statuses: Object, owner: Object | None = None, **fields: Any) -> Object:
    """``fields``: name, phase, init (statuses), spec, conditions, annotations, deleted, reason, message, start."""
    name = fields.get("name", "web-7d9c5b8f4-x2x7k")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "creationTimestamp": ago(minutes=5),
            "labels": {"app": "web"},
            "annotations": fields.get("annotations", {}),
            **({"deletionTimestamp": ago(seconds=5)} if fields.get("deleted") else {}),
            **({"ownerReferences": owner_of(owner)} if owner else {}),
        },
        "spec": {"containers": [container()], "restartPolicy": "Always", **fields.get("spec", {})},
        "status": {
            "phase": fields.get("phase", "Running"),
            "startTime": fields.get("start", ago(minutes=5)),
            "conditions": fields.get("conditions", []),
            "containerStatuses": list(statuses),
            **({"initContainerStatuses": fields["init"]} if "init" in fields else {}),
            **{key: fields[key] for key in ("reason", "message") if key in fields},
        },
    }


def condition(kind: str, status: str, reason: str = "", message: str = "", since: str = "") -> Object:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since or ago(minutes=4),
    }


def event(about: Object, reason: str, message: str, **fields: Any) -> Object:
    meta = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.{reason}", "namespace": NAMESPACE},
        "involvedObject": {"kind": about["kind"], "name": meta["name"], "uid": meta["uid"]},
        "type": fields.get("type", "Warning"),
        "reason": reason,
        "message": message,
        "count": fields.get("count", 1),
        "lastTimestamp": fields.get("at", ago(seconds=30)),
    }


@dataclass
class FakeReader:
    """Serves objects with selectors applied; ``broken`` kinds (or ``log``) raise; counts its calls."""

    objects: list[Object] = field(default_factory=list)
    log_texts: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    calls: list[Any] = field(default_factory=list)

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        self.calls.append((api_version, kind, namespace, name))
        await self._hinder(kind)
        for obj in self.objects:
            if (obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]) == (kind, namespace, name):
                return copy.deepcopy(obj)
        return None

    async def list(self, query: ListQuery) -> list[Object]:
        self.calls.append(query)
        await self._hinder(query.kind)
        found = [o for o in self.objects if o["kind"] == query.kind and o["metadata"]["namespace"] == query.namespace]
        return copy.deepcopy([o for o in found if _selected(o, query)][: query.limit])

    async def logs(self, query: LogQuery) -> str | None:
        self.calls.append(query)
        await self._hinder("log")
        text = self.log_texts.get((query.pod, query.container, query.previous))
        return None if text is None else "\n".join(text.splitlines()[-query.tail_lines :])

    async def _hinder(self, kind: str) -> None:
        if kind in self.broken:
            raise self.broken[kind]
        if kind in self.slow:
            await asyncio.sleep(3600)


def _selected(obj: Object, query: ListQuery) -> bool:
    if query.fields.startswith("involvedObject.uid="):
        return str(obj["involvedObject"]["uid"]) == query.fields.partition("=")[2]
    labels = obj["metadata"].get("labels", {}) if obj["kind"] == "Pod" else None
    if labels is None or not query.labels or " in " in query.labels:
        return True
    return all(labels.get(term.partition("=")[0]) == term.partition("=")[2] for term in query.labels.split(","))
