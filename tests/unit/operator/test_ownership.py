"""The index of owners: attribution to the root, revisions, what is kept."""

from typing import Any

import pytest

from logjedi_contracts.messages import Severity
from logjedi_operator.domain import detection
from logjedi_operator.domain.findings import Finding, Graces
from logjedi_operator.domain.ownership import Owners, Unknown
from logjedi_operator.domain.workload import WorkloadRef
from tests.unit.operator.fakes import NOW, deployment, pod, replicaset, status, waiting

FAILING = status(waiting("ImagePullBackOff"))


def knowing(*objects: dict[str, Any]) -> Owners:
    owners = Owners()
    for obj in objects:
        owners.learn(obj)
    return owners


def finding(obj: dict[str, Any]) -> Finding:
    return detection.detect(obj, NOW, Graces())[0]


def thing(kind: str, api_version: str, owner: dict[str, Any] | None = None) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": f"a-{kind.lower()}", "namespace": "shop", "uid": f"uid-{kind}"}
    if owner:
        meta["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": {}, "status": {}}


def test_a_pods_root_is_its_deployment() -> None:
    dep = deployment()
    rs = replicaset("web-2", 2, dep)
    assert knowing(dep, rs).root(pod(FAILING, owner=rs)) == WorkloadRef.of(dep)


def test_an_unknown_replicaset_is_asked_for() -> None:
    dep = deployment()
    rs = replicaset("web-2", 2, dep)
    owners, failing = knowing(dep), pod(FAILING, owner=rs)
    assert owners.root(failing) == Unknown(WorkloadRef.of(rs))
    assert owners.attribute(finding(failing), failing) == Unknown(WorkloadRef.of(rs))
    owners.learn(rs)
    assert owners.root(failing) == WorkloadRef.of(dep)


def test_roots_of_known_kinds_need_not_be_known_themselves() -> None:
    for kind in ("StatefulSet", "DaemonSet"):
        top = thing(kind, "apps/v1")
        assert Owners().root(pod(FAILING, owner=top)) == WorkloadRef.of(top)
    cron = thing("CronJob", "batch/v1")
    job = thing("Job", "batch/v1", cron)
    assert knowing(job).root(pod(FAILING, owner=job)) == WorkloadRef.of(cron)
    assert Owners().root(job) == WorkloadRef.of(cron)


def test_the_walk_stops_at_the_last_known_kind_and_names_who_owns_it() -> None:
    rollout = thing("Rollout", "argoproj.io/v1alpha1")
    rs = replicaset("web-2", 0, rollout)
    owners, failing = knowing(rs), pod(FAILING, owner=rs)
    assert owners.root(failing) == WorkloadRef.of(rs)
    assert owners.foreign_owner(failing) == WorkloadRef(
        "argoproj.io/v1alpha1", "Rollout", "shop", "a-rollout", "uid-Rollout"
    )
    lookalike = thing("Deployment", "example.dev/v1")
    assert Owners().root(pod(FAILING, owner=lookalike)).name.startswith("web-")  # type: ignore[union-attr]
    assert Owners().root(pod(FAILING)) == WorkloadRef.of(pod(FAILING))


def test_a_pod_of_a_revision_that_is_being_replaced_raises_nothing() -> None:
    dep = deployment(revision="3")
    old, new = replicaset("web-2", 2, dep), replicaset("web-3", 3, dep)
    owners = knowing(dep, old, new)
    gone, here = pod(FAILING, owner=old), pod(FAILING, owner=new)
    assert owners.attribute(finding(gone), gone) is None
    assert isinstance(owners.attribute(finding(here), here), Finding)


def test_the_newest_revision_is_known_from_the_deployment_or_from_any_replicaset() -> None:
    dep, newer = deployment(revision="2"), deployment(revision="3")
    old, new = replicaset("web-2", 2, dep), replicaset("web-3", 3, dep)
    assert knowing(old, new).is_outdated(pod(FAILING, owner=old))
    assert knowing(newer, old).is_outdated(pod(FAILING, owner=old))
    owners = knowing(dep, old, new)
    owners.forget("uid-web-3")
    assert not owners.is_outdated(pod(FAILING, owner=old))


def test_a_rollback_makes_the_old_replicaset_current_again() -> None:
    dep = deployment(revision="4")
    bad, again = replicaset("web-3", 3, dep), replicaset("web-2", 4, dep)
    owners = knowing(dep, bad, again)
    assert not owners.is_outdated(pod(FAILING, owner=again))
    assert owners.is_outdated(pod(FAILING, owner=bad))


@pytest.mark.parametrize(("available", "severity"), [(0, Severity.CRITICAL), (1, Severity.WARNING)])
def test_severity_is_critical_when_the_owner_has_no_available_replica(available: int, severity: Severity) -> None:
    dep = deployment(available=available, replicas=2)
    rs = replicaset("web-2", 2, dep)
    failing = pod(FAILING, owner=rs)
    one = knowing(dep, rs).attribute(finding(failing), failing)
    assert isinstance(one, Finding)
    assert (one.owner, one.severity, one.pod) == (WorkloadRef.of(dep), severity, failing["metadata"]["name"])


def test_an_ignored_owner_silences_its_pods() -> None:
    dep = deployment(annotations={"logjedi.dev/ignore": "true"})
    rs = replicaset("web-2", 2, dep)
    failing = pod(FAILING, owner=rs)
    assert knowing(dep, rs).attribute(finding(failing), failing) is None


def test_pods_are_not_kept_and_forgotten_objects_leave_nothing() -> None:
    dep = deployment()
    owners = knowing(dep, replicaset("web-2", 2, dep), pod(FAILING), thing("Rollout", "argoproj.io/v1alpha1"))
    assert len(owners) == 2
    owners.forget("uid-web-2")
    owners.forget("uid-web")
    owners.forget("never known")
    assert (len(owners), owners._children) == (0, {})
