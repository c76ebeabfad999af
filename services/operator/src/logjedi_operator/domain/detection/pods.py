"""What is wrong with a pod: its containers first, then what keeps it from having any.

Nothing is found for pods that are being deleted, have completed, are mirrored from a node's own files or are told to
be ignored. Pods of a Job are judged by the Job once they have ended: it may try again and succeed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from logjedi_contracts.messages import Severity
from logjedi_operator.domain.detection import containers, times
from logjedi_operator.domain.findings import Family, Finding, Graces
from logjedi_operator.domain.workload import Object, WorkloadRef, controller

IGNORE: Final = "logjedi.dev/ignore"
MIRROR: Final = "kubernetes.io/config.mirror"

EVICTIONS: Final = frozenset(
    {"Evicted", "Preempting", "Preempted", "NodeShutdown", "Shutdown", "Terminated", "NodeLost"}
)


@dataclass(frozen=True, slots=True)
class _View:
    """A pod at a moment."""

    pod: Object
    now: datetime
    graces: Graces

    @property
    def status(self) -> dict[str, Any]:
        return self.pod.get("status") or {}

    @property
    def start(self) -> datetime:
        """When the kubelet took the pod, else when it was made: waiting states carry no time of their own."""
        made = self.pod["metadata"].get("creationTimestamp")
        return times.read(self.status.get("startTime")) or times.read(made) or self.now

    @property
    def severity(self) -> Severity:
        """A pod that nobody replaces and that is not ready serves nothing; others are weighed by their owner."""
        alone = controller(self.pod) is None
        return Severity.CRITICAL if alone and not is_ready(self.pod) else Severity.WARNING

    def finding(self, sign: containers.Sign, container: str = "") -> Finding:
        due = None if sign.grace is None else (sign.since or self.start) + sign.grace
        return Finding(
            owner=WorkloadRef.of(self.pod),
            reason=sign.reason,
            family=sign.family,
            container=container,
            message=sign.message,
            severity=self.severity,
            since=sign.since or self.start,
            pod=self.pod["metadata"]["name"],
            due=due,
        )


def detect(pod: Object, now: datetime, graces: Graces) -> list[Finding]:
    """Find at most one cause per container; pod-level causes only where no container has one."""
    if is_ignored(pod) or is_static(pod) or (pod.get("status") or {}).get("phase") == "Succeeded":
        return []
    view = _View(pod, now, graces)
    if view.status.get("phase") == "Failed":
        return _failed(view)
    return list(_containers(view)) or [found for found in (_scheduling(view), _starting(view)) if found][:1]


def is_ignored(obj: Object) -> bool:
    """Tell whether an object asks to be left alone, or is on its way out."""
    meta = obj["metadata"]
    return bool(meta.get("deletionTimestamp")) or (meta.get("annotations") or {}).get(IGNORE) == "true"


def is_static(pod: Object) -> bool:
    """Tell whether the pod mirrors a file on its node: the API server cannot change it."""
    owner = controller(pod)
    return MIRROR in (pod["metadata"].get("annotations") or {}) or (owner is not None and owner.kind == "Node")


def is_ready(pod: Object) -> bool:
    return times.condition(pod, "Ready").get("status") == "True"


def _containers(view: _View) -> Iterator[Finding]:
    never = (view.pod.get("spec") or {}).get("restartPolicy") == "Never"
    left_to_owner = _job_pod(view.pod) or (never and controller(view.pod) is not None)
    for status in _statuses(view):
        end = (status.get("state") or {}).get("terminated")
        if end and left_to_owner:
            continue
        sign = containers.ended(status) if never and end else containers.read(status, view.now, view.graces)
        sign = sign or _unready(view, status)
        if sign is not None:
            yield view.finding(sign, status["name"])


def _statuses(view: _View) -> list[dict[str, Any]]:
    """Init (and sidecar) containers first: main ones cannot start before them. Ephemeral ones end as they like."""
    return [
        *(view.status.get("initContainerStatuses") or []),
        *(view.status.get("containerStatuses") or []),
    ]


def _unready(view: _View, status: dict[str, Any]) -> containers.Sign | None:
    """A main container that has started and runs, yet fails its readiness probe for long."""
    running = (status.get("state") or {}).get("running")
    probe = _main_container(view.pod, status["name"]).get("readinessProbe")
    if not running or not probe or status.get("ready") or status.get("started") is False:
        return None
    ready = times.condition(view.pod, "ContainersReady")
    moments = [times.read(running.get("startedAt")), times.read(ready.get("lastTransitionTime"))]
    since = max((at for at in moments if at), default=view.start)
    return containers.Sign(
        "Unready", Family.PROBE, "running, but the readiness probe does not pass", since, _patience(probe, view.graces)
    )


def _patience(probe: dict[str, Any], graces: Graces) -> timedelta:
    tries = (probe.get("periodSeconds") or 10) * (probe.get("failureThreshold") or 3)
    return graces.unready + timedelta(seconds=(probe.get("initialDelaySeconds") or 0) + tries)


def _main_container(pod: Object, name: str) -> dict[str, Any]:
    listed = (pod.get("spec") or {}).get("containers") or []
    return next((dict(item) for item in listed if item.get("name") == name), {})


def _scheduling(view: _View) -> Finding | None:
    scheduled = times.condition(view.pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    reason = scheduled.get("reason") or "Unschedulable"
    grace = view.graces.gated if reason == "SchedulingGated" else view.graces.scheduling
    since = times.read(scheduled.get("lastTransitionTime"))
    return view.finding(containers.Sign(reason, Family.SCHEDULING, scheduled.get("message") or "", since, grace))


def _starting(view: _View) -> Finding | None:
    """A pod on a node that gets no container going, and says no more than ContainerCreating."""
    if not view.status.get("startTime"):
        return None
    stuck = next((status for status in _next_up(view) if _creating(status)), None)
    if stuck is None:
        return None
    sandbox = times.condition(view.pod, "PodReadyToStartContainers")
    pulling = sandbox.get("status") == "True"
    text = "its image is still being pulled" if pulling else "volumes or network of the pod are not ready"
    reason = (stuck["state"]["waiting"] or {}).get("reason") or "ContainerCreating"
    grace = view.graces.pull if pulling else view.graces.start
    since = times.read(sandbox.get("lastTransitionTime")) if pulling else None
    return view.finding(containers.Sign(reason, Family.START, f"stuck: {text}", since, grace))


def _creating(status: dict[str, Any]) -> bool:
    waiting = (status.get("state") or {}).get("waiting")
    return waiting is not None and (waiting.get("reason") or "") in containers.NORMAL_WAITS


def _next_up(view: _View) -> list[dict[str, Any]]:
    """The containers whose turn it is: the first init container that has not done its part, else the main ones."""
    listed = (view.pod.get("spec") or {}).get("initContainers") or []
    sidecars = {item.get("name") for item in listed if item.get("restartPolicy") == "Always"}
    for status in view.status.get("initContainerStatuses") or []:
        done = ((status.get("state") or {}).get("terminated") or {}).get("exitCode") == 0
        if not done and not (status["name"] in sidecars and status.get("started")):
            return [status]
    return list(view.status.get("containerStatuses") or [])


def _failed(view: _View) -> list[Finding]:
    """A pod that ended badly. Whoever controls it replaces it, so only pods on their own are reported."""
    if controller(view.pod) is not None:
        return []
    reason = view.status.get("reason") or ""
    if reason in EVICTIONS:
        return [_info(view, reason)]
    signs = ((containers.ended(status), status["name"]) for status in _statuses(view))
    found = [view.finding(sign, name) for sign, name in signs if sign is not None]
    if found and reason != "DeadlineExceeded":
        return found
    family = Family.JOB if reason == "DeadlineExceeded" else Family.START
    message = view.status.get("message") or "the pod failed"
    return [view.finding(containers.Sign(reason or "Failed", family, message))]


def _info(view: _View, reason: str) -> Finding:
    sign = containers.Sign(reason, Family.EVICTION, view.status.get("message") or "")
    return replace(view.finding(sign), severity=Severity.INFO)


def _job_pod(pod: Object) -> bool:
    owner = controller(pod)
    return owner is not None and owner.kind == "Job"
