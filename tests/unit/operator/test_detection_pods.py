"""Pods: what is found in statuses as the kubelet writes them, and what is not."""

from datetime import timedelta
from typing import Any

import pytest

from logjedi_contracts.messages import Severity
from logjedi_operator.domain import detection
from logjedi_operator.domain.findings import Family, Finding, Graces
from tests.unit.operator.fakes import NOW, ago, condition, container, end, pod, replicaset, running, status, waiting

RS = replicaset("web-7d9c5b8f4", 2, None)
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "import", "uid": "uid-job"}}
OOM = end(137, "OOMKilled")


def found(obj: dict[str, Any], graces: Graces | None = None) -> list[Finding]:
    return [one for one in detection.detect(obj, NOW, graces or Graces()) if one.is_due(NOW)]


BACK_OFF = "back-off 40s restarting failed container=app pod=web-7d9c5b8f4-x2x7k_shop(0f3c)"
NO_COMMAND = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: exec: "serv": executable file not found in $PATH: unknown'
)

FAILING = [
    (
        "image",
        waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/shop/web:9"'),
        {},
        "ImagePullBackOff",
    ),
    ("image", waiting("ImagePullBackOff"), {}, "ImagePullBackOff"),
    ("image", waiting("ErrImagePull", "rpc error: code = NotFound"), {}, "ErrImagePull"),
    ("image", waiting("InvalidImageName", "Failed to apply default image tag"), {}, "InvalidImageName"),
    ("image", waiting("ErrImageNeverPull"), {}, "ErrImageNeverPull"),
    ("image", waiting("ImageInspectError"), {}, "ImageInspectError"),
    ("image", waiting("SignatureValidationFailed"), {}, "SignatureValidationFailed"),
    (
        "config",
        waiting("CreateContainerConfigError", 'configmap "web-cfg" not found'),
        {},
        "CreateContainerConfigError",
    ),
    ("config", waiting("CreateContainerError", "no command specified"), {}, "CreateContainerError"),
    ("crash", waiting("RunContainerError", NO_COMMAND), {}, "RunContainerError"),
    ("crash", waiting("PostStartHookError"), {}, "PostStartHookError"),
    ("start", waiting("SomeNewKubeletError", "what the future brings"), {}, "SomeNewKubeletError"),
    ("crash", waiting("CrashLoopBackOff", BACK_OFF), {"last": end(1), "restarts": 4}, "CrashLoopBackOff"),
    (
        "crash",
        waiting("CrashLoopBackOff", BACK_OFF),
        {"last": end(128, "StartError"), "restarts": 1},
        "CrashLoopBackOff",
    ),
    ("crash", waiting("CrashLoopBackOff", BACK_OFF), {"last": end(0, "Completed"), "restarts": 4}, "CrashLoopBackOff"),
    ("crash", waiting("CrashLoopBackOff", BACK_OFF), {"last": OOM, "restarts": 4}, "OOMKilled"),
    ("crash", {"terminated": OOM}, {}, "OOMKilled"),
    ("crash", {"terminated": end(128, "StartError", message=NO_COMMAND)}, {}, "StartError"),
    ("crash", running(seconds=59), {"last": OOM, "restarts": 1, "ready": True}, "OOMKilled"),
    ("crash", running(seconds=10), {"last": end(1), "restarts": 3}, "CrashLoopBackOff"),
    ("crash", {"terminated": end(1)}, {"restarts": 3}, "CrashLoopBackOff"),
    ("crash", running(seconds=10), {"last": end(0, "Completed"), "restarts": 3, "started": True}, "CrashLoopBackOff"),
]


@pytest.mark.parametrize(("family", "state", "fields", "reason"), FAILING, ids=lambda value: str(value)[:40])
def test_a_failing_container_is_one_finding_in_its_family(
    family: str, state: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    (one,) = found(pod(status(state, **fields), owner=RS))
    assert (one.reason, one.family, one.container) == (reason, Family(family), "app")
    assert one.pod == "web-7d9c5b8f4-x2x7k"
    assert one.owner.kind == "Pod"


READY = {"ready": True, "started": True}
OLD = {"began": ago(hours=2), "finished": ago(hours=1)}
SILENT = [
    ("running and ready", pod(status(running(minutes=5), **READY))),
    ("one restart, runs again", pod(status(running(seconds=30), last=end(1), restarts=1, **READY))),
    ("first exit, about to be restarted", pod(status({"terminated": end(1)}))),
    ("many restarts, long ago", pod(status(running(hours=1), last=end(1, **OLD), restarts=50, **READY))),
    ("OOM-killed an hour ago", pod(status(running(hours=1), last=end(137, "OOMKilled", **OLD), restarts=1, **READY))),
    (
        "outlived its crashes",
        pod(
            status(running(minutes=3), last=end(1, began=ago(minutes=4), finished=ago(minutes=3)), restarts=2, **READY)
        ),
    ),
    ("being created", pod(status(waiting("ContainerCreating")), phase="Pending", start=ago(seconds=5))),
    ("completed", pod(status({"terminated": end(0, "Completed")}), phase="Succeeded")),
    ("being deleted", pod(status(waiting("CrashLoopBackOff", BACK_OFF), last=end(1), restarts=9), deleted=True)),
    ("ignored", pod(status(waiting("ImagePullBackOff")), annotations={"logjedi.dev/ignore": "true"})),
    ("mirrored", pod(status(waiting("CrashLoopBackOff")), annotations={"kubernetes.io/config.mirror": "4f5e"})),
    ("evicted and replaced", pod(owner=RS, phase="Failed", reason="Evicted", message="node was low on memory")),
    ("drained", pod(status({"terminated": end(137, "ContainerStatusUnknown")}), owner=RS, phase="Failed")),
    (
        "failed try of a Job",
        pod(status({"terminated": end(1)}), owner=JOB, phase="Failed", spec={"restartPolicy": "Never"}),
    ),
    (
        "OOM-killed try of a Job",
        pod(status({"terminated": OOM}), owner=JOB, phase="Running", spec={"restartPolicy": "Never"}),
    ),
    (
        "not scheduled yet",
        pod(
            phase="Pending",
            start="",
            conditions=[condition("PodScheduled", "False", "Unschedulable", since=ago(seconds=5))],
        ),
    ),
    (
        "a workflow's step",
        pod(
            status({"terminated": end(2)}),
            owner={"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w", "uid": "u"}},
            spec={"restartPolicy": "Never"},
        ),
    ),
    ("node lost", pod(status({"terminated": end(137, "ContainerStatusUnknown")}))),
    ("no status at all", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "y", "uid": "z"}}),
]


@pytest.mark.parametrize("obj", [obj for _, obj in SILENT], ids=[name for name, _ in SILENT])
def test_nothing_is_found_in_a_pod_that_is(obj: dict[str, Any]) -> None:
    assert found(obj) == []


def test_the_message_names_exit_code_restarts_and_last_words() -> None:
    last = end(127, message="sh: serv: not found\n")
    (one,) = found(pod(status(waiting("CrashLoopBackOff", BACK_OFF), last=last, restarts=4)))
    assert one.message == "Error, exit code 127 (command not found), restarted 4 times: sh: serv: not found"


def test_a_first_failed_pull_waits_for_its_grace_time_from_the_start_of_the_pod() -> None:
    young = pod(status(waiting("ErrImagePull", "net/http: TLS handshake timeout")), start=ago(seconds=2))
    (one,) = detection.detect(young, NOW, Graces())
    assert not one.is_due(NOW)
    assert one.due == NOW - timedelta(seconds=2) + Graces().pending


@pytest.mark.parametrize(
    "message", ["failed to sync configmap cache: timed out waiting for the condition", "context deadline exceeded"]
)
def test_a_start_error_that_names_a_time_out_waits_too(message: str) -> None:
    young = pod(status(waiting("CreateContainerConfigError", message)), start=ago(seconds=2))
    assert found(young) == []
    assert found(pod(status(waiting("CreateContainerConfigError", message)), start=ago(seconds=20)))


def test_each_failing_container_is_found_init_and_sidecar_first() -> None:
    many = pod(
        status(waiting("PodInitializing")),
        init=[
            status({"terminated": end(0, "Completed")}, name="migrate", ready=True),
            status(waiting("CrashLoopBackOff"), name="proxy", last=end(1), restarts=3),
        ],
        spec={"initContainers": [container("migrate"), container("proxy", restartPolicy="Always")]},
    )
    assert [(one.container, one.reason) for one in found(many)] == [("proxy", "CrashLoopBackOff")]
    both = pod(status(waiting("ImagePullBackOff")), status(waiting("CrashLoopBackOff"), name="side", last=OOM))
    assert [(one.container, one.reason) for one in found(both)] == [("app", "ImagePullBackOff"), ("side", "OOMKilled")]


def test_a_lone_pod_that_never_restarts_is_found_when_it_failed() -> None:
    lone = pod(
        status({"terminated": end(2)}, name="app"),
        status({"terminated": end(0, "Completed")}, name="side"),
        phase="Failed",
        spec={"restartPolicy": "Never"},
    )
    (one,) = found(lone)
    assert (one.reason, one.family, one.container, one.severity) == ("Error", Family.CRASH, "app", Severity.CRITICAL)


def test_one_failed_container_of_a_pod_that_never_restarts_is_found_while_others_run() -> None:
    half = pod(status({"terminated": end(2)}), status(running(minutes=1), name="side"), spec={"restartPolicy": "Never"})
    assert [one.container for one in found(half)] == ["app"]


def test_a_lone_evicted_pod_is_information() -> None:
    (one,) = found(pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."))
    assert (one.family, one.severity) == (Family.EVICTION, Severity.INFO)


def test_a_lone_pod_past_its_deadline_is_a_job_that_failed() -> None:
    (one,) = found(
        pod(status({"terminated": end(137)}), phase="Failed", reason="DeadlineExceeded", message="Pod was active")
    )
    assert (one.reason, one.family) == ("DeadlineExceeded", Family.JOB)


def test_unschedulable_is_found_after_its_grace_time() -> None:
    message = "0/3 nodes are available: 3 Insufficient cpu."
    stuck = pod(
        phase="Pending",
        start="",
        conditions=[condition("PodScheduled", "False", "Unschedulable", message, ago(minutes=2))],
    )
    (one,) = found(stuck)
    assert (one.reason, one.family, one.message) == ("Unschedulable", Family.SCHEDULING, message)


def test_a_gated_pod_has_a_grace_time_of_its_own() -> None:
    gate = condition("PodScheduled", "False", "SchedulingGated", "Scheduling is blocked", ago(minutes=30))
    assert found(pod(phase="Pending", start="", conditions=[gate])) == []
    assert found(pod(phase="Pending", start="", conditions=[gate]), Graces(gated=timedelta(minutes=10)))


@pytest.mark.parametrize(
    ("sandbox", "age", "reported"),
    [
        ("False", {"seconds": 30}, False),
        ("False", {"seconds": 90}, True),
        ("True", {"minutes": 2}, False),
        ("True", {"minutes": 6}, True),
        (None, {"seconds": 90}, True),
    ],
)
def test_containercreating_is_stuck_after_a_time_that_depends_on_what_it_waits_for(
    sandbox: str | None, age: dict[str, float], *, reported: bool
) -> None:
    conditions = [condition("PodReadyToStartContainers", sandbox, since=ago(**age))] if sandbox else []
    stuck = pod(status(waiting("ContainerCreating")), phase="Pending", start=ago(**age), conditions=conditions)
    assert [one.family for one in found(stuck)] == [Family.START] * reported


def test_waiting_for_a_running_init_container_is_not_stuck() -> None:
    init = [status(running(minutes=9), name="wait-for-db", started=True)]
    waits = pod(status(waiting("PodInitializing")), init=init, phase="Pending", start=ago(minutes=9))
    assert found(waits) == []


def test_a_started_container_that_never_gets_ready_is_found_after_what_its_probe_allows() -> None:
    probe = {"readinessProbe": {"httpGet": {"port": 9090}, "periodSeconds": 10, "failureThreshold": 3}}
    spec = {"containers": [container(**probe)]}
    assert found(pod(status(running(seconds=100), started=True), spec=spec)) == []
    (one,) = found(pod(status(running(minutes=4), started=True), spec=spec))
    assert (one.reason, one.family) == ("Unready", Family.PROBE)
    assert found(pod(status(running(minutes=4), started=False), spec=spec)) == []


def test_kinds_that_are_not_watched_raise_nothing() -> None:
    assert detection.detect({"kind": "Node", "metadata": {"name": "n"}}, NOW, Graces()) == []
