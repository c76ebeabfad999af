"""What to read next: which containers' logs and whose events tell most, in the order of their worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from logjedi_operator.domain.evidence import revisions
from logjedi_operator.domain.evidence.raw import Raw
from logjedi_operator.domain.workload import Object

MAX_CONTAINERS: Final = 3


@dataclass(frozen=True, slots=True)
class WantedLog:
    pod: str
    container: str
    previous: bool


def logs(raw: Raw) -> list[WantedLog]:
    """Choose logs of the worst pod's failing containers, the finding's first, the run that failed before the present.

    A container that waits in CrashLoopBackOff has one log: the kubelet answers both questions with its last run.
    """
    if not raw.pods:
        return []
    pod = raw.pods[0]
    chosen = sorted(_failing(pod, raw.finding.container), key=lambda s: s["name"] != raw.finding.container)
    return [
        WantedLog(pod["metadata"]["name"], status["name"], previous)
        for status in chosen[:MAX_CONTAINERS]
        for previous in _runs(status)
    ]


def event_subjects(raw: Raw) -> list[str]:
    """Choose whose events to read, by uid: the worst pod, the newest ReplicaSet, the owner, another pod."""
    newest = revisions.newest_first(raw.live, raw.replicasets)[:1]
    objects = [*raw.pods[:1], *(ran.replicaset for ran in newest), raw.live, *raw.pods[1:2]]
    return list(dict.fromkeys(obj["metadata"]["uid"] for obj in objects if obj["metadata"].get("uid")))


def _failing(pod: Object, container: str) -> Iterator[dict[str, Any]]:
    status = pod.get("status") or {}
    for found in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        end = (found.get("state") or {}).get("terminated") or {}
        completed = bool(end) and end.get("exitCode") == 0
        if found["name"] == container or (not found.get("ready") and not completed):
            yield found


def _runs(status: dict[str, Any]) -> list[bool]:
    """Answer which runs have a log: the previous one (True), the present one (False)."""
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    present = "running" in state or "terminated" in state
    return [previous for previous, there in ((True, bool(last)), (False, present)) if there]
