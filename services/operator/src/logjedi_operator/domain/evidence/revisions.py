"""Revisions of a Deployment: which one was healthy, how the failing template differs, which images ran.

What the cluster can tell about the past is little, and this is all that is inferred: a revision with ready replicas
is healthy; the one before the current is known to have been available if the Deployment's Available condition fell
only after the current ReplicaSet was made. Of any other revision nothing is known (``healthy_replicas`` 0).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from logjedi_contracts import paths
from logjedi_contracts.analysis import FieldChange, ImageUse
from logjedi_operator.domain.detection import times
from logjedi_operator.domain.workload import Object

REVISION: Final = "deployment.kubernetes.io/revision"
REUSED: Final = "deployment.kubernetes.io/revision-history"
MAX_CHANGES: Final = 100
MAX_IMAGES: Final = 30
TEMPLATE: Final = "spec.template"

_NOISE: Final = frozenset(
    {
        "spec.template.metadata.labels[pod-template-hash]",
        "spec.template.metadata.labels.pod-template-hash",
        "spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]",
        "spec.template.metadata.creationTimestamp",
        "spec.template.metadata.labels",
        "spec.template.metadata.annotations",
    }
)
"""What every rollout changes; the last two only as leaves, that is when empty on one side."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A revision. ``healthy``: replicas that are, or are known to have been, ready."""

    replicaset: Object
    number: int
    healthy: int

    @property
    def name(self) -> str:
        return str(self.replicaset["metadata"]["name"])


def number(obj: Object) -> int:
    """Read the revision of a ReplicaSet or Deployment; 0 if it has none."""
    value = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(value) if value.isdigit() else 0


def newest_first(deployment: Object, replicasets: list[Object]) -> list[Ran]:
    """List a Deployment's revisions, what is known of each included."""
    ordered = sorted(replicasets, key=lambda rs: (number(rs), _made(rs)), reverse=True)
    return [
        Ran(rs, number(rs), _ready(rs) or (_was_available(deployment, ordered) if at == 1 else 0))
        for at, rs in enumerate(ordered)
    ]


def healthy(revisions: list[Ran]) -> Ran | None:
    """Pick what to compare with: the newest healthy revision before the current, else merely the one before it."""
    older = revisions[1:]
    return next((ran for ran in older if ran.healthy), older[0] if older else None)


def compare(good: Object, failing: Object) -> list[FieldChange]:
    """Compare two pod templates (masked alike), field by field, in the order of their paths."""
    before, after = (dict(paths.leaves(template, TEMPLATE)) for template in (good, failing))
    return [
        _change(path, before, after) for path in sorted(before.keys() | after.keys()) if _differs(path, before, after)
    ][:MAX_CHANGES]


def images(revisions: list[Ran]) -> list[ImageUse]:
    """List which image each revision used, newest revision first."""
    return [
        ImageUse(container=name, image=image, revision=ran.number, ran=bool(ran.healthy))
        for ran in revisions
        for name, image in _images(ran.replicaset)
    ][:MAX_IMAGES]


def _images(replicaset: Object) -> Iterator[tuple[str, str]]:
    spec = ((replicaset.get("spec") or {}).get("template") or {}).get("spec") or {}
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or []:
            if container.get("image"):
                yield container["name"], container["image"]


def _ready(replicaset: Object) -> int:
    return int((replicaset.get("status") or {}).get("readyReplicas") or 0)


def _made(obj: Object) -> float:
    at = times.read(obj["metadata"].get("creationTimestamp"))
    return at.timestamp() if at else 0.0


def _was_available(deployment: Object, ordered: list[Object]) -> int:
    """Answer 1 if the Deployment was available until the current revision came, under the one before it.

    A ReplicaSet that a rollback brought back is older than its rollout: then nothing follows. ``Recreate`` ends the
    old pods, within their grace period, before it makes the new ReplicaSet.
    """
    available = times.condition(deployment, "Available")
    fell = times.read(available.get("lastTransitionTime"))
    reused = REUSED in (ordered[0]["metadata"].get("annotations") or {})
    if available.get("status") != "False" or fell is None or reused:
        return 0
    return int(fell.timestamp() >= _made(ordered[0]) - _slack_s(deployment, ordered[1]) > 0)


def _slack_s(deployment: Object, replicaset: Object) -> float:
    strategy = ((deployment.get("spec") or {}).get("strategy") or {}).get("type")
    spec = ((replicaset.get("spec") or {}).get("template") or {}).get("spec") or {}
    return float(spec.get("terminationGracePeriodSeconds", 30)) + 10 if strategy == "Recreate" else 0.0


def _differs(path: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    return path not in _NOISE and before.get(path, paths.MISSING) != after.get(path, paths.MISSING)


def _change(path: str, before: dict[str, Any], after: dict[str, Any]) -> FieldChange:
    return FieldChange(
        path=path,
        healthy=before.get(path),
        failing=after.get(path),
        in_healthy=path in before,
        in_failing=path in after,
    )
