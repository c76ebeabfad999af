"""Is the workload healthy, as Kubernetes means it for its kind? And has it been so for long enough?

Asked after a patch until the settling time has passed or a deadline has. A status that is older than the patch is never
healthy, a pod that restarts while settling starts the clock again, and what cannot be told is not healthy.
Source: ``kubectl rollout status`` and https://kubernetes.io/docs/concepts/workloads/controllers/
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from logjedi_operator.domain import pod_health, workload
from logjedi_operator.domain.pod_health import Health, State
from logjedi_operator.domain.workload import Object

__all__ = ["After", "Health", "Stability", "State", "assess", "observe", "restarts", "settled"]

_RECENT: Final = timedelta(minutes=10)
"""How long an out-of-memory kill counts against a container that runs again. Arbitrary: two back-offs."""
_COUNTED: Final = ("replicas", "readyReplicas", "availableReplicas")
_CURRENT_LABELS: Final = ("pod-template-hash", "controller-revision-hash")


@dataclass(frozen=True, slots=True)
class After:
    """What the health is asked after: the patch as it was answered, and the object before it.

    ``generation``: the server's answer. ``at``: when (timezone-aware). ``replicas``: asked for before. ``revision``:
    the template hash (label value) of the newest pods, if known; else the youngest pod's is taken.
    """

    generation: int = 0
    at: datetime | None = None
    replicas: int | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Stability:
    """Since when it has been healthy, or failing, without a break, and how often each container had restarted."""

    healthy_since: datetime | None = None
    failing_since: datetime | None = None
    baseline: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Case:
    owner: Object
    pods: list[Object]
    after: After
    since: datetime | None = None

    def status(self, name: str) -> int:
        return int((self.owner.get("status") or {}).get(name) or 0)

    @property
    def terminated_since(self) -> datetime | None:
        """From when on a container's end counts: since the patch, and not long ago."""
        return max((time for time in (self.since, self.after.at) if time is not None), default=None)

    @property
    def wanted(self) -> int:
        asked = (self.owner.get("spec") or {}).get("replicas")
        return 1 if asked is None else int(asked)


def assess(owner: Object, pods: list[Object], now: datetime, *, after: After | None = None) -> Health:
    """Judge ``owner`` and the pods that it owns (of every revision; terminating ones are passed over).

    Messages quote the cluster's own words and are as hostile as these.
    """
    living = _living(pods)
    case = _Case(owner, living, after or After(), now - _RECENT)
    judge = _KINDS.get(owner.get("kind", ""))
    if judge is None:
        return _progressing(f"cannot tell the health of a {owner.get('kind', 'nameless kind')}")
    health = _older_than_patch(case) or judge(case)
    return Health(health.state, health.message, restarts(living))


def restarts(pods: list[Object]) -> dict[str, int]:
    """Count restarts by ``pod uid/container``, init containers that keep running included."""
    return {key: count for pod in pods for key, count in pod_health.restarts(pod)}


def observe(previous: Stability | None, health: Health, now: datetime) -> Stability:
    """Fold one more look into what is known. Unhealthy, or any restart since the last look, starts the clock again."""
    known = previous or Stability()
    if health.state is State.FAILING:
        return Stability(None, known.failing_since or now, health.restarts)
    if health.state is not State.HEALTHY:
        return Stability(None, None, health.restarts)
    unbroken = known.healthy_since is not None and not _restarted(known.baseline, health.restarts)
    return Stability(known.healthy_since if unbroken else now, None, health.restarts)


def settled(stability: Stability, settle: timedelta, now: datetime) -> bool:
    """Tell whether it has been healthy, without a restart, for all of ``settle``."""
    return stability.healthy_since is not None and now - stability.healthy_since >= settle


def failed_for_good(stability: Stability, settle: timedelta, now: datetime) -> bool:
    """Tell whether it has been failing for all of ``settle``: waiting for the deadline would not help."""
    return stability.failing_since is not None and now - stability.failing_since >= settle


def current_pods(owner: Object, pods: list[Object], after: After | None = None) -> list[Object]:
    """Pick the pods that the newest template made; those of older ones prove nothing about a patch."""
    case = _Case(owner, _living(pods), after or After())
    if owner.get("kind") == "StatefulSet":
        return _of_revision(case.pods, (owner.get("status") or {}).get("updateRevision", ""))
    return _current(case) if owner.get("kind") in {"Deployment", "DaemonSet"} else case.pods


def _living(pods: list[Object]) -> list[Object]:
    return [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def _restarted(before: Mapping[str, int], now: Mapping[str, int]) -> bool:
    return any(count > before.get(key, 0) for key, count in now.items())


def _older_than_patch(case: _Case) -> Health | None:
    meta, status = case.owner.get("metadata") or {}, case.owner.get("status") or {}
    generation = int(meta.get("generation") or 0)
    if generation < case.after.generation:
        return _progressing(f"this view is older than the patch (generation {generation} of {case.after.generation})")
    observes = case.owner["kind"] in _OBSERVING or "observedGeneration" in status
    if observes and int(status.get("observedGeneration") or 0) < generation:
        return _progressing(f"the controller has not yet observed generation {generation}")
    return None


def _deployment(case: _Case) -> Health:
    failed = _condition(case, "Progressing", "False", "ProgressDeadlineExceeded") or _replica_failure(case)
    return failed or _failing_pods(case, _current(case)) or _rolled_out(case, case.status("updatedReplicas"))


def _stateful_set(case: _Case) -> Health:
    status = case.owner.get("status") or {}
    pods = _of_revision(case.pods, status.get("updateRevision", ""))
    updated = case.status("updatedReplicas")
    if status.get("currentRevision") == status.get("updateRevision"):
        updated = max(updated, case.status("currentReplicas"))
    return _failing_pods(case, pods) or _rolled_out(case, updated)


def _replica_set(case: _Case) -> Health:
    failed = _replica_failure(case) or _failing_pods(case, case.pods)
    return failed or _rolled_out(case, case.status("replicas"))


def _daemon_set(case: _Case) -> Health:
    wanted = case.status("desiredNumberScheduled")
    counts = {name: case.status(name) for name in ("updatedNumberScheduled", "numberAvailable", "numberReady")}
    failing = _failing_pods(case, _current(case))
    if failing:
        return failing
    if wanted == 0:
        return _progressing("no node wants a pod of it; that proves nothing")
    behind = [f"{name} {count}" for name, count in counts.items() if count != wanted]
    if behind or case.status("numberMisscheduled"):
        return _progressing(f"{', '.join(behind) or 'misscheduled pods'}; wanted {wanted}")
    return Health(State.HEALTHY, f"{wanted} of {wanted} available")


def _job(case: _Case) -> Health:
    failed = _condition(case, "Failed", "True") or _condition(case, "FailureTarget", "True")
    if failed:
        return failed
    if _condition(case, "Complete", "True"):
        return Health(State.HEALTHY, "complete")
    return _failing_pods(case, case.pods) or _progressing(f"{case.status('active')} pods active")


def _cron_job(case: _Case) -> Health:
    succeeded = pod_health.time_of((case.owner.get("status") or {}).get("lastSuccessfulTime"))
    if succeeded is None or (case.after.at is not None and succeeded <= case.after.at):
        return _failing_pods(case, case.pods) or _progressing("no run has succeeded since the patch")
    return Health(State.HEALTHY, f"a run succeeded at {succeeded.isoformat()}")


def _pod(case: _Case) -> Health:
    return pod_health.assess(case.owner, case.terminated_since)


def _rolled_out(case: _Case, updated: int) -> Health:
    """All replicas are of the newest template, ready and available, and no others are left."""
    wanted = case.wanted
    if wanted == 0 and case.after.replicas != 0:
        return _progressing("scaled to zero: nothing runs, so nothing is healthy")
    counts = {"updated": updated} | {name: case.status(name) for name in _COUNTED}
    behind = [f"{name} {count}" for name, count in counts.items() if count != wanted]
    if behind:
        return _progressing(f"{', '.join(behind)}; wanted {wanted}")
    return Health(State.HEALTHY, f"{wanted} of {wanted} replicas updated, ready and available")


def _failing_pods(case: _Case, pods: list[Object]) -> Health | None:
    looks = (pod_health.assess(pod, case.terminated_since) for pod in pods)
    return next((look for look in looks if look.state is State.FAILING), None)


def _current(case: _Case) -> list[Object]:
    """Pick the pods of the newest template: of the known revision, else of the youngest pod's."""
    if case.after.revision:
        return _of_revision(case.pods, case.after.revision)
    youngest = max(case.pods, key=lambda pod: pod["metadata"].get("creationTimestamp") or "", default=None)
    return _of_revision(case.pods, _revision(youngest)) if youngest else []


def _of_revision(pods: list[Object], revision: str) -> list[Object]:
    return [pod for pod in pods if _revision(pod) == revision]


def _revision(pod: Object) -> str:
    labels = pod["metadata"].get("labels") or {}
    return next((str(labels[name]) for name in _CURRENT_LABELS if name in labels), "")


def _replica_failure(case: _Case) -> Health | None:
    return _condition(case, "ReplicaFailure", "True")


def _condition(case: _Case, kind: str, status: str, reason: str = "") -> Health | None:
    """Find a condition that is not older than the patch, worded as failing."""
    for condition in (case.owner.get("status") or {}).get("conditions") or []:
        named = condition.get("type") == kind and condition.get("status") == status
        if named and reason in ("", condition.get("reason")) and _is_fresh(condition, case.after.at):
            return Health(State.FAILING, _worded(condition))
    return None


def _is_fresh(condition: Mapping[str, Any], at: datetime | None) -> bool:
    changed = pod_health.time_of(condition.get("lastUpdateTime") or condition.get("lastTransitionTime"))
    # the API server's times are whole seconds: one of the same second may be newer
    return at is None or changed is None or changed >= at.replace(microsecond=0)


def _worded(condition: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (condition.get("reason"), condition.get("message")) if part) or condition["type"]


def _progressing(message: str) -> Health:
    return Health(State.PROGRESSING, message)


_OBSERVING: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_KINDS: Final[Mapping[str, Callable[[_Case], Health]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Pod": _pod,
}
assert _KINDS.keys() == workload.API_VERSIONS.keys()  # noqa: S101  # a kind that can be attributed can be judged
