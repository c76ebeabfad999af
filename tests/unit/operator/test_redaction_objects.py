"""Objects: every name and secret goes, comes back at its own path, and nowhere else."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logjedi_contracts import canonical, paths
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Change
from logjedi_operator.domain.redaction import Redactor, is_secret_path, mask_changes, resolve
from logjedi_operator.domain.redaction.pseudonyms import Kind
from tests.unit.operator.fakes import container, deployment, template

APP = "spec.template.spec.containers[app]"
FULL = deployment(
    template(
        container(
            env=[
                {"name": "PORT", "value": "8080"},
                {"name": "MONKEY", "value": "banana"},
                {"name": "DB_PASS", "value": "geheim-1"},
                {"name": "UPSTREAM", "value": "postgres://web:geheim-2@db/shop"},
                {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "cm-env", "key": "mode-key"}}},
                {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "sec-env", "key": "pass-key"}}},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            ],
            envFrom=[{"configMapRef": {"name": "cm-from"}}, {"prefix": "X_", "secretRef": {"name": "sec-from"}}],
            command=["/bin/sh", "-c", "run --db-password geheim-3"],
            args=["--token", "geheim-4", "--api-key=geheim-5", "--verbose", "--mode=fast"],
            readinessProbe={"httpGet": {"port": 8080, "httpHeaders": [{"name": "X-Probe", "value": "geheim-6"}]}},
            lifecycle={"preStop": {"exec": {"command": ["stop", "--secret", "geheim-7"]}}},
            volumeMounts=[{"name": "config", "mountPath": "/etc/web"}],
        ),
        initContainers=[container("init", env=[{"name": "API_TOKEN", "value": "geheim-8"}])],
        serviceAccountName="sa-web",
        imagePullSecrets=[{"name": "sec-pull"}],
        volumes=[
            {"name": "config", "configMap": {"name": "cm-vol", "items": [{"key": "item-key", "path": "app.conf"}]}},
            {"name": "tls", "secret": {"secretName": "sec-vol", "items": [{"key": "tls-key", "path": "tls"}]}},
            {"name": "data", "persistentVolumeClaim": {"claimName": "pvc-data"}},
            {
                "name": "all",
                "projected": {"sources": [{"secret": {"name": "sec-proj"}}, {"configMap": {"name": "cm-proj"}}]},
            },
            {
                "name": "csi",
                "csi": {
                    "driver": "secrets-store.csi.k8s.io",
                    "volumeAttributes": {"secretProviderClass": "sec-class"},
                    "nodePublishSecretRef": {"name": "sec-csi"},
                },
            },
            {"name": "share", "azureFile": {"secretName": "sec-azure", "shareName": "share"}},
        ],
    ),
    annotations={
        "kubectl.kubernetes.io/last-applied-configuration": '{"spec":"geheim-9"}',
        "example.com/api-token": "geheim-10",
        "example.com/note": "uses cm-env and password=geheim-11",
    },
)
NAMES = [
    *("cm-env", "mode-key", "sec-env", "pass-key", "cm-from", "sec-from", "sa-web", "sec-pull", "cm-vol", "item-key"),
    *("sec-vol", "tls-key", "pvc-data", "sec-proj", "cm-proj", "sec-class", "sec-csi", "sec-azure"),
]


def test_no_secret_and_no_name_is_left() -> None:
    before = copy.deepcopy(FULL)
    redactor = Redactor()
    redactor.learn(FULL)
    masked = json.dumps(redactor.object(FULL))
    assert before == FULL
    assert [name for name in [*NAMES, "geheim"] if name in masked] == []
    assert redactor.count == 30


def test_what_is_harmless_stays() -> None:
    masked = Redactor().object(FULL)
    app = masked["spec"]["template"]["spec"]["containers"][0]
    assert app["image"] == "registry.example/shop/web:1.1"
    assert app["env"][:2] == FULL["spec"]["template"]["spec"]["containers"][0]["env"][:2]
    assert app["env"][6]["valueFrom"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}
    assert app["args"][-2:] == ["--verbose", "--mode=fast"]
    assert [item["name"] for item in masked["spec"]["template"]["spec"]["volumes"]][:2] == ["config", "tls"]
    assert masked["spec"]["selector"] == FULL["spec"]["selector"]
    assert "<serviceaccount" not in json.dumps(Redactor().object({"serviceAccountName": "default"}))


def test_what_was_masked_comes_back_at_its_own_path() -> None:
    redactor = Redactor()
    masked = redactor.object(FULL)
    assert resolve({"spec": masked["spec"]}, redactor.table) == {"spec": FULL["spec"]}


def leaf_patch(path: str, value: Any) -> dict[str, Any]:
    return paths.build(path, value)


def refusal(patch: dict[str, Any], redactor: Redactor) -> str:
    with pytest.raises(Refused) as refused:
        resolve(patch, redactor.table)
    assert refused.value.rule == "pseudonym"
    return str(refused.value)


def test_a_pseudonym_at_another_path_is_refused_by_name_and_place() -> None:
    redactor = Redactor()
    masked = redactor.object(FULL)
    secret = masked["spec"]["template"]["spec"]["containers"][0]["env"][2]["value"]
    told = refusal(leaf_patch(f"{APP}.env[PORT].value", secret), redactor)
    assert secret in told
    assert "env[PORT].value" in told
    refusal(leaf_patch(f"{APP}.image", secret), redactor)
    refusal(leaf_patch("metadata.annotations[leak]", secret), redactor)
    refusal({"spec": {"template": {"spec": {"containers": [{"name": secret}]}}}}, redactor)
    refusal(leaf_patch(f"{APP}.args", [secret]), redactor)
    refusal(leaf_patch(f"{APP}.env[DB_PASS].value", f"x{secret}"), redactor)
    refusal(leaf_patch(f"{APP}.env[DB_PASS].value", f"{secret}{secret}"), redactor)
    refusal(leaf_patch(f"{APP}.env[DB_PASS].value", "<redacted-99>"), redactor)
    refusal(leaf_patch(f"{APP}.env[DB_PASS].value", secret.upper()), redactor)
    refusal({"metadata": {"labels": {secret: "x"}}}, redactor)


def test_a_candidate_is_put_in_only_where_it_was_offered() -> None:
    redactor = Redactor()
    redactor.object(FULL)
    place = f"{APP}.env[MODE].valueFrom.configMapKeyRef.key"
    candidate = redactor.table.offer(place, Kind.KEY, "mode_key")
    assert resolve(leaf_patch(place, candidate), redactor.table) == leaf_patch(place, "mode_key")
    refusal(leaf_patch(f"{APP}.env[PASS].valueFrom.secretKeyRef.key", candidate), redactor)
    entry = redactor.table.entry(candidate)
    assert entry is not None
    assert (entry.real, entry.paths) == ("mode_key", {place})


def test_an_ordinary_patch_passes_unchanged() -> None:
    patch = {
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "app", "image": "web:2", "args": None}]}}}
    }
    assert resolve(patch, Redactor().table) == patch


def test_names_are_the_same_in_text_and_secrets_win() -> None:
    redactor = Redactor(frozenset({"web"}))
    redactor.learn(FULL)
    table = redactor.table
    name, key = table.name(Kind.CONFIGMAP, "cm-env"), table.name(Kind.KEY, "mode-key")
    assert redactor.text("couldn't find key mode-key in ConfigMap shop/cm-env") == (
        f"couldn't find key {key} in ConfigMap shop/{name}"
    )
    assert redactor.text("cm-env.yaml, cm-env-old and xcm-env") == f"{name}.yaml, cm-env-old and xcm-env"
    assert "geheim-1" not in redactor.text("login as web/geheim-1 failed; geheim-1!")
    assert "Z2VoZWltLTE" not in redactor.text("basic d:Z2VoZWltLTE= x")
    assert redactor.text("password=cm-env", names=True).count("<") == 1
    assert redactor.text("configmap cm-env", names=False) == "configmap cm-env"


def test_a_password_within_a_value_is_known_in_texts_and_the_rest_of_the_value_stays() -> None:
    redactor = Redactor()
    redactor.learn(FULL)
    assert re.fullmatch(r"dial db for <redacted-\d+> failed", redactor.text("dial db for geheim-2 failed"))
    assert "@db/shop" in redactor.text("connecting to postgres://web:geheim-2@db/shop")


def test_names_are_shown_to_people_and_planted_ones_are_not_taken_for_names() -> None:
    redactor = Redactor()
    redactor.learn(FULL)
    masked = redactor.text("configmap cm-env, password=hunter2, <configmap-2>")
    shown = redactor.table.with_names(masked)
    assert re.fullmatch(r"configmap cm-env, password=<redacted-\d+>, <redacted-\d+>", shown)


def test_one_name_of_two_kinds_is_told_apart_by_the_words_before_it() -> None:
    redactor = Redactor(frozenset({"web"}))
    source = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "k1"}}}]}
    redactor.learn(source)
    redactor.learn({"secret": {"secretName": "web"}})
    text = redactor.text('secret "web" not found, configmap "web" not found, container web of web')
    assert text == 'secret "<secret-1>" not found, configmap "<configmap-1>" not found, container web of web'


ALPHABET = st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="<>")
VALUES = st.text(ALPHABET, min_size=6, max_size=60).filter(
    lambda value: value.lower() not in {"default", "localhost", "changeme", "enabled", "disabled"}
)
SECRET_NAMES = st.sampled_from(["DB_PASS", "API_KEY", "token", "AUTH", "dsn", "clientSecret", "DATABASE_URL"])
AROUND = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="<>"), max_size=30)


@settings(max_examples=150, deadline=None)
@given(SECRET_NAMES, VALUES, AROUND, AROUND)
def test_a_secret_leaves_neither_spec_nor_text(name: str, value: str, before: str, after: str) -> None:
    obj = deployment(template(container(env=[{"name": name, "value": value}])))
    redactor = Redactor()
    redactor.learn(obj)
    masked = redactor.object(obj)
    env = masked["spec"]["template"]["spec"]["containers"][0]["env"][0]
    assert env == {"name": name, "value": env["value"]}
    assert value not in env["value"]
    assert value not in redactor.text(f"{before}{value}{after}")
    assert resolve({"spec": masked["spec"]}, redactor.table) == {"spec": obj["spec"]}
    for place in (f"{APP}.image", f"{APP}.env[OTHER].value", "metadata.annotations[x]", "spec.replicas"):
        refusal(leaf_patch(place, env["value"]), redactor)


FIELDS = (
    "name key env value items configMap secretRef annotations args volumes imagePullSecrets containers httpHeaders x"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS.split()), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_shapes_that_no_api_server_sends_are_masked_without_an_error(value: Any) -> None:
    before = copy.deepcopy(value)
    Redactor().object({"spec": value})
    assert value == before


def rows(*changes: tuple[str, Any, Any]) -> list[Change]:
    return [
        Change(path=p, before=canonical.dumps(b), after=None if a is None else canonical.dumps(a))
        for p, b, a in changes
    ]


def test_people_see_names_but_no_values() -> None:
    shown = mask_changes(
        rows(
            (f"{APP}.env[DB_PASS].value", "geheim-1", "geheim-2"),
            (f"{APP}.env[MODE].valueFrom.configMapKeyRef.key", "mood", "mode"),
            (f"{APP}.args", ["--token", "geheim-1"], ["--token=geheim-3"]),
            (f"{APP}.env", [{"name": "API_KEY", "value": "geheim-1"}, {"name": "PORT", "value": "80"}], None),
            (f"{APP}.image", "web:1", "web:2"),
        )
    )
    text = json.dumps([change.model_dump() for change in shown])
    assert "geheim" not in text
    assert shown[0].before != shown[0].after
    assert shown[1].after == '"mode"'
    assert "80" in (shown[3].before or "")
    assert shown[4] == rows((f"{APP}.image", "web:1", "web:2"))[0]
    assert mask_changes(shown[:3])[1] == shown[1]


@pytest.mark.parametrize(
    ("path", "value", "secret"),
    [
        (f"{APP}.env[DB_PASS].value", None, True),
        (f"{APP}.env[PORT].value", "8080", False),
        (f"{APP}.env[PORT].value", "postgres://a:b1@db/x", True),
        (f"{APP}.env[DB_PASS].valueFrom.secretKeyRef.name", "db", False),
        (f"{APP}.args", ["--password", "x1"], True),
        (f"{APP}.image", "web:1", False),
        ("metadata.annotations[example.com/api-token]", "x", True),
        ("not a ] path", "x", False),
    ],
)
def test_which_path_holds_a_secret(path: str, value: Any, *, secret: bool) -> None:
    assert is_secret_path(path, value) is secret
