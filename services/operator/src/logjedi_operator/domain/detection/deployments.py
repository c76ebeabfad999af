"""What a Deployment's own status says: refused pods, a rollout past its deadline, capacity lost after one.

A rollout in progress is not a failure, nor is a Deployment that is paused or scaled to zero; a status that does not
yet speak of the current generation says nothing.
"""

from datetime import datetime

from logjedi_contracts.messages import Severity
from logjedi_operator.domain.detection import pods, refusals, times
from logjedi_operator.domain.findings import Family, Finding, Graces
from logjedi_operator.domain.workload import Object, WorkloadRef


def detect(deployment: Object, now: datetime, graces: Graces) -> list[Finding]:
    """Find at most one cause: the most telling."""
    if pods.is_ignored(deployment) or _at_rest(deployment) or is_stale(deployment):
        return []
    found = refusals.detect(deployment, graces) or _deadline(deployment) or _unavailable(deployment, now, graces)
    return [found] if found else []


def severity(obj: Object) -> Severity:
    """Critical: no replica is available at all; else a warning."""
    return Severity.WARNING if (obj.get("status") or {}).get("availableReplicas") else Severity.CRITICAL


def is_stale(obj: Object) -> bool:
    """Tell whether the status speaks of an older spec."""
    observed = (obj.get("status") or {}).get("observedGeneration") or 0
    return bool(observed < (obj["metadata"].get("generation") or 0))


def _at_rest(deployment: Object) -> bool:
    spec = deployment.get("spec") or {}
    return bool(spec.get("paused")) or spec.get("replicas", 1) == 0


def _deadline(deployment: Object) -> Finding | None:
    progressing = times.condition(deployment, "Progressing")
    if progressing.get("status") != "False" or progressing.get("reason") != "ProgressDeadlineExceeded":
        return None
    return Finding(
        owner=WorkloadRef.of(deployment),
        reason="ProgressDeadlineExceeded",
        family=Family.ROLLOUT,
        message=progressing.get("message") or "",
        severity=severity(deployment),
        since=times.read(progressing.get("lastTransitionTime")),
    )


def _unavailable(deployment: Object, now: datetime, graces: Graces) -> Finding | None:
    available = times.condition(deployment, "Available")
    progressing = times.condition(deployment, "Progressing")
    rolling = progressing and progressing.get("reason") != "NewReplicaSetAvailable"
    if available.get("status") != "False" or rolling:
        return None
    since = times.read(available.get("lastTransitionTime"))
    return Finding(
        owner=WorkloadRef.of(deployment),
        reason=available.get("reason") or "MinimumReplicasUnavailable",
        family=Family.ROLLOUT,
        message=available.get("message") or "",
        severity=severity(deployment),
        since=since,
        due=(since or now) + graces.unavailable,
    )
