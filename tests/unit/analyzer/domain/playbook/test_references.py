from typing import Any

import pytest

from tests.unit.analyzer.incidents import action, change, containers, diagnose, incident, revision

ENV = {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "<configmap-1>", "key": "<key-1>"}}}
KEY_PATH = "spec.template.spec.containers[app].env[MODE].valueFrom.configMapKeyRef.key"
NAME_PATH = "spec.template.spec.containers[app].env[MODE].valueFrom.configMapKeyRef.name"
WAITING = {
    "state": "waiting",
    "reason": "CreateContainerConfigError",
    "message": "couldn't find key <key-1> in ConfigMap shop/<configmap-1>",
}


def near(name: Any, distance: Any, *, folded: Any = False) -> Any:
    return {"name": name, "distance": distance, "same_folded": folded}


def missing(
    *candidates: Any, path: Any = KEY_PATH, kind: Any = "ConfigMapKey", name: Any = "<key-1>", **more: Any
) -> Any:
    return {
        "path": path,
        "kind": kind,
        "name": name,
        "container": "app",
        "exists": False,
        "candidates": list(candidates),
        **more,
    }


def broken(*references: Any, pod_spec: Any = None, **more: Any) -> Any:
    spec = pod_spec or {"containers": [{"name": "app", "image": "web:1", "env": [ENV]}]}
    arguments = {"pod_spec": spec, "states": [WAITING], "references": list(references), **more}
    return incident("CreateContainerConfigError", "config", **arguments)


def test_a_misspelt_key_is_corrected_and_nothing_else() -> None:
    answer = diagnose(broken(missing(near("<key-2>", 1))))
    assert containers(answer) == [
        {"name": "app", "env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"key": "<key-2>"}}}]}
    ]
    assert answer.diagnosis.rule == "references.correct"
    assert "<key-1>" in answer.diagnosis.summary
    assert "<key-2>" in answer.diagnosis.recommendation


def test_a_misspelt_name_is_corrected() -> None:
    answer = diagnose(broken(missing(near("<configmap-2>", 2), path=NAME_PATH, kind="ConfigMap", name="<configmap-1>")))
    assert containers(answer)[0]["env"][0]["valueFrom"] == {"configMapKeyRef": {"name": "<configmap-2>"}}


@pytest.mark.parametrize(
    "candidates",
    [
        [],
        [near("<key-2>", 3)],
        [near("<key-2>", 1), near("<key-3>", 1)],
        [near("<key-2>", 2), near("<key-3>", 3)],
        [near("<key-2>", 0, folded=True), near("<key-3>", 0, folded=True)],
    ],
)
def test_what_is_not_clearly_meant_is_left_to_a_person(candidates: Any) -> None:
    answer = diagnose(broken(missing(*candidates)))
    assert answer.action is None
    assert answer.diagnosis.rule == "references.missing"
    assert all(candidate["name"] in answer.why_no_action for candidate in candidates)


@pytest.mark.parametrize(("kind", "unread"), [("Secret", True), ("SecretKey", True), ("ConfigMap", False)])
def test_of_secrets_that_are_not_read_it_is_not_said_that_no_name_is_near(kind: str, *, unread: bool) -> None:
    answer = diagnose(broken(missing(path=NAME_PATH, kind=kind, name="<name-1>")))
    assert ("LOGJEDI_EVIDENCE_SECRETS" in answer.why_no_action) is unread
    assert ("resembles no existing name" in answer.why_no_action) is not unread


@pytest.mark.parametrize(
    "candidates",
    [
        [near("<key-2>", 1), near("<key-3>", 2)],
        [near("<key-2>", 2), near("<key-3>", 4)],
        [near("<key-2>", 7, folded=True)],
        [near("<key-3>", 1), near("<key-2>", 4, folded=True)],
    ],
)
def test_what_is_clearly_meant(candidates: Any) -> None:
    answer = diagnose(broken(missing(*candidates)))
    assert containers(answer)[0]["env"][0]["valueFrom"]["configMapKeyRef"] == {"key": "<key-2>"}


@pytest.mark.parametrize(
    "more", [{"optional": True}, {"exists": True}, {"exists": None, "candidates": []}, {"container": "proxy"}]
)
def test_references_that_stop_nothing_are_left_alone(more: Any) -> None:
    assert not diagnose(broken(missing(near("<key-2>", 1)) | more)).diagnosis.rule.startswith("references")


def test_a_secret_that_nobody_may_look_up_is_corrected_from_a_candidate() -> None:
    path = "spec.template.spec.containers[app].env[MODE].valueFrom.secretKeyRef.name"
    reference = missing(near("<secret-2>", 1), path=path, kind="Secret", name="<secret-1>") | {"exists": None}
    assert containers(diagnose(broken(reference)))[0]["env"][0]["valueFrom"] == {"secretKeyRef": {"name": "<secret-2>"}}


def test_short_names_in_clear_text_are_not_guessed() -> None:
    assert diagnose(broken(missing(near("b", 1), name="a"))).action is None


def test_the_healthy_revisions_name_beats_the_nearest() -> None:
    back = revision(change("env[MODE].valueFrom.configMapKeyRef.key", "<key-9>", "<key-1>"))
    answer = diagnose(broken(missing(near("<key-2>", 1), near("<key-9>", 4)), revision=back))
    assert containers(answer)[0]["env"][0]["valueFrom"] == {"configMapKeyRef": {"key": "<key-9>"}}


def test_all_missing_references_are_corrected_together_or_none() -> None:
    second = missing(near("<key-5>", 1), path=KEY_PATH.replace("MODE", "SIZE"), name="<key-4>")
    answer = diagnose(broken(missing(near("<key-2>", 1)), second))
    assert [item["name"] for item in containers(answer)[0]["env"]] == ["MODE", "SIZE"]
    assert diagnose(broken(missing(near("<key-2>", 1)), second | {"candidates": []})).action is None


def test_env_from_is_an_atomic_list_and_repeated_whole() -> None:
    sources = [{"secretRef": {"name": "<secret-1>"}}, {"configMapRef": {"name": "<configmap-1>", "optional": False}}]
    spec = {"containers": [{"name": "app", "image": "web:1", "envFrom": sources}]}
    path = "spec.template.spec.containers[app].envFrom"
    reference = missing(near("<configmap-2>", 1), path=path, kind="ConfigMap", name="<configmap-1>")
    answer = diagnose(broken(reference, pod_spec=spec))
    assert containers(answer)[0]["envFrom"] == [
        sources[0],
        {"configMapRef": {"name": "<configmap-2>", "optional": False}},
    ]


def test_a_volumes_config_map_is_corrected_by_the_volumes_name() -> None:
    spec = {
        "containers": [{"name": "app", "image": "web:1"}],
        "volumes": [{"name": "cfg", "configMap": {"name": "<configmap-1>"}}],
    }
    path = "spec.template.spec.volumes[cfg].configMap.name"
    reference = missing(near("<configmap-2>", 1), path=path, kind="ConfigMap", name="<configmap-1>") | {"container": ""}
    request = incident(
        "FailedMount",
        "start",
        container="",
        pod_spec=spec,
        references=[reference],
        states=[{"state": "waiting", "reason": "ContainerCreating"}],
        events=[
            {
                "object": "Pod/web-1",
                "type": "Warning",
                "reason": "FailedMount",
                "message": 'MountVolume.SetUp failed for volume "cfg" : configmap "<configmap-1>" not found',
            }
        ],
    )
    answer = diagnose(request)
    assert action(answer).patch == {
        "spec": {"template": {"spec": {"volumes": [{"name": "cfg", "configMap": {"name": "<configmap-2>"}}]}}}
    }
    assert "not found" in answer.rests_on[0]


def test_a_missing_service_account_is_corrected() -> None:
    reference = missing(
        near("<sa-2>", 1), path="spec.template.spec.serviceAccountName", kind="ServiceAccount", name="<sa-1>"
    )
    request = incident(
        "FailedCreate",
        "rollout",
        container="",
        states=[],
        references=[reference | {"container": ""}],
        message='pods "web-" is forbidden: error looking up service account: serviceaccount "<sa-1>" not found',
    )
    assert action(diagnose(request)).patch == {"spec": {"template": {"spec": {"serviceAccountName": "<sa-2>"}}}}


def test_a_crash_is_not_blamed_on_a_reference() -> None:
    request = incident(
        "CrashLoopBackOff",
        "crash",
        references=[missing(near("<key-2>", 1))],
        states=[{"state": "waiting", "reason": "CrashLoopBackOff", "last_exit_code": 1, "restarts": 3}],
    )
    assert diagnose(request).action is None
