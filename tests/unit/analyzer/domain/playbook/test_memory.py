from typing import Any

import pytest

from tests.unit.analyzer.incidents import change, containers, diagnose, incident, revision

OOM = {
    "state": "waiting",
    "reason": "CrashLoopBackOff",
    "last_state": "terminated",
    "last_reason": "OOMKilled",
    "last_exit_code": 137,
    "restarts": 4,
}


def killed(limit: Any = "64Mi", *, state: Any = OOM, ceiling: Any = "8Gi", step: Any = 2.0, **more: Any) -> Any:
    resources = {"limits": {"memory": limit}, "requests": {"memory": "16Mi"}} if limit else {}
    spec = {
        "containers": [{"name": "app", "image": "web:1", "resources": resources}, {"name": "proxy", "image": "p:1"}]
    }
    limits = {"memory": ceiling, "step": step}
    arguments = {"pod_spec": spec, "states": [state], "limits": limits, **more}
    return incident("OOMKilled", "crash", **arguments)


def new_limit(request: Any) -> Any:
    [container] = containers(diagnose(request))
    assert set(container) == {"name", "resources"}
    assert set(container["resources"]) == {"limits"}
    return container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    ("limit", "step", "expected"),
    [
        ("64Mi", 2.0, "128Mi"),
        ("128Mi", 1.5, "192Mi"),
        ("0.5Gi", 2.0, "1Gi"),
        ("1Gi", 1.5, "1536Mi"),
        ("100M", 2.0, "200M"),
        ("1e8", 2.0, "200M"),
        ("134217728", 2.0, "256Mi"),
        ("128974848000m", 2.0, "246Mi"),
        ("33Mi", 1.5, "49Mi"),
        ("1Mi", 1.5, "1536Ki"),
        ("65536Ki", 2.0, "128Mi"),
    ],
)
def test_the_limit_grows_by_one_step_in_its_own_style(limit: Any, step: Any, expected: Any) -> None:
    assert new_limit(killed(limit, step=step)) == expected


def test_the_ceiling_holds() -> None:
    assert new_limit(killed("5Gi")) == "8Gi"


@pytest.mark.parametrize("limit", ["8Gi", "9Gi", "8100Mi"])
def test_at_the_ceiling_a_person_decides(limit: Any) -> None:
    answer = diagnose(killed(limit))
    assert answer.action is None
    assert answer.diagnosis.rule == "memory.at-ceiling"
    assert limit in answer.diagnosis.summary
    assert "8Gi" in answer.diagnosis.summary


def test_without_a_limit_of_its_own_the_node_is_suspected() -> None:
    answer = diagnose(killed(None))
    assert answer.action is None
    assert answer.diagnosis.rule == "memory.no-limit"


@pytest.mark.parametrize(
    "line",
    [
        "attempt 1: raised the memory limit from 64Mi to 128Mi, resolved",
        "1: memory.raise-limit k8s_patch RolledBack",
        "increased memory of app, rolled back",
        "attempt 1: Resolved (Container app of Deployment shop/web needs more memory than its limit of 64Mi)",
    ],
)
def test_killed_again_after_a_raise_is_a_leak(line: Any) -> None:
    answer = diagnose(killed(history=[line]))
    assert answer.action is None
    assert "leak" in answer.why_no_action
    assert line in answer.rests_on


@pytest.mark.parametrize(
    "line", ["attempt 1: image of container app, Resolved", "attempt 1: Rejected (raise the memory limit)"]
)
def test_other_attempts_are_no_raise(line: str) -> None:
    assert new_limit(killed(history=[line])) == "128Mi"


def test_a_limit_that_the_rollout_lowered_goes_back_whole() -> None:
    lowered = revision(change("resources.limits.memory", "256Mi", "16Mi"))
    answer = diagnose(killed("16Mi", revision=lowered))
    assert containers(answer)[0]["resources"]["limits"]["memory"] == "256Mi"
    assert answer.diagnosis.rule == "memory.restore-limit"
    assert answer.diagnosis.confidence > diagnose(killed("16Mi")).diagnosis.confidence


def test_a_change_of_all_resources_is_read_too() -> None:
    healthy, failing = ({"limits": {"memory": m}} for m in ("256Mi", "16Mi"))
    assert new_limit(killed("16Mi", revision=revision(change("resources", healthy, failing)))) == "256Mi"


@pytest.mark.parametrize("healthy", ["16Mi", "20Gi"])
def test_a_lower_or_forbidden_former_limit_is_not_restored(healthy: Any) -> None:
    former = revision(change("resources.limits.memory", healthy, "64Mi"))
    assert new_limit(killed(revision=former)) == "128Mi"


def test_a_new_image_that_needs_more_gets_more() -> None:
    assert new_limit(killed(revision=revision(change("image", "web:0", "web:1")))) == "128Mi"


def test_a_variable_that_made_it_greedy_goes_back_instead() -> None:
    greedy = revision(change("env[CACHE_MB].value", "16", "4096"))
    assert containers(diagnose(killed(revision=greedy))) == [
        {"name": "app", "env": [{"name": "CACHE_MB", "value": "16"}]}
    ]


def test_killed_while_starting_counts() -> None:
    state = {
        "state": "waiting",
        "reason": "RunContainerError",
        "message": "container init was OOM-killed (memory limit too low?)",
    }
    assert new_limit(killed(state=state)) == "128Mi"


@pytest.mark.parametrize(
    "state",
    [
        {"state": "terminated", "reason": "Error", "exit_code": 137},
        {"state": "waiting", "reason": "CrashLoopBackOff", "last_reason": "Error", "last_exit_code": 1, "restarts": 3},
    ],
)
def test_a_kill_for_another_reason_raises_nothing(state: Any) -> None:
    request = killed(state=state)
    crashed = request.failure.model_copy(update={"reason": "CrashLoopBackOff"})
    answer = diagnose(request.model_copy(update={"failure": crashed}))
    assert answer.action is None


def test_the_memory_of_a_bare_pod_cannot_be_patched() -> None:
    answer = diagnose(killed(kind="Pod"))
    assert answer.action is None
    assert "bare Pod" in answer.why_no_action


def test_a_policy_without_resources_withholds_the_raise() -> None:
    answer = diagnose(killed(limits={"paths": ["image"]}))
    assert answer.action is None
    assert "resources" in answer.why_no_action
