"""What changed between the healthy revision and the failing one, in the policy's words.

Each ``FieldChange`` gets the container (if any) that it belongs to and its topic: ``image``, ``env`` … as policy names
them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from logjedi_analyzer.domain.scene import Scene
from logjedi_contracts.analysis import FieldChange

_CONTAINER = re.compile(r"^(?:containers|initContainers)\[([^\]]+)\](?:\.(.+))?$")
_REFERENCE = re.compile(
    r"valueFrom\.(configMapKeyRef|secretKeyRef)\.(name|key)$|(configMap|projected\.sources\[[^\]]*\]\.configMap)\.(name|items.*)$"
    r"|secret\.(secretName|items.*)$|persistentVolumeClaim\.claimName$"
)
_IN_CONTAINER = {
    "image": "image",
    "env": "env",
    "envFrom": "references",
    "resources": "resources",
    "command": "command",
    "workingDir": "command",
    "args": "args",
    "livenessProbe": "probes",
    "readinessProbe": "probes",
    "startupProbe": "probes",
    "ports": "ports",
    "lifecycle": "lifecycle",
    "securityContext": "securityContext",
    "volumeMounts": "volumes",
    "volumeDevices": "volumes",
}
_IN_POD = {
    "serviceAccountName": "references",
    "serviceAccount": "references",
    "imagePullSecrets": "references",
    "volumes": "volumes",
    "securityContext": "securityContext",
} | dict.fromkeys(
    (
        "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priorityClassName", "schedulerName",
        "runtimeClassName", "nodeName", "hostNetwork",
    ),
    "scheduling",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``container`` is empty for pod-level fields; ``field`` is the path below container or pod spec."""

    source: FieldChange
    container: str
    field: str
    topic: str

    @property
    def path(self) -> str:
        return self.source.path

    @property
    def env_name(self) -> str:
        """Name the environment variable that changed; empty for other fields."""
        match = re.match(r"env\[([^\]]+)\]", self.field)
        return match[1] if match else ""

    def texts(self) -> tuple[str, ...]:
        """List the words of the failing value, for finding them in logs."""
        return tuple(_texts(self.source.failing))

    def healthy_texts(self) -> tuple[str, ...]:
        return tuple(_texts(self.source.healthy))

    @property
    def names_source(self) -> bool:
        """Whether a variable takes its value from elsewhere, before or after."""
        return any("valueFrom" in str(part) for part in (self.path, self.source.failing, self.source.healthy))

    def describe(self) -> str:
        """Say what changed: ``env[PORT].value: "8080" became "http"``."""
        before = _short(self.source.healthy) if self.source.in_healthy else "absent"
        after = _short(self.source.failing) if self.source.in_failing else "removed"
        return f"{self.field or f'container {self.container}'}: {before} became {after}"


def of(scene: Scene) -> tuple[Change, ...]:
    """List what changed since the healthy revision, without what cannot matter (labels, annotations)."""
    revision = scene.evidence.revision
    prefix = ".".join(scene.pod_spec_path) + "."
    rows = [_read(change, prefix) for change in (revision.changes if revision else ())]
    return tuple(_added_as_one([row for row in rows if row is not None]))


def _added_as_one(rows: list[Change]) -> Iterator[Change]:
    """Fold all fields of a container that the rollout added into one change, ``container``."""
    added = {row.container: row for row in rows if row.field == "image" and not row.source.in_healthy}
    yield from (row for row in rows if row.container not in added)
    yield from (replace(row, field="", topic="container") for row in added.values())


def container_topic(field: str) -> str:
    """Name the policy's word for a field of a container."""
    return _topic(field, _IN_CONTAINER)


def pod_topic(field: str) -> str:
    """Name the policy's word for a field of the pod spec."""
    return _topic(field, _IN_POD)


def _read(change: FieldChange, prefix: str) -> Change | None:
    if change.path == "spec.replicas":
        return Change(change, "", "replicas", "replicas")
    if not change.path.startswith(prefix):
        return None
    field = change.path.removeprefix(prefix)
    match = _CONTAINER.match(field)
    if match is None:
        return Change(change, "", field, _topic(field, _IN_POD))
    below = match[2] or ""
    return Change(change, match[1], below, _topic(below, _IN_CONTAINER) if below else "container")


def _topic(field: str, topics: dict[str, str]) -> str:
    if _REFERENCE.search(field):
        return "references"
    first = re.split(r"[.\[]", field, maxsplit=1)[0]
    return topics.get(first, first)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [] if value is None or isinstance(value, bool) else [str(value)]


def _short(value: Any) -> str:
    text = " ".join(_texts(value)) if isinstance(value, dict | list) else str(value)
    return f'"{text if len(text) <= 60 else text[:59] + "…"}"'
