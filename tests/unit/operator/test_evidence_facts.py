"""The pure parts of the evidence: distances, references, revisions, events, tails, managers."""

from typing import Any

import pytest

from logjedi_operator.domain.evidence import distance, excerpts, managers, occurrences, references, revisions, states
from logjedi_operator.domain.evidence.references import Existing, Named
from logjedi_operator.domain.workload import WorkloadRef
from tests.unit.operator.fakes import ago, condition, container, deployment, event, pod, replicaset, template


def test_the_nearest_names_come_first_and_strangers_not_at_all() -> None:
    existing = [
        "web-config",
        "web_confg",
        "worker",
        "webconfg",
        "kube-root-ca.crt",
        "web-confg-2",
        "web-conf",
        "wep-confk",
    ]
    found = distance.nearest("web-confg", existing)
    assert [(near.name, near.distance) for near in found][:3] == [("web_confg", 1), ("webconfg", 1), ("web-conf", 1)]
    assert len(found) == 5
    assert found[0].same_folded
    assert "worker" not in {near.name for near in found}
    assert distance.nearest("LOG-LEVEL", ["log.level"])[0].same_folded


APP = "spec.template.spec.containers[app]"
KEYED = Named(f"{APP}.env[MODE].valueFrom.configMapKeyRef.key", "ConfigMapKey", "MOOD", "app", "web-config")


def spec(**fields: Any) -> dict[str, Any]:
    return dict(template(container(**fields.pop("container", {})), **fields)["spec"])


def test_references_are_found_wherever_a_pod_template_can_hold_one() -> None:
    found = references.find(
        spec(
            container={
                "env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "web-config", "key": "MOOD"}}}],
                "envFrom": [{"secretRef": {"name": "more", "optional": True}}],
            },
            serviceAccountName="web",
            imagePullSecrets=[{"name": "pull"}],
            volumes=[
                {"name": "c", "configMap": {"name": "files", "items": [{"key": "a.conf", "path": "a"}]}},
                {"name": "d", "persistentVolumeClaim": {"claimName": "data"}},
                {"name": "p", "projected": {"sources": [{"secret": {"name": "tls"}}, {"downwardAPI": {}}]}},
            ],
        ),
        "spec.template.spec",
    )
    volumes = "spec.template.spec.volumes"
    assert [(one.path, one.kind, one.name) for one in found] == [
        (f"{APP}.env[MODE].valueFrom.configMapKeyRef.name", "ConfigMap", "web-config"),
        (KEYED.path, "ConfigMapKey", "MOOD"),
        (f"{APP}.envFrom", "Secret", "more"),
        (f"{volumes}[c].configMap.name", "ConfigMap", "files"),
        (f"{volumes}[c].configMap.items", "ConfigMapKey", "a.conf"),
        (f"{volumes}[d].persistentVolumeClaim.claimName", "PersistentVolumeClaim", "data"),
        (f"{volumes}[p].projected.sources", "Secret", "tls"),
        ("spec.template.spec.serviceAccountName", "ServiceAccount", "web"),
        ("spec.template.spec.imagePullSecrets[pull]", "Secret", "pull"),
    ]
    assert [one.name for one in found if one.optional] == ["more", "pull"]
    assert references.find({"serviceAccountName": "default", "containers": []}, "spec") == []


def test_a_missing_key_has_candidates_from_its_own_object() -> None:
    existing = Existing({"ConfigMap": {"web-config"}}, {("ConfigMap", "web-config"): {"MODE", "PORT"}})
    judged = references.judge(KEYED, existing)
    assert (judged.exists, [near.name for near in judged.candidates]) == (False, ["MODE"])


def test_of_secrets_only_what_was_said_is_known() -> None:
    named = Named("p", "Secret", "db-cred", "app")
    assert references.judge(named, Existing()).exists is None
    told = Existing(denied={("Secret", "db-cred")}, hinted={"Secret": {"db-creds", "db-cred"}})
    judged = references.judge(named, told)
    assert (judged.exists, [near.name for near in judged.candidates]) == (False, ["db-creds"])


def test_a_name_of_an_older_revision_is_no_candidate_where_it_is_known_not_to_exist() -> None:
    named = Named("p", "ConfigMap", "web-confg", "app")
    gone = Existing(names={"ConfigMap": set()}, hinted={"ConfigMap": {"web-config"}})
    assert references.judge(named, gone) == references.Judged(named, exists=False, candidates=[])
    empty = Existing(keys={("ConfigMap", "web-config"): set()}, hinted={"ConfigMapKey:web-config": {"MODE"}})
    assert references.judge(KEYED, empty).candidates == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('configmap "web-cfg" not found', ("ConfigMap", "web-cfg")),
        ('Error: secret "db" not found', ("Secret", "db")),
        ('MountVolume.SetUp failed for volume "x" : configmap "web-cfg" not found', ("ConfigMap", "web-cfg")),
        ('persistentvolumeclaim "data" not found', ("PersistentVolumeClaim", "data")),
        ('error looking up service account shop/w: serviceaccount "w" not found', ("ServiceAccount", "w")),
        ("couldn't find key MOOD in ConfigMap shop/web-config", ("ConfigMapKey", "web-config/MOOD")),
        ("couldn't find key pass in Secret shop/db", ("SecretKey", "db/pass")),
        ("configmap references non-existent config key: a.conf", ("ConfigMapKey", "*/a.conf")),
    ],
)
def test_what_the_kubelet_says_is_missing_is_read(text: str, told: tuple[str, str]) -> None:
    assert list(references.denials(text)) == [told]


def test_the_revision_with_ready_replicas_is_the_healthy_one() -> None:
    dep = deployment()
    sets = [replicaset("w-1", 1, dep, ready=1), replicaset("w-2", 2, dep, ready=3), replicaset("w-3", 3, dep)]
    history = revisions.newest_first(dep, sets)
    assert [(ran.number, ran.healthy) for ran in history] == [(3, 0), (2, 3), (1, 1)]
    chosen = revisions.healthy(history)
    assert chosen is not None
    assert chosen.name == "w-2"
    assert revisions.healthy(history[:1]) is None


@pytest.mark.parametrize(
    ("fell", "annotations", "known"),
    [(ago(minutes=4), {}, 1), (ago(hours=3), {}, 0), (ago(minutes=4), {revisions.REUSED: "1"}, 0)],
    ids=["was up until the rollout", "was down before", "a rollback's ReplicaSet is older than it"],
)
def test_the_revision_before_is_healthy_if_the_deployment_was_available_until_then(
    fell: str, annotations: dict[str, str], known: int
) -> None:
    down = condition("Available", "False", "MinimumReplicasUnavailable", since=fell)
    dep = deployment(conditions=[down])
    old = replicaset("w-1", 1, dep, replicas=0, made=ago(days=1))
    new = replicaset("w-2", 2, dep, made=ago(minutes=5), annotations=annotations)
    chosen = revisions.healthy(revisions.newest_first(dep, [old, new]))
    assert chosen is not None
    assert (chosen.name, chosen.healthy) == ("w-1", known)


def test_recreate_takes_the_old_pods_away_before_the_new_replicaset_is_made() -> None:
    down = condition("Available", "False", "MinimumReplicasUnavailable", since=ago(minutes=5, seconds=20))
    dep = deployment(conditions=[down])
    sets = [replicaset("w-1", 1, dep, made=ago(days=1)), replicaset("w-2", 2, dep, made=ago(minutes=5))]
    assert [ran.healthy for ran in revisions.newest_first(dep, sets)] == [0, 0]
    dep["spec"]["strategy"] = {"type": "Recreate"}
    assert [ran.healthy for ran in revisions.newest_first(dep, sets)] == [0, 1]


def test_templates_are_compared_field_by_field_without_noise() -> None:
    good = template(container(image="web:1", env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]))
    bad = template(container(image="web:2", env=[{"name": "A", "value": "1"}, {"name": "C", "value": "3"}]))
    good["metadata"]["labels"]["pod-template-hash"] = "7d9c"
    bad["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "2026-11-23T12:00:00Z"}
    changes = {change.path: change for change in revisions.compare(good, bad)}
    assert sorted(changes) == [f"{APP}.env[B].value", f"{APP}.env[C].value", f"{APP}.image"]
    assert (changes[f"{APP}.image"].healthy, changes[f"{APP}.image"].failing) == ("web:1", "web:2")
    assert (changes[f"{APP}.env[B].value"].in_healthy, changes[f"{APP}.env[B].value"].in_failing) == (True, False)


def test_images_are_listed_newest_revision_first() -> None:
    dep = deployment()
    sets = [
        replicaset("w-1", 1, dep, ready=1, template=template(container(image="web:1"))),
        replicaset("w-2", 2, dep, template=template(container(image="web:2"))),
    ]
    used = revisions.images(revisions.newest_first(dep, sets))
    assert [(one.image, one.ran) for one in used] == [("web:2", False), ("web:1", True)]


def test_equal_events_are_counted_and_the_newest_come_last() -> None:
    about = pod()
    found = [
        event(about, "BackOff", "back-off", count=4, at=ago(minutes=1)),
        event(about, "Pulled", "ok", at=ago(hours=1)),
    ]
    seen = occurrences.events([*found, event(about, "BackOff", "back-off", count=3, at=ago(seconds=1))])
    assert [(one.reason, one.count) for one in seen] == [("Pulled", 1), ("BackOff", 7)]
    assert occurrences.events([event(about, "X", str(n), at=ago(seconds=n)) for n in range(99)])[-1].message == "0"
    assert len(occurrences.events([event(about, "X", str(n)) for n in range(99)])) == occurrences.MAX_EVENTS


def test_a_tail_keeps_the_newest_lines_and_says_what_it_cut() -> None:
    text = "\n".join(str(n) for n in range(10))
    assert occurrences.tail(text, 3) == (["7", "8", "9"], True)
    assert occurrences.tail(text, 0)[1] is False
    assert occurrences.tail("x" * 9_000, 0)[1] is True


def test_pods_are_selected_as_the_workload_does() -> None:
    dep = deployment()
    dep["spec"]["selector"] = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["b", "a"]},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"},
            {"key": "zone", "operator": "NotIn", "values": ["x"]},
        ],
    }
    assert states.selector(dep) == "app=web,tier in (a,b),!old,new,zone notin (x)"


def test_pods_of_others_are_left_out_even_if_the_selector_matches() -> None:
    dep, other = deployment(), replicaset("other-1", 1, None)
    mine = replicaset("web-2", 2, dep)
    found = states.owned([pod(owner=mine), pod(owner=other), pod()], WorkloadRef.of(dep), [mine, other])
    assert len(found) == 1


@pytest.mark.parametrize(
    ("labels", "annotations", "manager"),
    [
        ({"app.kubernetes.io/managed-by": "Helm"}, {"meta.helm.sh/release-name": "shop"}, ("helm", "shop")),
        ({}, {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}, ("argocd", "shop")),
        ({"argocd.argoproj.io/instance": "shop"}, {}, ("argocd", "shop")),
        ({"kustomize.toolkit.fluxcd.io/name": "apps"}, {}, ("flux", "apps")),
        ({"helm.toolkit.fluxcd.io/name": "shop"}, {}, ("flux", "shop")),
    ],
)
def test_other_managers_are_named(
    labels: dict[str, str], annotations: dict[str, str], manager: tuple[str, str]
) -> None:
    found = managers.find(deployment(labels=labels, annotations=annotations), [])
    assert [(one.manager, one.name) for one in found] == [manager]


def test_an_autoscaler_of_another_workload_is_none() -> None:
    def scaler(name: str) -> dict[str, Any]:
        return {"metadata": {"name": f"hpa-{name}"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": name}}}

    assert [one.name for one in managers.find(deployment(), [scaler("web"), scaler("api")])] == ["hpa-web"]


def test_people_get_the_loudest_lines_first() -> None:
    log = occurrences.log("p", "app", previous=True, lines=(["starting", *["ok"] * 30, "FATAL: no DATABASE"], False))
    shown = excerpts.pick("exit code 1", [log], occurrences.events([event(pod(), "BackOff", "restarting", count=9)]))
    assert shown == ["exit code 1", "FATAL: no DATABASE", "BackOff (9x): restarting"]
    assert len(excerpts.pick("m", [log] * 9, [])) <= excerpts.MAX_LINES
