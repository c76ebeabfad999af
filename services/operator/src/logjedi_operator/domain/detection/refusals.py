"""Pods that the API server refuses to create: quota, limit ranges, admission, a missing ServiceAccount.

Shared by Deployments and ReplicaSets, which report it in the same condition.
"""

import re

from logjedi_contracts.messages import Severity
from logjedi_operator.domain.detection import times
from logjedi_operator.domain.findings import Family, Finding, Graces
from logjedi_operator.domain.workload import Object, WorkloadRef

_REFUSED = re.compile(r"quota|forbidden|admission|denied the request|failed calling webhook|limitrange", re.IGNORECASE)
_NO_ACCOUNT = re.compile(r"service ?account", re.IGNORECASE)


def detect(obj: Object, graces: Graces) -> Finding | None:
    """Read ReplicaFailure. The controller tries again by itself, so it is given a moment."""
    failure = times.condition(obj, "ReplicaFailure")
    if failure.get("status") != "True":
        return None
    message, since = failure.get("message") or "", times.read(failure.get("lastTransitionTime"))
    available = (obj.get("status") or {}).get("availableReplicas")
    return Finding(
        owner=WorkloadRef.of(obj),
        reason=failure.get("reason") or "ReplicaFailure",
        family=family(message),
        message=message,
        severity=Severity.WARNING if available else Severity.CRITICAL,
        since=since,
        due=since + graces.pending if since else None,
    )


def family(message: str) -> Family:
    """Tell a name that is not there from a bound that is reached; both say ``forbidden``."""
    if _NO_ACCOUNT.search(message) and "not found" in message:
        return Family.CONFIG
    return Family.QUOTA if _REFUSED.search(message) else Family.ROLLOUT
