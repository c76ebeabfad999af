import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logjedi_operator.domain import health
from logjedi_operator.domain.health import After, Health, Stability, State

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
PATCHED = NOW - timedelta(minutes=2)
SETTLE = timedelta(seconds=30)


def stamp(time: Any) -> Any:
    return time.isoformat().replace("+00:00", "Z")


def container(name: Any = "app", restarts: Any = 0, state: Any = None, last: Any = None) -> Any:
    return {
        "name": name,
        "image": "shop:2",
        "restartCount": restarts,
        "state": state or {"running": {}},
        "lastState": last or {},
    }


def pod(name: Any = "p", revision: Any = "new", *, ready: Any = True, born: Any = NOW, **kwargs: Any) -> Any:
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "uid": name,
            "labels": {"pod-template-hash": revision, "controller-revision-hash": revision},
            "creationTimestamp": stamp(born),
        },
        "spec": {"containers": [{"name": "app", "image": "shop:2"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [container(**kwargs)],
        },
    }


def waiting(reason: Any) -> Any:
    return {"waiting": {"reason": reason, "message": "why"}}


def ended(reason: Any, at: Any = NOW) -> Any:
    return {"terminated": {"reason": reason, "exitCode": 137, "finishedAt": stamp(at)}}


def deployment(replicas: int = 2, generation: int = 3, observed: Any = 3, conditions: Any = (), **counts: int) -> Any:
    status = {"observedGeneration": observed, "conditions": list(conditions)}
    status |= dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas) | counts
    return {
        "kind": "Deployment",
        "metadata": {"name": "d", "generation": generation},
        "spec": {"replicas": replicas},
        "status": status,
    }


def state(owner: Any, pods: Any = (), after: After | None = None) -> State:
    return health.assess(owner, list(pods), NOW, after=after or After(generation=3, at=PATCHED)).state


def condition(kind: Any, status: Any = "True", reason: Any = "", at: Any = NOW) -> Any:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "m",
        "lastUpdateTime": stamp(at),
        "lastTransitionTime": stamp(at),
    }


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (deployment(), State.HEALTHY),
        (deployment(observed=2), State.PROGRESSING),
        (deployment(generation=2, observed=2), State.PROGRESSING),
        (deployment(observed=None), State.PROGRESSING),
        (deployment(updatedReplicas=1), State.PROGRESSING),
        (deployment(readyReplicas=1), State.PROGRESSING),
        (deployment(availableReplicas=1), State.PROGRESSING),
        (deployment(conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded")]), State.FAILING),
        (
            deployment(
                conditions=[condition("Progressing", "False", "ProgressDeadlineExceeded", NOW - timedelta(hours=1))]
            ),
            State.HEALTHY,
        ),
        (
            deployment(conditions=[condition("ReplicaFailure", "True", "FailedCreate")], updatedReplicas=0),
            State.FAILING,
        ),
        (deployment(replicas=0), State.PROGRESSING),
        ({"kind": "Deployment", "metadata": {"name": "d", "generation": 3}, "spec": {}}, State.PROGRESSING),
    ],
)
def test_a_deployment_is_healthy_when_every_replica_is_new_ready_and_available(owner: Any, expected: Any) -> None:
    assert state(owner) is expected


def test_an_old_replica_that_is_left_is_not_healthy() -> None:
    owner = deployment()
    owner["status"]["replicas"] = 3
    assert state(owner) is State.PROGRESSING


def test_a_status_that_is_older_than_the_patch_never_counts_as_healthy() -> None:
    stale = deployment(generation=3, observed=3)
    assert state(stale, after=After(generation=4, at=PATCHED)) is State.PROGRESSING
    unseen = deployment(generation=4, observed=3)
    assert state(unseen, [pod(state=waiting("ImagePullBackOff"))], After(generation=4, at=PATCHED)) is State.PROGRESSING


def test_scaled_to_zero_is_healthy_only_if_it_was_zero_before() -> None:
    assert state(deployment(replicas=0), after=After(generation=3, replicas=0)) is State.HEALTHY
    assert state(deployment(replicas=0), after=After(generation=3, replicas=2)) is State.PROGRESSING
    assert state(deployment(replicas=0), after=After(generation=3)) is State.PROGRESSING


@pytest.mark.parametrize(
    "reason", ["CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"]
)
def test_a_new_pod_that_waits_for_a_change_is_failing(reason: Any) -> None:
    look = health.assess(deployment(updatedReplicas=1), [pod(ready=False, state=waiting(reason))], NOW)
    assert look.state is State.FAILING
    assert reason in look.message
    assert "p" in look.message


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", "ErrImagePull"])
def test_a_new_pod_that_waits_for_the_kubelet_is_progressing(reason: Any) -> None:
    assert state(deployment(updatedReplicas=1), [pod(ready=False, state=waiting(reason))]) is State.PROGRESSING


def test_pods_of_an_older_template_and_terminating_ones_prove_nothing() -> None:
    old = pod("old", "old", ready=False, born=NOW - timedelta(hours=1), state=waiting("CrashLoopBackOff"))
    leaving = pod("leaving", state=waiting("CrashLoopBackOff"))
    leaving["metadata"]["deletionTimestamp"] = stamp(NOW)
    assert state(deployment(), [old, pod("new"), leaving]) is State.HEALTHY
    assert (
        state(
            deployment(),
            [pod("older", "x", born=NOW), pod("new", state=waiting("CrashLoopBackOff"), born=PATCHED)],
            After(revision="new"),
        )
        is State.FAILING
    )
    assert [each["metadata"]["name"] for each in health.current_pods(deployment(), [old, pod("new"), leaving])] == [
        "new"
    ]


def test_an_out_of_memory_kill_since_the_patch_is_failing_even_if_it_runs_again() -> None:
    killed = pod(restarts=1, last=ended("OOMKilled"))
    assert state(deployment(), [killed]) is State.FAILING
    before = pod(restarts=1, last=ended("OOMKilled", PATCHED - timedelta(minutes=1)))
    assert state(deployment(), [before]) is State.HEALTHY
    long_ago = pod(restarts=1, last=ended("OOMKilled", NOW - timedelta(hours=1)))
    assert state(deployment(), [long_ago], After()) is State.HEALTHY


def stateful_set(**status: Any) -> Any:
    numbers = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2}
    whole = {"observedGeneration": 3, "currentRevision": "old", "updateRevision": "new"} | numbers | status
    return {"kind": "StatefulSet", "metadata": {"name": "s", "generation": 3}, "spec": {"replicas": 2}, "status": whole}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, State.HEALTHY),
        ({"updatedReplicas": 1}, State.PROGRESSING),
        ({"updatedReplicas": 0, "currentRevision": "new", "currentReplicas": 2}, State.HEALTHY),
        ({"updatedReplicas": 0, "currentRevision": "old", "currentReplicas": 2}, State.PROGRESSING),
        ({"availableReplicas": 1}, State.PROGRESSING),
        ({"observedGeneration": 2}, State.PROGRESSING),
    ],
)
def test_a_stateful_set(status: Any, expected: Any) -> None:
    assert state(stateful_set(**status)) is expected


def test_a_stateful_sets_pods_are_judged_by_the_update_revision() -> None:
    assert state(stateful_set(), [pod(revision="old", state=waiting("CrashLoopBackOff"))]) is State.HEALTHY
    assert state(stateful_set(), [pod(revision="new", state=waiting("CrashLoopBackOff"))]) is State.FAILING


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, State.HEALTHY),
        ({"updatedNumberScheduled": 1}, State.PROGRESSING),
        ({"numberAvailable": 1}, State.PROGRESSING),
        ({"numberReady": 1}, State.PROGRESSING),
        ({"numberMisscheduled": 1}, State.PROGRESSING),
        ({"observedGeneration": 2}, State.PROGRESSING),
        (
            {"desiredNumberScheduled": 0, "updatedNumberScheduled": 0, "numberAvailable": 0, "numberReady": 0},
            State.PROGRESSING,
        ),
    ],
)
def test_a_daemon_set(status: Any, expected: Any) -> None:
    numbers = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2, "numberReady": 2}
    whole = {"observedGeneration": 3} | numbers | status
    assert state({"kind": "DaemonSet", "metadata": {"generation": 3}, "spec": {}, "status": whole}) is expected


@pytest.mark.parametrize(
    ("status", "pods", "expected"),
    [
        ({"conditions": [condition("Complete")]}, [], State.HEALTHY),
        ({"conditions": [condition("Failed", reason="BackoffLimitExceeded")]}, [], State.FAILING),
        ({"conditions": [condition("FailureTarget")]}, [], State.FAILING),
        ({"active": 1}, [pod()], State.PROGRESSING),
        ({"active": 1}, [pod(ready=False, state=waiting("ImagePullBackOff"))], State.FAILING),
        ({}, [], State.PROGRESSING),
    ],
)
def test_a_job_is_healthy_only_when_complete(status: Any, pods: Any, expected: Any) -> None:
    assert state({"kind": "Job", "metadata": {"generation": 3}, "spec": {}, "status": status}, pods) is expected


@pytest.mark.parametrize(
    ("succeeded", "expected"),
    [(None, State.PROGRESSING), (PATCHED - timedelta(minutes=1), State.PROGRESSING), (NOW, State.HEALTHY)],
)
def test_a_cron_job_is_healthy_when_a_run_succeeded_since_the_patch(succeeded: Any, expected: Any) -> None:
    status = {"lastSuccessfulTime": stamp(succeeded)} if succeeded else {}
    assert state({"kind": "CronJob", "metadata": {"generation": 3}, "spec": {}, "status": status}) is expected


def test_a_replica_set() -> None:
    whole = {"observedGeneration": 3, "replicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    owner = {"kind": "ReplicaSet", "metadata": {"generation": 3}, "spec": {"replicas": 2}, "status": whole}
    assert state(owner) is State.HEALTHY
    assert state(owner | {"status": whole | {"readyReplicas": 1}}) is State.PROGRESSING
    assert state(owner | {"status": whole | {"conditions": [condition("ReplicaFailure")]}}) is State.FAILING


def bare(image: str = "docker.io/library/shop:2", **kwargs: Any) -> Any:
    found = pod(**kwargs)
    found["status"]["containerStatuses"][0]["image"] = image
    return found


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (bare(), State.HEALTHY),
        (bare(ready=False), State.PROGRESSING),
        (bare(image="docker.io/library/shop:1"), State.PROGRESSING),
        (bare(image="other.example/shop:2"), State.PROGRESSING),
        (bare(state=waiting("CrashLoopBackOff")), State.FAILING),
        (bare(last=ended("OOMKilled")), State.FAILING),
        (bare() | {"status": {"phase": "Failed", "reason": "Evicted"}}, State.FAILING),
        (bare() | {"status": {"phase": "Succeeded"}}, State.HEALTHY),
        (bare() | {"status": {"phase": "Pending"}}, State.PROGRESSING),
    ],
)
def test_a_bare_pod(owner: Any, expected: Any) -> None:
    assert state(owner, [owner], After(at=PATCHED)) is expected


def test_a_pod_whose_kubelet_has_not_seen_the_patch_is_not_healthy() -> None:
    owner = copy.deepcopy(bare())
    owner["metadata"]["generation"] = 2
    owner["status"]["observedGeneration"] = 1
    assert state(owner, [owner], After(generation=2)) is State.PROGRESSING
    owner["status"]["observedGeneration"] = 2
    assert state(owner, [owner], After(generation=2)) is State.HEALTHY


def test_an_unknown_kind_is_never_healthy() -> None:
    assert state({"kind": "Rollout", "metadata": {}, "status": {}}) is State.PROGRESSING


def looks(*steps: Any) -> Any:
    """Fold ``(second, state, restarts)`` steps; return the stability and the time of the last."""
    stability = None
    for second, found, count in steps:
        now = NOW + timedelta(seconds=second)
        stability = health.observe(stability, Health(found, "", {"p/app": count}), now)
    return stability, NOW + timedelta(seconds=steps[-1][0])


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0, State.HEALTHY, 0), (30, State.HEALTHY, 0)], True),
        ([(0, State.HEALTHY, 0), (29, State.HEALTHY, 0)], False),
        ([(0, State.HEALTHY, 0), (10, State.PROGRESSING, 0), (30, State.HEALTHY, 0)], False),
        ([(0, State.HEALTHY, 0), (10, State.FAILING, 0), (30, State.HEALTHY, 0), (60, State.HEALTHY, 0)], True),
        ([(0, State.HEALTHY, 0), (20, State.HEALTHY, 1), (30, State.HEALTHY, 1)], False),
        ([(0, State.HEALTHY, 0), (30, State.HEALTHY, 1)], False),
        ([(0, State.HEALTHY, 5), (30, State.HEALTHY, 5)], True),
        ([(0, State.PROGRESSING, 0), (60, State.PROGRESSING, 0)], False),
    ],
    ids=[
        "steady",
        "too early",
        "a break",
        "healed again",
        "flapped",
        "flapped between two looks",
        "restarted long ago",
        "never",
    ],
)
def test_settles_only_without_a_break_or_restart(steps: Any, expected: Any) -> None:
    stability, now = looks(*steps)
    assert health.settled(stability, SETTLE, now) is expected


def test_a_pod_that_was_replaced_by_one_that_restarted_starts_the_clock_again() -> None:
    first = health.observe(None, Health(State.HEALTHY, "", {"a/app": 0}), NOW)
    then = health.observe(first, Health(State.HEALTHY, "", {"b/app": 1}), NOW + SETTLE)
    assert not health.settled(then, SETTLE, NOW + SETTLE)


def test_a_flapping_pod_never_passes() -> None:
    stability, now = None, NOW
    for count in range(20):
        now = NOW + timedelta(seconds=20 * count)
        look = health.assess(deployment(), [pod(restarts=count)], now, after=After(generation=3, at=PATCHED))
        stability = health.observe(stability, look, now)
        assert not health.settled(stability, SETTLE, now)


def test_fails_for_good_only_after_failing_all_along() -> None:
    steady, now = looks((0, State.FAILING, 0), (30, State.FAILING, 0))
    assert health.failed_for_good(steady, SETTLE, now)
    broken, now = looks((0, State.FAILING, 0), (10, State.PROGRESSING, 0), (30, State.FAILING, 0))
    assert not health.failed_for_good(broken, SETTLE, now)
    assert not health.failed_for_good(Stability(), SETTLE, now)


def test_counts_restarts_of_init_containers_too() -> None:
    found = pod(restarts=2)
    found["status"]["initContainerStatuses"] = [container("sidecar", 3)]
    assert health.restarts([found]) == {"p/sidecar": 3, "p/app": 2}
