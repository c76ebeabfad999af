"""Deployments, ReplicaSets and Jobs: their own conditions, as the controllers write them."""

from typing import Any

import pytest

from logjedi_contracts.messages import Severity
from logjedi_operator.domain import detection
from logjedi_operator.domain.findings import Family, Finding, Graces, is_explained
from tests.unit.operator.fakes import NOW, ago, condition, deployment, replicaset


def found(obj: dict[str, Any]) -> list[Finding]:
    return [one for one in detection.detect(obj, NOW, Graces()) if one.is_due(NOW)]


DEADLINE = condition(
    "Progressing", "False", "ProgressDeadlineExceeded", 'ReplicaSet "web-2" has timed out progressing.'
)
ROLLING = condition("Progressing", "True", "ReplicaSetUpdated", 'ReplicaSet "web-2" is progressing.')
COMPLETE = condition("Progressing", "True", "NewReplicaSetAvailable", 'ReplicaSet "web-2" has successfully progressed.')
DOWN = condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
UP = condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
QUOTA = (
    'pods "web-5d-x" is forbidden: exceeded quota: small, requested: limits.memory=1Gi, used: limits.memory=0, '
    "limited: limits.memory=512Mi"
)
LIMITS = 'pods "web-5d-x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'
WEBHOOK = 'admission webhook "policy.example" denied the request: image registry is not allowed'
ACCOUNT = 'pods "web-5d-x" is forbidden: error looking up service account shop/weeb: serviceaccount "weeb" not found'
INVALID = 'Pod "web-5d-x" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "data"'


def refused(message: str) -> dict[str, Any]:
    return condition("ReplicaFailure", "True", "FailedCreate", message)


@pytest.mark.parametrize(
    ("conditions", "reason", "family"),
    [
        ([DEADLINE], "ProgressDeadlineExceeded", "rollout"),
        ([DEADLINE, DOWN], "ProgressDeadlineExceeded", "rollout"),
        ([COMPLETE, DOWN], "MinimumReplicasUnavailable", "rollout"),
        ([ROLLING, refused(QUOTA)], "FailedCreate", "quota"),
        ([ROLLING, refused(LIMITS)], "FailedCreate", "quota"),
        ([ROLLING, refused(WEBHOOK)], "FailedCreate", "quota"),
        ([ROLLING, refused(ACCOUNT)], "FailedCreate", "config"),
        ([ROLLING, refused(INVALID)], "FailedCreate", "rollout"),
    ],
)
def test_a_failing_deployment_is_one_finding(conditions: list[Any], reason: str, family: str) -> None:
    (one,) = found(deployment(conditions=conditions))
    assert (one.reason, one.family, one.severity) == (reason, Family(family), Severity.CRITICAL)


def test_a_deployment_that_still_serves_is_a_warning() -> None:
    (one,) = found(deployment(conditions=[DEADLINE, UP], available=2, replicas=3))
    assert one.severity is Severity.WARNING


@pytest.mark.parametrize(
    "obj",
    [
        deployment(conditions=[UP, COMPLETE], available=1),
        deployment(conditions=[DOWN, ROLLING]),
        deployment(conditions=[DOWN]) | {"status": {}},
        deployment(conditions=[DEADLINE], replicas=0),
        deployment(conditions=[DEADLINE], paused=True),
        deployment(conditions=[DEADLINE], generation=3, observed=2),
        deployment(conditions=[DEADLINE], annotations={"logjedi.dev/ignore": "true"}),
        deployment(conditions=[COMPLETE, {**DOWN, "lastTransitionTime": ago(seconds=30)}]),
        deployment(conditions=[ROLLING, {**refused(QUOTA), "lastTransitionTime": ago(seconds=3)}]),
        deployment(conditions=[COMPLETE, UP, condition("ReplicaFailure", "False")], available=1),
    ],
    ids=[
        "healthy",
        "rolling",
        "no-status",
        "scaled-to-zero",
        "paused",
        "stale",
        "ignored",
        "just-down",
        "just-refused",
        "over",
    ],
)
def test_nothing_is_found_in_a_deployment_that_is(obj: dict[str, Any]) -> None:
    assert found(obj) == []


def test_a_replicaset_is_found_only_where_no_deployment_speaks_for_it() -> None:
    conditions = [refused(QUOTA)]
    (one,) = found(replicaset("lone", 0, None, conditions=conditions))
    assert (one.family, one.owner.kind) == (Family.QUOTA, "ReplicaSet")
    rollout = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "uid": "r"}}
    assert found(replicaset("of-rollout", 0, rollout, conditions=conditions))
    assert found(replicaset("of-deployment", 1, deployment(), conditions=conditions)) == []
    assert found(replicaset("scaled", 0, None, conditions=conditions, replicas=0)) == []


def job(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    meta = {"name": "import", "namespace": "shop", "uid": "uid-job"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta,
        "spec": {},
        "status": {"conditions": list(conditions), **status},
    }


@pytest.mark.parametrize("reason", ["BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"])
def test_a_job_that_failed_for_good_is_found(reason: str) -> None:
    (one,) = found(job(condition("Failed", "True", reason, "Job has reached the specified backoff limit"), failed=7))
    assert (one.reason, one.family, one.owner.name) == (reason, Family.JOB, "import")


@pytest.mark.parametrize(
    "obj",
    [
        job(failed=3, active=1),
        job(condition("Complete", "True"), failed=2, succeeded=1),
        job(condition("Complete", "True"), condition("Failed", "True", "BackoffLimitExceeded")),
        job(condition("FailureTarget", "True", "BackoffLimitExceeded"), failed=7),
        job(condition("Suspended", "True")) | {"spec": {"suspend": True}},
    ],
    ids=["trying", "succeeded-later", "both", "terminating", "suspended"],
)
def test_nothing_is_found_in_a_job_that_is(obj: dict[str, Any]) -> None:
    assert found(obj) == []


def test_a_rollout_is_explained_by_a_pods_own_cause() -> None:
    (rollout,) = found(deployment(conditions=[DEADLINE]))
    assert is_explained(rollout, {Family.IMAGE})
    assert is_explained(rollout, {"crash"})
    assert not is_explained(rollout, {Family.JOB, Family.ROLLOUT})
    assert not is_explained(rollout, set())
