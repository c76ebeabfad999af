"""Who a failing object belongs to: an index of owners, fed by watch events, and the walk to the root.

Pods are never kept (a pod's event carries its owner), so memory grows with ReplicaSets, Deployments and Jobs only.
The caller fetches what is ``Unknown`` and lets the index learn it.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from logjedi_contracts.messages import Severity
from logjedi_operator.domain.detection import pods
from logjedi_operator.domain.findings import Finding
from logjedi_operator.domain.workload import API_VERSIONS, Object, WorkloadRef, controller

REVISION: Final = "deployment.kubernetes.io/revision"

_INNER = frozenset({"ReplicaSet", "Job"})
"""Kinds that may have an owner of a known kind; every other known kind is a root."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The walk stops here: fetch ``ref``, ``learn`` it and ask again. Gone: nothing is left to attribute to."""

    ref: WorkloadRef


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of an object. ``available`` is ``None`` where the kind has no such number."""

    ref: WorkloadRef
    owner: WorkloadRef | None
    revision: int
    wanted: int
    available: int | None
    ignored: bool
    labels: dict[str, str] = field(default_factory=dict)


class Owners:
    """The index, by uid."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._children: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, obj: Object) -> None:
        """Take in an object's newest state; pods and unknown kinds are not kept."""
        kind = obj.get("kind", "")
        if kind == "Pod" or kind not in API_VERSIONS:
            return
        known = _read(obj)
        self._known[known.ref.uid] = known
        if known.owner is not None:
            self._children.setdefault(known.owner.uid, set()).add(known.ref.uid)

    def forget(self, uid: str) -> None:
        """Drop an object that was deleted."""
        known = self._known.pop(uid, None)
        if known is None or known.owner is None:
            return
        siblings = self._children.get(known.owner.uid, set())
        siblings.discard(uid)
        if not siblings:
            self._children.pop(known.owner.uid, None)

    def known(self, uid: str) -> Known | None:
        """Look up what is kept of an object."""
        return self._known.get(uid)

    def root(self, obj: Object) -> WorkloadRef | Unknown:
        """Walk Pod → ReplicaSet → Deployment, Job → CronJob; stop at the last kind that we know."""
        here, owner = WorkloadRef.of(obj), controller(obj)
        while owner is not None and is_known_kind(owner):
            if owner.kind not in _INNER:
                return owner
            known = self._known.get(owner.uid)
            if known is None:
                return Unknown(owner)
            here, owner = known.ref, known.owner
        return here

    def foreign_owner(self, obj: Object) -> WorkloadRef | None:
        """Name the custom controller that the walk stopped at (an Argo Rollout, say), if there is one."""
        owner = controller(obj)
        while owner is not None and is_known_kind(owner):
            known = self._known.get(owner.uid)
            owner = known.owner if known else None
        return owner

    def is_outdated(self, obj: Object) -> bool:
        """Tell whether a pod (or ReplicaSet) belongs to a revision that its Deployment is replacing.

        Its failure says nothing about what runs next; the newer revision's pods speak for themselves.
        """
        here = self._known.get(WorkloadRef.of(obj).uid) if obj.get("kind") == "ReplicaSet" else self._replicaset(obj)
        if here is None or here.owner is None or not here.revision:
            return False
        return here.revision < self._newest(here.owner.uid)

    def attribute(self, finding: Finding, obj: Object) -> Finding | Unknown | None:
        """Put ``finding`` (about ``obj``) on its root owner, weighed there; ``None`` if it is not to be reported."""
        root = self.root(obj)
        if isinstance(root, Unknown):
            return root
        if self.is_outdated(obj) or self._is_ignored(obj, root):
            return None
        known = self._known.get(root.uid)
        return replace(finding, owner=root, severity=_weigh(finding.severity, known))

    def _replicaset(self, pod: Object) -> Known | None:
        owner = controller(pod)
        return self._known.get(owner.uid) if owner is not None and owner.kind == "ReplicaSet" else None

    def _newest(self, deployment_uid: str) -> int:
        siblings = [self._known[uid].revision for uid in self._children.get(deployment_uid, ())]
        own = self._known.get(deployment_uid)
        return max([*siblings, own.revision if own else 0])

    def _is_ignored(self, obj: Object, root: WorkloadRef) -> bool:
        owner = controller(obj)
        chain = [self._known.get(ref.uid) for ref in (owner, root) if ref is not None]
        return pods.is_ignored(obj) or any(known.ignored for known in chain if known)


def is_known_kind(ref: WorkloadRef) -> bool:
    """Tell whether ``ref`` is one of the built-in workloads, not a custom kind of the same name."""
    return API_VERSIONS.get(ref.kind, "").split("/")[0] == ref.api_version.split("/")[0]


def _weigh(severity: Severity, root: Known | None) -> Severity:
    """Critical: the owner wants replicas and none is available. Otherwise as detection said."""
    if severity is Severity.INFO or root is None or root.available is None or not root.wanted:
        return severity
    return Severity.WARNING if root.available else Severity.CRITICAL


def _read(obj: Object) -> Known:
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    served = obj["kind"] in {"Deployment", "ReplicaSet", "StatefulSet"}
    return Known(
        ref=WorkloadRef.of(obj),
        owner=controller(obj),
        revision=_number((meta.get("annotations") or {}).get(REVISION)),
        wanted=spec.get("replicas", 1) if served else 0,
        available=status.get("availableReplicas", 0) if served else None,
        ignored=pods.is_ignored(obj),
        labels=dict(meta.get("labels") or {}) if obj["kind"] not in _INNER else {},
    )


def _number(value: Any) -> int:
    return int(value) if isinstance(value, str) and value.isdigit() else 0
