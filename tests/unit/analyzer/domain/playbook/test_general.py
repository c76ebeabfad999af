from typing import Any

import pytest

from tests.unit.analyzer.incidents import diagnose, incident


def crash(code: Any, *lines: Any, message: Any = "") -> Any:
    state = {
        "state": "waiting",
        "reason": "CrashLoopBackOff",
        "last_state": "terminated",
        "last_exit_code": code,
        "restarts": 7,
        "message": message,
    }
    return incident(
        "CrashLoopBackOff", "crash", states=[state], logs=[{"pod": "web-1", "container": "app", "lines": list(lines)}]
    )


@pytest.mark.parametrize(
    ("code", "word"),
    [(137, "SIGKILL"), (139, "segmentation"), (143, "SIGTERM"), (126, "executed"), (127, "exist"), (77, "of its own")],
)
def test_exit_codes_have_names(code: Any, word: Any) -> None:
    answer = diagnose(crash(code))
    assert answer.action is None
    assert word in answer.diagnosis.summary
    assert str(code) in answer.diagnosis.summary
    assert answer.diagnosis.recommendation


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("Error: connect ECONNREFUSED 10.0.0.7:6379", "general.dependency"),
        ("lookup postgres on 10.96.0.10:53: no such host", "general.name-resolution"),
        ("open /data/x: permission denied", "general.permission"),
        ("mkdir /var/x: read-only file system", "general.read-only"),
        ("listen tcp :80: bind: address already in use", "general.port-taken"),
        ("Error: API_URL is not set", "general.missing-setting"),
        ("x509: certificate has expired or is not yet valid", "general.certificate"),
        ("write: no space left on device", "general.disk-full"),
    ],
)
def test_causes_that_the_log_names(line: Any, rule: Any) -> None:
    answer = diagnose(crash(1, "starting", line, "bye"))
    assert answer.diagnosis.rule == rule
    assert line in answer.rests_on
    assert answer.why_no_action


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ("0/3 nodes are available: 3 Insufficient memory.", "general.resources"),
        ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "general.placement"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint {a: b}.", "general.taint"),
        ("pod has unbound immediate PersistentVolumeClaims", "general.unbound-claim"),
        ('pods "web-1" is forbidden: exceeded quota: q, requested: pods=1', "general.quota"),
        ("container has runAsNonRoot and image will run as root", "general.non-root"),
    ],
)
def test_causes_that_the_control_plane_names(message: Any, rule: Any) -> None:
    assert diagnose(incident("Unschedulable", "scheduling", message=message, states=[{}])).diagnosis.rule == rule


def test_the_last_error_is_quoted_not_the_last_line() -> None:
    answer = diagnose(crash(1, "boot", "panic: index out of range", "DEBUG cleanup failed quietly", "done"))
    assert "panic: index out of range" in answer.diagnosis.summary


def test_it_always_answers() -> None:
    answer = diagnose(incident("Mystery", "crash", container="", pods=[], pod_spec={}))
    assert answer.diagnosis.summary
    assert answer.why_no_action
    assert answer.action is None
    assert answer.diagnosis.confidence <= 0.3


def test_the_ranking_is_told_when_there_was_a_choice() -> None:
    from tests.unit.analyzer.incidents import change, revision  # noqa: PLC0415

    state = {
        "state": "waiting",
        "reason": "CrashLoopBackOff",
        "last_reason": "OOMKilled",
        "last_exit_code": 137,
        "restarts": 2,
    }
    spec = {"containers": [{"name": "app", "image": "web:1", "resources": {"limits": {"memory": "64Mi"}}}]}
    request = incident(
        "OOMKilled", "crash", states=[state], pod_spec=spec, revision=revision(change("env[CACHE].value", "1", "2"))
    )
    assert "before memory.raise-limit (0.85)" in diagnose(request).diagnosis.root_cause
