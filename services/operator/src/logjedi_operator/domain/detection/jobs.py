"""What a Job's own status says. Only its Failed condition is final.

Failed pods alone say nothing: the next one may succeed.
"""

from datetime import datetime

from logjedi_operator.domain.detection import pods, times
from logjedi_operator.domain.findings import Family, Finding, Graces
from logjedi_operator.domain.workload import Object, WorkloadRef


def detect(job: Object, _now: datetime, _graces: Graces) -> list[Finding]:
    """Find a Job that failed for good: BackoffLimitExceeded, DeadlineExceeded, PodFailurePolicy …"""
    failed = times.condition(job, "Failed")
    if pods.is_ignored(job) or failed.get("status") != "True":
        return []
    if times.condition(job, "Complete").get("status") == "True" or (job.get("spec") or {}).get("suspend"):
        return []
    return [
        Finding(
            owner=WorkloadRef.of(job),
            reason=failed.get("reason") or "Failed",
            family=Family.JOB,
            message=failed.get("message") or "",
            since=times.read(failed.get("lastTransitionTime")),
        )
    ]
