"""Record names: valid, stable, distinct where causes are, and checked against the spec."""

import re

from hypothesis import given
from hypothesis import strategies as st

from logjedi_operator.domain import fingerprint
from logjedi_operator.domain.findings import FAMILIES, Family
from logjedi_operator.domain.workload import WorkloadRef

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
WEB = WorkloadRef("apps/v1", "Deployment", "shop", "web", "0f3c-1")


def spec(owner: WorkloadRef, container: str, **failure: str) -> dict[str, object]:
    workload = {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid}
    return {"workload": workload, "failure": {"container": container, **failure}}


def test_the_name_reads_like_the_incident() -> None:
    assert re.fullmatch(r"web-image-[0-9a-f]{12}", fingerprint.record_name(WEB, Family.IMAGE, "app"))


@given(st.text(max_size=300), st.sampled_from(Family), st.text(max_size=63), st.text(max_size=40))
def test_every_name_is_a_label(name: str, family: Family, container: str, uid: str) -> None:
    owner = WorkloadRef("apps/v1", "Deployment", "shop", name, uid)
    record = fingerprint.record_name(owner, family, container)
    assert LABEL.fullmatch(record)
    assert fingerprint.matches(record, spec(owner, container))
    assert fingerprint.matches(record, spec(owner, container, family=str(family)))


def test_other_uids_families_and_containers_have_other_names() -> None:
    other = WorkloadRef("apps/v1", "Deployment", "shop", "web", "0f3c-2")
    names = {
        fingerprint.record_name(owner, family, container)
        for owner in (WEB, other)
        for family in Family
        for container in ("", "app", "side")
    }
    assert len(names) == 2 * len(Family) * 3


def test_what_alternates_has_one_name() -> None:
    assert FAMILIES["ErrImagePull"] is FAMILIES["ImagePullBackOff"]
    assert FAMILIES["OOMKilled"] is FAMILIES["CrashLoopBackOff"] is FAMILIES["Error"] is FAMILIES["StartError"]
    assert FAMILIES["CreateContainerConfigError"] is FAMILIES["CreateContainerError"]


def test_a_name_that_does_not_follow_from_its_spec_is_refused() -> None:
    name = fingerprint.record_name(WEB, Family.IMAGE, "app")
    other = WorkloadRef("apps/v1", "Deployment", "shop", "web", "another")
    assert not fingerprint.matches(name, spec(other, "app"))
    assert not fingerprint.matches(name, spec(WEB, "side"))
    assert not fingerprint.matches(name, spec(WEB, "app", family="crash"))
    assert not fingerprint.matches(name, spec(WEB, "app", family="nonsense"))
    assert not fingerprint.matches("web-image-000000000000", spec(WEB, "app"))


def test_malformed_specs_match_nothing() -> None:
    for malformed in ({}, {"workload": None, "failure": {}}, {"workload": {}, "failure": {}}, {"workload": "x"}):
        assert not fingerprint.matches("web-image-000000000000", malformed)
