from typing import Any

import pytest

from tests.unit.analyzer.incidents import action, change, containers, diagnose, incident, revision

CRASH = {
    "state": "waiting",
    "reason": "CrashLoopBackOff",
    "last_state": "terminated",
    "last_reason": "Error",
    "last_exit_code": 1,
    "restarts": 5,
}
EXEC = {
    "state": "waiting",
    "reason": "RunContainerError",
    "message": 'exec: "/bin/servr": stat /bin/servr: no such file or directory',
}
ALL = ["image", "env", "replicas", "resources", "references", "probes", "command", "args", "securityContext", "volumes"]
LIVE = {
    "containers": [
        {
            "name": "app",
            "image": "web:2",
            "command": ["/bin/servr"],
            "env": [{"name": "PORT", "value": "http"}, {"name": "DEBUG", "value": "1"}],
        },
        {"name": "proxy", "image": "p:1"},
    ]
}


def crashed(
    *changes: Any,
    state: Any = CRASH,
    logs: Any = (),
    reason: Any = "CrashLoopBackOff",
    family: Any = "crash",
    healthy_pod: Any = None,
    **more: Any,
) -> Any:
    pods = [{"name": "web-2", "phase": "Running", "revision": "web-new", "containers": [{"name": "app", **state}]}]
    pods += (
        [{"name": "web-1", "revision": "web-old", "containers": [{"name": "app", **healthy_pod}]}]
        if healthy_pod
        else []
    )
    tails = [{"pod": "web-2", "container": "app", "previous": True, "lines": list(logs)}]
    arguments = {"pod_spec": LIVE, "pods": pods, "logs": tails, "revision": revision(*changes), **more}
    return incident(reason, family, **arguments)


def test_the_one_field_that_changed_goes_back() -> None:
    answer = diagnose(crashed(change("image", "web:1", "web:2")))
    assert containers(answer) == [{"name": "app", "image": "web:1"}]
    assert answer.diagnosis.rule == "rollout.restore"
    assert "revision 3" in answer.diagnosis.summary


def test_the_log_picks_the_variable_out_of_many_changes() -> None:
    changes = [
        change("image", "web:1", "web:2"),
        change("env[PORT].value", "8080", "http"),
        change("env[DEBUG].value", "0", "1"),
    ]
    line = 'fatal: PORT: invalid value "http": not a number'
    answer = diagnose(crashed(*changes, logs=["starting", line]))
    assert containers(answer) == [{"name": "app", "env": [{"name": "PORT", "value": "8080"}]}]
    assert answer.diagnosis.confidence > 0.9
    assert line in answer.rests_on


def test_what_cannot_be_told_apart_goes_back_together() -> None:
    changes = [change("image", "web:1", "web:2"), change("env[PORT].value", "8080", "http")]
    [container] = containers(diagnose(crashed(*changes, logs=["exiting"])))
    assert container == {"name": "app", "image": "web:1", "env": [{"name": "PORT", "value": "8080"}]}


def test_fields_that_cannot_crash_a_process_stay() -> None:
    changes = [
        change("env[PORT].value", "8080", "http"),
        change("resources.requests.cpu", "1", "2"),
        change("readinessProbe.periodSeconds", 5, 9),
    ]
    assert containers(diagnose(crashed(*changes))) == [{"name": "app", "env": [{"name": "PORT", "value": "8080"}]}]


def test_another_containers_changes_stay() -> None:
    other = {"path": "spec.template.spec.containers[proxy].image", "healthy": "p:0", "failing": "p:1"}
    assert diagnose(crashed(other)).action is None


def test_a_removed_variable_comes_back() -> None:
    answer = diagnose(crashed(change("env[DB_HOST].value", "db"), logs=["KeyError: 'DB_HOST'"]))
    assert containers(answer) == [{"name": "app", "env": [{"name": "DB_HOST", "value": "db"}]}]


def test_a_removed_variable_given_whole_comes_back_once_named() -> None:
    healthy = {"name": "DB_HOST", "value": "db"}
    assert containers(diagnose(crashed(change("env[DB_HOST]", healthy)))) == [{"name": "app", "env": [healthy]}]


def test_an_added_variable_is_removed_and_the_directive_announced() -> None:
    answer = diagnose(crashed(change("env[DEBUG].value", None, "1")))
    assert containers(answer) == [{"name": "app", "env": [{"name": "DEBUG", "$patch": "delete"}]}]
    assert action(answer).parameters == {"directives": "delete-added-env"}


def test_no_directive_is_announced_when_there_is_none() -> None:
    assert action(diagnose(crashed(change("image", "web:1", "web:2")))).parameters == {}


def test_a_value_that_became_literal_gets_its_source_back_without_a_null() -> None:
    changes = [
        change("env[PORT].value", None, "http"),
        change("env[PORT].valueFrom.configMapKeyRef", {"name": "<configmap-1>", "key": "<key-1>"}),
    ]
    [container] = containers(diagnose(crashed(*changes)))
    source = {"configMapKeyRef": {"name": "<configmap-1>", "key": "<key-1>"}}
    assert container["env"] == [{"name": "PORT", "value": "", "valueFrom": source}]


def test_a_value_that_became_a_source_is_left_to_a_person() -> None:
    changes = [
        change("env[PORT].value", "8080"),
        change("env[PORT].valueFrom.configMapKeyRef", None, {"name": "<configmap-1>"}),
    ]
    answer = diagnose(crashed(*changes))
    assert answer.action is None
    assert "PORT" in answer.why_no_action


def test_a_misspelt_command_needs_the_policys_word() -> None:
    command = change("command", ["/bin/server"], ["/bin/servr"])
    answer = diagnose(crashed(command, state=EXEC, reason="RunContainerError"))
    assert answer.action is None
    assert "command" in answer.why_no_action
    allowed = diagnose(crashed(command, state=EXEC, reason="RunContainerError", limits={"paths": ALL}))
    assert containers(allowed) == [{"name": "app", "command": ["/bin/server"]}]
    assert allowed.diagnosis.confidence > 0.9


def test_a_rewritten_command_goes_back_with_its_image() -> None:
    changes = [change("command", ["python", "main.py"], ["/bin/servr"]), change("image", "web:1", "web:2")]
    [container] = containers(diagnose(crashed(*changes, state=EXEC, limits={"paths": ALL})))
    assert container == {"name": "app", "image": "web:1", "command": ["python", "main.py"]}


def test_where_policy_forbids_one_suspect_the_other_is_tried_and_the_first_named() -> None:
    changes = [change("image", "web:1", "web:2"), change("args", ["--a"], ["--b"])]
    answer = diagnose(crashed(*changes))
    assert containers(answer) == [{"name": "app", "image": "web:1"}]
    assert "args" in answer.diagnosis.recommendation
    assert answer.diagnosis.confidence < 0.7


def test_a_failing_probe_that_changed_is_the_cause() -> None:
    probe = change("readinessProbe.httpGet.port", 8080, 8081)
    running = {"state": "running", "ready": False}
    events = [
        {
            "object": "Pod/web-2",
            "type": "Warning",
            "reason": "Unhealthy",
            "message": "Readiness probe failed: dial tcp 10.0.0.5:8081: connect: connection refused",
        }
    ]
    changes = [probe, change("image", "web:1", "web:2")]
    request = crashed(
        *changes,
        state=running,
        reason="ProgressDeadlineExceeded",
        family="rollout",
        events=events,
        limits={"paths": ALL},
    )
    assert containers(diagnose(request)) == [{"name": "app", "readinessProbe": {"httpGet": {"port": 8080}}}]
    shut = diagnose(request.model_copy(update={"limits": request.limits.model_copy(update={"paths": ["image"]})}))
    assert shut.action is None
    assert "probes" in shut.why_no_action


def test_a_port_variable_that_the_unchanged_probe_does_not_find() -> None:
    events = [
        {
            "object": "Pod/web-2",
            "type": "Warning",
            "reason": "Unhealthy",
            "message": "Readiness probe failed: dial tcp 10.0.0.5:8080: connect: connection refused",
        }
    ]
    changes = [change("env[PORT].value", "8080", "9090"), change("env[COLOR].value", "red", "blue")]
    running = {"state": "running", "ready": False}
    request = crashed(*changes, state=running, reason="ProgressDeadlineExceeded", family="rollout", events=events)
    assert containers(diagnose(request)) == [{"name": "app", "env": [{"name": "PORT", "value": "8080"}]}]


def test_pods_of_the_healthy_revision_failing_too_acquit_the_rollout() -> None:
    also = {"state": "waiting", "reason": "CrashLoopBackOff", "restarts": 3, "last_exit_code": 1}
    answer = diagnose(crashed(change("image", "web:1", "web:2"), healthy_pod=also))
    assert answer.action is None
    assert answer.diagnosis.rule != "rollout.restore"


REFUSED = "dial tcp db:5432: connect: connection refused"


def test_a_dependency_that_is_down_outranks_an_unproven_rollout() -> None:
    answer = diagnose(crashed(change("image", "web:1", "web:2"), logs=[REFUSED]))
    assert answer.action is None
    assert answer.diagnosis.rule == "general.dependency"


def test_a_dependency_that_only_the_new_pods_miss_is_the_rollouts_fault() -> None:
    ready = {"state": "running", "ready": True}
    answer = diagnose(crashed(change("image", "web:1", "web:2"), logs=[REFUSED], healthy_pod=ready))
    assert containers(answer) == [{"name": "app", "image": "web:1"}]


def test_no_healthy_revision_no_restore() -> None:
    request = crashed()
    bare = request.evidence.model_copy(update={"revision": None})
    assert diagnose(request.model_copy(update={"evidence": bare})).action is None


def test_a_reference_that_changed_goes_back_when_nothing_near_exists() -> None:
    waiting = {
        "state": "waiting",
        "reason": "CreateContainerConfigError",
        "message": 'configmap "<configmap-2>" not found',
    }
    changes = [
        change("env[MODE].valueFrom.configMapKeyRef.name", "<configmap-1>", "<configmap-2>"),
        change("env[COLOR].value", "red", "blue"),
    ]
    answer = diagnose(crashed(*changes, state=waiting, reason="CreateContainerConfigError", family="config"))
    [container] = containers(answer)
    assert container["env"] == [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "<configmap-1>"}}}]


def test_an_image_that_now_runs_as_root_is_not_blamed_on_a_variable() -> None:
    waiting = {
        "state": "waiting",
        "reason": "CreateContainerConfigError",
        "message": "container has runAsNonRoot and image will run as root",
    }
    changes = [
        change("image", "web:1", "web:2"),
        change("env[X].valueFrom.configMapKeyRef.name", "<configmap-1>", "<configmap-2>"),
    ]
    answer = diagnose(crashed(*changes, state=waiting, reason="CreateContainerConfigError", family="config"))
    assert containers(answer) == [{"name": "app", "image": "web:1"}]


def test_requests_that_no_node_has_go_back() -> None:
    request = crashed(
        change("resources.requests.cpu", "100m", "64"),
        state={"state": ""},
        reason="Unschedulable",
        family="scheduling",
        message="0/1 nodes are available: 1 Insufficient cpu.",
    )
    assert containers(diagnose(request)) == [{"name": "app", "resources": {"requests": {"cpu": "100m"}}}]


@pytest.mark.parametrize("manager", ["argocd", "flux"])
def test_what_others_keep_in_step_is_advised_on(manager: Any) -> None:
    answer = diagnose(crashed(change("image", "web:1", "web:2"), owners=[{"manager": manager, "name": "shop"}]))
    assert answer.action is None
    assert manager in answer.why_no_action


def test_a_helm_release_may_be_patched() -> None:
    assert diagnose(crashed(change("image", "web:1", "web:2"), owners=[{"manager": "helm"}])).action


def test_an_added_container_has_to_be_removed_by_a_person() -> None:
    answer = diagnose(crashed(change("image", None, "web:2"), change("env[A].value", None, "1")))
    assert answer.action is None
    assert "container app" in answer.why_no_action


def test_a_revision_of_unknown_health_is_no_ground_unless_the_log_names_the_change() -> None:
    unknown = revision(change("env[PORT].value", "8080", "http"), healthy_replicas=0)
    quiet = diagnose(crashed(revision=unknown))
    assert quiet.action is None
    assert "not known" in quiet.why_no_action
    named = diagnose(crashed(revision=unknown, logs=["fatal: bad PORT"]))
    assert containers(named) == [{"name": "app", "env": [{"name": "PORT", "value": "8080"}]}]
