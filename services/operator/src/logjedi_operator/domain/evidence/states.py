"""Pods as the analyzer sees them: each container's current and last state, failing pods first. Raw texts, clipped."""

from datetime import datetime
from typing import Any, Final

from logjedi_contracts.analysis import ContainerKind, ContainerState, PodState
from logjedi_operator.domain import detection
from logjedi_operator.domain.detection import times
from logjedi_operator.domain.findings import Finding, Graces
from logjedi_operator.domain.workload import Object, WorkloadRef, controller

TEXT_CHARS: Final = 4_000
NAME_CHARS: Final = 1_000

_KINDS: Final = (
    ("initContainerStatuses", "initContainers", ContainerKind.INIT),
    ("containerStatuses", "containers", ContainerKind.MAIN),
    ("ephemeralContainerStatuses", "ephemeralContainers", ContainerKind.EPHEMERAL),
)


def owned(pods: list[Object], owner: WorkloadRef, replicasets: list[Object]) -> list[Object]:
    """Keep the pods that really belong to ``owner``: a selector alone may match another workload's."""
    uids = {owner.uid} | {rs["metadata"]["uid"] for rs in replicasets if belongs(rs, owner)}
    return [pod for pod in pods if pod["metadata"].get("uid") == owner.uid or _controller_uid(pod) in uids]


def belongs(obj: Object, owner: WorkloadRef) -> bool:
    return _controller_uid(obj) == owner.uid


def worst_first(pods: list[Object], finding: Finding, now: datetime) -> list[Object]:
    """Order: the pod of the finding, those that show its cause, other failing ones, then the newest."""
    return sorted(pods, key=lambda pod: (_rank(pod, finding, now), _age(pod)))


def selector(obj: Object) -> str:
    """Spell a workload's own pod selector (matchLabels and matchExpressions) as Kubernetes' lists take it."""
    found = (obj.get("spec") or {}).get("selector") or {}
    terms = [f"{key}={value}" for key, value in sorted((found.get("matchLabels") or {}).items())]
    terms += [_term(e["key"], e["operator"], e.get("values") or []) for e in found.get("matchExpressions") or []]
    return ",".join(terms)


def state(pod: Object) -> PodState:
    """Translate a pod. Conditions keep type, status, reason and message."""
    status = pod.get("status") or {}
    owner = controller(pod)
    return PodState(
        name=pod["metadata"]["name"],
        phase=status.get("phase") or "",
        reason=clip(status.get("reason"), NAME_CHARS),
        message=clip(status.get("message")),
        revision=owner.name if owner is not None and owner.kind == "ReplicaSet" else "",
        conditions=[_condition(found) for found in status.get("conditions") or []],
        containers=[
            _container(found, pod, spec, kind) for field, spec, kind in _KINDS for found in status.get(field) or []
        ],
    )


def clip(text: Any, chars: int = TEXT_CHARS) -> str:
    """Cut a text in the middle, where the least is lost, and say so."""
    found = str(text or "")
    if len(found) <= chars:
        return found
    half = (chars - 20) // 2
    return f"{found[:half]} …[truncated]… {found[-half:]}"


def _rank(pod: Object, finding: Finding, now: datetime) -> int:
    if finding.pod and pod["metadata"]["name"] == finding.pod:
        return 0
    found = detection.detect(pod, now, Graces())
    if any(other.family is finding.family and other.container == finding.container for other in found):
        return 1
    return 2 if found else 3


def _age(pod: Object) -> float:
    made = times.read(pod["metadata"].get("creationTimestamp"))
    return -made.timestamp() if made else 0.0


def _controller_uid(obj: Object) -> str | None:
    owner = controller(obj)
    return owner.uid if owner else None


def _term(key: str, operator: str, values: list[str]) -> str:
    if operator in {"In", "NotIn"}:
        return f"{key} {operator.lower()} ({','.join(sorted(values))})"
    return key if operator == "Exists" else f"!{key}"


def _condition(found: dict[str, Any]) -> dict[str, Any]:
    kept = {key: found[key] for key in ("type", "status", "reason", "lastTransitionTime") if found.get(key)}
    return {**kept, "message": clip(found["message"])} if found.get("message") else kept


def _container(status: dict[str, Any], pod: Object, spec: str, kind: ContainerKind) -> ContainerState:
    now, last = _reading(status.get("state")), _reading(status.get("lastState"))
    listed = (pod.get("spec") or {}).get(spec) or []
    always = any(c.get("name") == status["name"] and c.get("restartPolicy") == "Always" for c in listed)
    return ContainerState(
        name=status["name"],
        kind=ContainerKind.SIDECAR if kind is ContainerKind.INIT and always else kind,
        image=clip(status.get("image"), NAME_CHARS),
        ready=bool(status.get("ready")),
        restarts=status.get("restartCount") or 0,
        state=now[0],
        reason=now[1],
        message=now[2],
        exit_code=now[3],
        last_state=last[0],
        last_reason=last[1],
        last_message=last[2],
        last_exit_code=last[3],
    )


def _reading(found: Any) -> tuple[str, str, str, int | None]:
    """Read a container state: its name, reason, message and exit code."""
    for name, detail in (found or {}).items():
        part = detail or {}
        return name, clip(part.get("reason"), NAME_CHARS), clip(part.get("message")), part.get("exitCode")
    return "", "", "", None
