"""The policy's refusals, each with a near miss that passes. Trust is the product: the table is the specification."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logjedi_contracts import canonical, paths
from logjedi_contracts.analysis import Owner
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Action, ActionType
from logjedi_operator.domain import policy, workload
from logjedi_operator.domain.policy import checking, grammar, references
from logjedi_operator.domain.policy.grammar import Shape

NONCE = "0" * 32
POD = {
    "serviceAccountName": "shop",
    "imagePullSecrets": [{"name": "registry-a"}],
    "nodeSelector": {"disk": "ssd"},
    "securityContext": {"runAsNonRoot": True, "fsGroup": 2000},
    "initContainers": [{"name": "init", "image": "busybox:1"}],
    "containers": [
        {
            "name": "app",
            "image": "ghcr.io/acme/shop:1",
            "command": ["/shop"],
            "env": [
                {"name": "MODE", "value": "fast"},
                {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "shop-token", "key": "token"}}},
                {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "shop-cfg", "key": "colour"}}},
                {"name": "TWIN", "value": "1"},
                {"name": "TWIN", "value": "2"},
            ],
            "envFrom": [{"configMapRef": {"name": "shop-env"}}, {"prefix": "S_", "secretRef": {"name": "shop-secret"}}],
            "resources": {
                "limits": {"memory": "128Mi", "cpu": "500m", "ephemeral-storage": "1Gi"},
                "requests": {"memory": "64Mi", "cpu": "0"},
            },
            "readinessProbe": {"httpGet": {"path": "/ok", "port": 8080}, "periodSeconds": 10},
            "securityContext": {"runAsUser": 1000},
            "volumeMounts": [{"name": "cfg", "mountPath": "/etc/shop"}],
        },
        {"name": "side", "image": "nginx"},
        {"name": "bad", "image": "Not An Image"},
    ],
    "volumes": [
        {"name": "cfg", "configMap": {"name": "shop-files", "items": [{"key": "a.conf", "path": "a"}]}},
        {"name": "tls", "secret": {"secretName": "shop-tls"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-shop"}},
        {
            "name": "all",
            "projected": {"sources": [{"secret": {"name": "proj-secret"}}, {"configMap": {"name": "proj-cfg"}}]},
        },
    ],
}
ALL = policy.Policy(paths=tuple(policy.PathGroup))
DEFAULT = policy.Policy()


def workload_of(kind: Any, replicas: Any = 2) -> Any:
    meta = {"name": "shop", "namespace": "web", "uid": "u-1"}
    obj = {"apiVersion": workload.API_VERSIONS[kind], "kind": kind, "metadata": meta}
    built = paths.build(workload.pod_spec_path(kind), copy.deepcopy(POD))
    obj |= built
    if kind in grammar.SCALABLE:
        obj["spec"]["replicas"] = replicas
    return obj


LIVE = workload_of("Deployment")
TARGET = workload.WorkloadRef.of(LIVE).target()


def action(patch: Any, kind: Any = ActionType.K8S_PATCH, **parameters: Any) -> Any:
    return Action(type=kind, patch=patch if isinstance(patch, str) else canonical.dumps(patch), parameters=parameters)


def check(
    patch: Any,
    rules: policy.Policy = DEFAULT,
    live: Any = LIVE,
    kind: ActionType = ActionType.K8S_PATCH,
    owners: Any = (),
    earlier: Any = (),
    **parameters: str,
) -> None:
    target = workload.WorkloadRef.of(live).target()
    context = policy.Context(target, NONCE, tuple(owners), tuple(earlier))
    policy.check(rules, live, action(patch, kind, **parameters), context)


def refusal(*args: Any, **kwargs: Any) -> Any:
    with pytest.raises(Refused) as caught:
        check(*args, **kwargs)
    assert str(caught.value).strip()
    return caught.value.rule


def at(path: Any, value: Any) -> Any:
    return paths.build(path.format(P="spec.template.spec", A="spec.template.spec.containers[app]"), value)


GOOD = [
    ("{A}.image", "ghcr.io/acme/shop:2"),
    ("{A}.image", "ghcr.io/acme/shop@sha256:" + "b" * 64),
    ("{P}.initContainers[init].image", "docker.io/library/busybox:2"),
    ("{P}.containers[side].image", "nginx:1.27"),
    ("{A}.env[MODE].value", "slow"),
    ("{A}.env[NEW].value", "1"),
    ("{A}.env[NEW]", {}),
    ("{A}.resources.limits.memory", "256Mi"),
    ("{A}.resources.limits.memory", "1Mi"),
    ("{A}.resources.limits.cpu", "1"),
    ("{A}.resources.requests.cpu", "8"),
    ("{A}.resources.limits[ephemeral-storage]", "2Gi"),
    ("{P}.containers[side].resources.limits.memory", "8Gi"),
    ("spec.replicas", 1),
    ("spec.replicas", 50),
    ("{A}.env[TOKEN].valueFrom.secretKeyRef.name", "shop-tokens"),
    ("{A}.env[TOKEN].valueFrom.secretKeyRef.key", "password"),
    ("{A}.env[COLOR].valueFrom.configMapKeyRef.key", "color"),
    ("{A}.env[COLOR].valueFrom.configMapKeyRef.name", "another-config"),
    ("{A}.envFrom", [{"configMapRef": {"name": "other"}}, {"prefix": "S_", "secretRef": {"name": "shop-secrets"}}]),
    ("{P}.volumes[cfg].configMap.name", "shop-file"),
    ("{P}.volumes[cfg].configMap.items", [{"key": "b.conf", "path": "a"}]),
    ("{P}.volumes[tls].secret.secretName", "shop_tls"),
    ("{P}.volumes[data].persistentVolumeClaim.claimName", "shop-data"),
    ("{P}.volumes[all].projected.sources", [{"secret": {"name": "proj-secrets"}}, {"configMap": {"name": "x"}}]),
    ("{P}.serviceAccountName", "shops"),
    ("{P}.imagePullSecrets[registry-b]", {}),
]


@pytest.mark.parametrize(("path", "value"), GOOD)
def test_lets_through_what_the_default_policy_means(path: Any, value: Any) -> None:
    check(at(path, value))


BAD = [
    # image
    ("{A}.image", "ghcr.io/acme/shop2:1", "image-repository"),
    ("{A}.image", "ghcr.io/acme/shop/evil:1", "image-repository"),
    ("{A}.image", "docker.io/acme/shop:1", "image-repository"),
    ("{P}.containers[side].image", "evil.example/nginx:1", "image-repository"),
    ("{P}.containers[bad].image", "nginx:1", "image-repository"),
    ("{A}.image", "ghcr.io/acme/shop:", "image-reference"),
    ("{A}.image", "", "image-reference"),
    ("{A}.image", "<redacted-1>", "image-reference"),
    ("{A}.image", 5, "type"),
    ("{A}.imagePullPolicy", "Never", "path"),
    # env
    ("{A}.env[MODE].value", 1, "type"),
    ("{A}.env[MODE].value", True, "type"),
    ("{A}.env[TOKEN].value", "plain", "type"),
    ("{A}.env[TWIN].value", "3", "ambiguous"),
    ("{A}.env[MODE].valueFrom.secretKeyRef.name", "root", "new-secret-reference"),
    ("{A}.env[NEW].valueFrom.secretKeyRef.key", "k", "new-secret-reference"),
    ("{A}.env[NEW].valueFrom.configMapKeyRef.name", "c", "new-reference"),
    ("{A}.env[COLOR].valueFrom.secretKeyRef.name", "shop-cfg", "new-secret-reference"),
    ("{A}.env[MODE].valueFrom.fieldRef.fieldPath", "spec.nodeName", "path"),
    # resources
    ("{A}.resources.limits.memory", "257Mi", "step"),
    ("{A}.resources.limits.cpu", "1001m", "step"),
    ("{A}.resources.limits[ephemeral-storage]", "3Gi", "step"),
    ("{A}.resources.requests[ephemeral-storage]", "1Gi", "step"),
    ("{A}.resources.limits.memory", "0", "memory-ceiling"),
    ("{A}.resources.limits.cpu", "0", "cpu-ceiling"),
    ("{P}.containers[side].resources.limits.memory", "8193Mi", "memory-ceiling"),
    ("{P}.containers[side].resources.limits.cpu", "8001m", "cpu-ceiling"),
    ("{A}.resources.limits.memory", "-1", "type"),
    ("{A}.resources.limits.memory", "1GB", "type"),
    ("{A}.resources.limits.memory", "150m", "type"),
    ("{A}.resources.limits.memory", 1.5, "type"),
    ("{A}.resources.limits[nvidia.com/gpu]", "1", "path"),
    ("{A}.resources.claims", [{"name": "x"}], "path"),
    # replicas
    ("spec.replicas", 0, "replicas-bounds"),
    ("spec.replicas", 51, "replicas-bounds"),
    ("spec.replicas", "2", "type"),
    ("spec.replicas", True, "type"),
    ("spec.replicas", 1.5, "type"),
    ("spec.replicas", -1, "type"),
    # references
    ("{A}.env[TOKEN].valueFrom.secretKeyRef.name", "admin-token", "new-secret-reference"),
    ("{A}.env[TOKEN].valueFrom.secretKeyRef.name", "", "type"),
    ("{A}.env[TOKEN].valueFrom.secretKeyRef.optional", True, "path"),
    (
        "{A}.envFrom",
        [{"configMapRef": {"name": "shop-env"}}, {"secretRef": {"name": "shop-secret"}}],
        "new-secret-reference",
    ),
    (
        "{A}.envFrom",
        [{"configMapRef": {"name": "shop-env"}}, {"prefix": "S_", "secretRef": {"name": "root"}}],
        "new-secret-reference",
    ),
    (
        "{A}.envFrom",
        [{"secretRef": {"name": "shop-env"}}, {"prefix": "S_", "secretRef": {"name": "shop-secret"}}],
        "new-secret-reference",
    ),
    ("{A}.envFrom", [{"configMapRef": {"name": "shop-env"}}], "new-reference"),
    (
        "{A}.envFrom",
        [
            {"configMapRef": {"name": "shop-env"}},
            {"prefix": "S_", "secretRef": {"name": "shop-secret"}},
            {"secretRef": {"name": "x"}},
        ],
        "new-secret-reference",
    ),
    ("{A}.envFrom", "x", "type"),
    ("{P}.containers[side].envFrom", [{"secretRef": {"name": "shop-secret"}}], "new-secret-reference"),
    ("{P}.containers[side].envFrom", [{"configMapRef": {"name": "shop-env"}}], "new-reference"),
    ("{P}.volumes[cfg].configMap.items", [{"key": "a.conf", "path": "../a"}], "new-reference"),
    ("{P}.volumes[cfg].secret.secretName", "shop-tls", "new-secret-reference"),
    ("{P}.volumes[tls].secret.secretName", "root-ca", "new-secret-reference"),
    (
        "{P}.volumes[all].projected.sources",
        [{"secret": {"name": "root-ca"}}, {"configMap": {"name": "x"}}],
        "new-secret-reference",
    ),
    ("{P}.volumes[new].configMap.name", "x", "path"),
    ("{P}.volumes[cfg].hostPath.path", "/", "path"),
    ("{P}.serviceAccountName", "cluster-admin", "new-reference"),
    ("{P}.imagePullSecrets[other]", {}, "new-secret-reference"),
    ("{P}.imagePullSecrets[registry-b].x", "y", "path"),
    # structure
    ("{P}.containers[evil].image", "nginx", "unknown-container"),
    ("{P}.containers[init].image", "busybox:2", "unknown-container"),
    ("{P}.initContainers[app].image", "ghcr.io/acme/shop:2", "unknown-container"),
    ("{P}.ephemeralContainers[app].image", "ghcr.io/acme/shop:2", "path"),
    ("{A}.image", None, "null-value"),
    ("{A}.env[MODE].value", None, "null-value"),
    ("{A}.resources.limits", None, "null-value"),
    ("{P}.containers", None, "null-value"),
    ("spec", None, "null-value"),
    ("spec", "x", "type"),
    ("{P}.containers", [], "empty"),
    ("{P}.containers", ["x"], "type"),
    ("{P}.hostNetwork", True, "path"),
    ("{P}.hostPID", True, "path"),
    ("{P}.nodeName", "n1", "path"),
    ("{A}.securityContext.privileged", True, "path"),
    ("{A}.lifecycle.postStart.exec.command", ["sh"], "path"),
    ("{A}.ports[80].hostPort", 80, "path"),
    ("spec.selector.matchLabels.app", "x", "path"),
    ("spec.template.metadata.labels.app", "x", "path"),
    ("spec.template.metadata.annotations[x/y]", "x", "path"),
    ("spec.paused", True, "path"),
    ("spec.strategy.type", "Recreate", "path"),
    ("metadata.labels.app", "x", "path"),
    ("metadata.annotations[logjedi.dev/ignore]", "true", "path"),
    ("metadata.annotations[logjedi.dev/attempt]", "1" * 32, "path"),
    ("metadata.finalizers", ["x"], "path"),
    ("metadata.ownerReferences", [{"uid": "x"}], "path"),
    ("metadata.name", "other", "target"),
    ("metadata.namespace", "other", "target"),
    ("metadata.uid", "other", "target"),
    ("kind", "Deployment", "target"),
    ("status.replicas", 1, "path"),
    ("data.x", "y", "path"),
    # directives
    ("{A}.env[MODE]", None, "directive"),
    ("{A}.env[MODE].$patch", "replace", "directive"),
    ("{A}.$patch", "replace", "directive"),
    ("{A}.resources.$retainKeys", ["limits"], "directive"),
    ("spec.$patch", "delete", "directive"),
    # opt-in groups
    ("{A}.readinessProbe.httpGet.port", 80, "path"),
    ("{A}.command", ["/bin/shop"], "path"),
    ("{A}.args", ["-v"], "path"),
    ("{A}.securityContext.runAsUser", 2000, "path"),
    ("{P}.nodeSelector.disk", "hdd", "path"),
    ("{P}.tolerations", [], "empty"),
    ("{A}.volumeMounts[/etc/shop].subPath", "x", "path"),
]


@pytest.mark.parametrize(("path", "value", "rule"), BAD)
def test_refuses_and_names_the_rule(path: str, value: Any, rule: str) -> None:
    assert refusal(at(path, value)) == rule


def test_refuses_an_order_that_is_set_from_outside() -> None:
    order = {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "app"}]}}}}
    assert refusal(paths.merge(order, at("spec.replicas", 3))) == "directive"


OPT_IN = [
    ("{A}.readinessProbe.httpGet.port", 80, ""),
    ("{A}.readinessProbe.httpGet.port", "http", ""),
    ("{A}.readinessProbe.httpGet.port", 0, "type"),
    ("{A}.readinessProbe.httpGet.port", "", "type"),
    ("{A}.readinessProbe.httpGet.path", "/healthz", ""),
    ("{A}.readinessProbe.httpGet.host", "evil.example", "path"),
    ("{A}.readinessProbe.exec.command", ["sh"], "path"),
    ("{A}.readinessProbe.periodSeconds", 20, ""),
    ("{A}.readinessProbe.periodSeconds", "20", "type"),
    ("{A}.livenessProbe.httpGet.port", 80, "path"),
    ("{A}.command", ["/bin/shop"], ""),
    ("{A}.args", ["-v"], ""),
    ("{A}.command", [], "empty"),
    ("{A}.command", "sh -c x", "type"),
    ("{A}.args", ["-v", 1], "type"),
    ("{A}.securityContext.runAsUser", 2000, ""),
    ("{A}.securityContext.runAsUser", 0, "privilege"),
    ("{A}.securityContext.privileged", True, "path"),
    ("{A}.securityContext.capabilities.add", ["SYS_ADMIN"], "path"),
    ("{A}.securityContext.allowPrivilegeEscalation", True, "path"),
    ("{A}.securityContext.readOnlyRootFilesystem", False, ""),
    ("{A}.securityContext.readOnlyRootFilesystem", "no", "type"),
    ("{P}.securityContext.runAsNonRoot", False, "privilege"),
    ("{P}.containers[side].securityContext.runAsNonRoot", True, ""),
    ("{P}.nodeSelector.disk", "hdd", ""),
    ("{P}.nodeSelector.disk", None, "null-value"),
    ("{P}.tolerations", [{"key": "a", "operator": "Exists"}], ""),
    ("{P}.tolerations", [{"key": "a", "$patch": "delete"}], "type"),
    ("{P}.tolerations", ["x"], "type"),
    (
        "{P}.tolerations",
        [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 1}],
        "",
    ),
    ("{A}.readinessProbe.periodSeconds", 2**31 - 1, ""),
    ("{A}.readinessProbe.periodSeconds", 2**31, "type"),
    ("{A}.readinessProbe.httpGet.port", 65_535, ""),
    ("{A}.readinessProbe.httpGet.port", 65_536, "type"),
    ("{A}.readinessProbe.httpGet.port", "a" * 16, "type"),
    ("{A}.volumeMounts[/etc/shop].subPath", "x", ""),
    ("{A}.volumeMounts[/etc/other].subPath", "x", "path"),
    ("{P}.volumes[cfg].configMap.optional", True, ""),
    ("{P}.volumes[cfg].configMap.defaultMode", 292, ""),
    ("{P}.volumes[cfg].emptyDir.sizeLimit", "1Gi", "step"),
]


@pytest.mark.parametrize(("path", "value", "rule"), OPT_IN)
def test_opt_in_groups_let_through_values_of_their_shape_alone(path: Any, value: Any, rule: Any) -> None:
    if rule:
        assert refusal(at(path, value), ALL) == rule
    else:
        check(at(path, value), ALL)


@pytest.mark.parametrize("group", policy.PathGroup)
def test_a_group_that_is_not_listed_is_closed(group: Any) -> None:
    closed = policy.Policy(paths=tuple(other for other in policy.PathGroup if other is not group))
    cases = [(path, value) for path, value, rule in OPT_IN if not rule] + GOOD
    held = [at(path, value) for path, value in cases if _group(path) is group]
    assert held
    assert {refusal(patch, closed) for patch in held} == {"path"}


def _group(path: Any) -> Any:
    return grammar.find("Deployment", path.format(P="spec.template.spec", A="spec.template.spec.containers[app]")).group


@pytest.mark.parametrize("kind", sorted(workload.API_VERSIONS))
def test_knows_where_each_kind_keeps_its_pods(kind: Any) -> None:
    live, pod = workload_of(kind), workload.pod_spec_path(kind)
    check(paths.build(f"{pod}.containers[app].image", "ghcr.io/acme/shop:2"), live=live)
    other = "spec.template.spec" if pod != "spec.template.spec" else "spec"
    assert refusal(paths.build(f"{other}.containers[app].image", "ghcr.io/acme/shop:2"), live=live) in {
        "path",
        "unknown-container",
    }
    replicas = paths.build("spec.replicas", 3)
    if kind in grammar.SCALABLE:
        check(replicas, live=live)
    else:
        assert refusal(replicas, live=live) == "path"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"uid": "u-2"}, "target"),
        ({"name": "x"}, "target"),
        ({"namespace": "x"}, "target"),
        ({"kind": "Pod"}, "target"),
        ({"api_version": "evil/v1"}, "target"),
    ],
)
def test_refuses_another_object_than_was_analysed(change: Any, rule: Any) -> None:
    context = policy.Context(TARGET.model_copy(update=change), NONCE)
    with pytest.raises(Refused) as caught:
        policy.check(DEFAULT, LIVE, action(at("spec.replicas", 3)), context)
    assert caught.value.rule == rule


def test_refuses_a_kind_that_is_no_workload() -> None:
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "n", "uid": "u"}}
    assert refusal({"data": {"a": "b"}}, live=live) == "target"


@pytest.mark.parametrize("kind", [ActionType.RECREATE, ActionType.MANIFEST, ActionType.SCRIPT])
def test_refuses_actions_that_are_off_and_those_that_cannot_be_carried_out(kind: Any) -> None:
    assert refusal(at("spec.replicas", 3), kind=kind) == "action-not-allowed"
    assert refusal(at("spec.replicas", 3), policy.Policy(actions=(kind,)), kind=kind) == "action-not-allowed"


def test_refuses_an_action_that_the_file_does_not_list() -> None:
    assert refusal(at("spec.replicas", 3), policy.Policy(actions=(ActionType.SCALE,))) == "action-not-allowed"


def test_scale_may_touch_replicas_alone() -> None:
    check(at("spec.replicas", 3), kind=ActionType.SCALE)
    assert refusal(at("{A}.image", "ghcr.io/acme/shop:2"), kind=ActionType.SCALE) == "path"


def test_restart_may_set_the_restart_time_alone() -> None:
    check(at(grammar.RESTARTED_AT, "2026-01-01T00:00:00Z"), kind=ActionType.RESTART)
    assert refusal(at(grammar.RESTARTED_AT, "now; rm"), kind=ActionType.RESTART) == "type"
    assert refusal(at(grammar.RESTARTED_AT, "2026-01-01T00:00:00Z")) == "path"
    assert refusal(at("spec.replicas", 3), kind=ActionType.RESTART) == "path"
    job = workload_of("Job")
    assert refusal(at(grammar.RESTARTED_AT, "2026-01-01T00:00:00Z"), kind=ActionType.RESTART, live=job) == "path"


def test_replace_pod_has_no_patch() -> None:
    check("{}", kind=ActionType.REPLACE_POD)
    assert refusal(at("spec.replicas", 3), kind=ActionType.REPLACE_POD) == "type"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{}", "empty"),
        ('{"spec":{}}', "empty"),
        ('{"spec":{"template":{"spec":{"containers":[]}}}}', "empty"),
        ("[]", "type"),
        ("null", "type"),
        ("x", "type"),
        ("", "type"),
        ('{"spec": {"replicas": 3}}', "type"),
        ('{"spec":{"replicas":3,"replicas":4}}', "type"),
        ('{"spec":{"replicas":NaN}}', "type"),
        ('{"a":' * 40 + "1" + "}" * 40, "type"),
        ('{"a":' * 9000 + "1" + "}" * 9000, "type"),
        ("[" * 30000, "type"),
    ],
    ids=range(13),
)
def test_refuses_a_text_that_is_no_plain_patch(text: Any, rule: Any) -> None:
    assert refusal(text) == rule


def test_refuses_another_kind_of_patch() -> None:
    patch = Action(
        type=ActionType.K8S_PATCH, patch_type="application/merge-patch+json", patch='{"spec":{"replicas":3}}'
    )
    with pytest.raises(Refused) as caught:
        policy.check(DEFAULT, LIVE, patch, policy.Context(TARGET))
    assert caught.value.rule == "patch-type"


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"template": {"spec": {"containers": {"app": {"image": "ghcr.io/acme/shop:2"}}}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": {"MODE": {"value": "x"}}}]}}}},
        {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": {"A.B": {"value": "x"}}}]}}}},
    ],
)
def test_refuses_maps_where_lists_are_meant(patch: Any) -> None:
    assert refusal(patch) == "type"


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"template": {"spec": {"containers": [{"image": "nginx"}]}}}},
        {
            "spec": {
                "template": {"spec": {"containers": [{"name": "app", "image": "ghcr.io/acme/shop:2"}, {"name": "app"}]}}
            }
        },
        {"spec": {"template": {"spec": {"containers": [{"name": ["app"], "image": "ghcr.io/acme/shop:2"}]}}}},
    ],
)
def test_refuses_items_that_cannot_be_told_apart(patch: Any) -> None:
    assert refusal(patch) in {"type", "path"}


def test_the_attempt_annotation_passes_with_its_own_nonce_and_is_no_change_alone() -> None:
    mark = at("metadata.annotations[logjedi.dev/attempt]", NONCE)
    check(paths.merge(mark, at("spec.replicas", 3)))
    with pytest.raises(Refused) as caught:
        policy.check(DEFAULT, LIVE, action(paths.merge(mark, at("spec.replicas", 3))), policy.Context(TARGET))
    assert caught.value.rule == "path"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", 2),
        ("{A}.image", "ghcr.io/acme/shop:1"),
        ("{A}.resources.limits.memory", "134217728"),
        ("{A}.env[MODE].value", "fast"),
    ],
)
def test_refuses_what_is_live_already(path: Any, value: Any) -> None:
    assert refusal(at(path, value)) == "no-change"
    mark = at("metadata.annotations[logjedi.dev/attempt]", NONCE)
    assert refusal(paths.merge(at(path, value), mark)) == "no-change"


def test_what_is_live_passes_its_bounds_beside_a_real_change() -> None:
    live = workload_of("Deployment", replicas=99)
    check(paths.merge(at("spec.replicas", 99), at("{A}.image", "ghcr.io/acme/shop:2")), live=live)


def test_one_bad_field_spoils_the_patch() -> None:
    assert refusal(paths.merge(at("{A}.image", "ghcr.io/acme/shop:2"), at("{P}.hostNetwork", True))) == "path"


def test_deletes_a_live_variable_only_when_we_said_so() -> None:
    delete = at("{A}.env[MODE]", None)
    check(delete, directives=policy.DELETE_ADDED_ENV)
    assert refusal(delete, directives="other") == "directive"
    assert refusal(at("{A}.env[GONE]", None), directives=policy.DELETE_ADDED_ENV) == "directive"
    assert refusal(at("{P}.volumes[cfg]", None), directives=policy.DELETE_ADDED_ENV) == "directive"
    assert refusal(at("{P}.containers[side]", None), directives=policy.DELETE_ADDED_ENV) == "directive"
    beside = at("{A}.env[MODE]", {"$patch": "delete", "value": "x"})
    assert refusal(beside, directives=policy.DELETE_ADDED_ENV) == "directive"
    no_env = policy.Policy(paths=(policy.PathGroup.IMAGE,))
    assert refusal(delete, no_env, directives=policy.DELETE_ADDED_ENV) == "directive"


def test_a_directive_inside_an_atomic_list_is_found() -> None:
    hidden = [
        {"configMapRef": {"name": "shop-env", "$patch": "replace"}},
        {"prefix": "S_", "secretRef": {"name": "shop-secret"}},
    ]
    assert refusal(at("{A}.envFrom", hidden)) in {"directive", "new-reference"}


def test_an_autoscaler_owns_the_replicas_and_nothing_else() -> None:
    hpa = [Owner(manager="hpa", name="shop")]
    assert refusal(at("spec.replicas", 3), owners=hpa) == "hpa-owned"
    assert refusal(at("spec.replicas", 3), owners=hpa, kind=ActionType.SCALE) == "hpa-owned"
    check(at("{A}.image", "ghcr.io/acme/shop:2"), owners=hpa)


@pytest.mark.parametrize("manager", ["argocd", "flux", "some-operator"])
def test_what_another_manager_owns_is_not_patched(manager: Any) -> None:
    with pytest.raises(Refused, match=manager) as caught:
        check(at("{A}.image", "ghcr.io/acme/shop:2"), owners=[Owner(manager=manager, name="web")])
    assert caught.value.rule == "gitops-owned"


def test_helm_alone_does_not_stop_a_patch() -> None:
    check(at("{A}.image", "ghcr.io/acme/shop:2"), owners=[Owner(manager="helm", name="web")])


def earlier_with(path: str, value: Any) -> Any:
    revision = paths.merge(workload_of("Deployment"), at(path, value))
    return [workload.pod_spec(revision)]


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("{A}.env[TOKEN].valueFrom.secretKeyRef.name", "credentials-2025", "new-secret-reference"),
        ("{P}.serviceAccountName", "web-2025", "new-reference"),
        ("{P}.imagePullSecrets[hub]", {}, "new-secret-reference"),
        ("{A}.image", "docker.io/acme/shop:1", "image-repository"),
        ("{A}.resources.limits.memory", "1Gi", "step"),
        ("{A}.resources.requests[ephemeral-storage]", "1Gi", "step"),
    ],
)
def test_going_back_to_what_an_earlier_revision_held_there_is_nothing_new(path: str, value: Any, rule: str) -> None:
    assert refusal(at(path, value)) == rule
    check(at(path, value), earlier=earlier_with(path, value))


def test_what_an_earlier_revision_held_elsewhere_does_not_count() -> None:
    other = earlier_with("{P}.containers[side].image", "docker.io/acme/shop:1")
    assert refusal(at("{A}.image", "docker.io/acme/shop:1"), earlier=other) == "image-repository"


def test_ceilings_hold_for_earlier_values_too() -> None:
    path = "{A}.resources.limits.memory"
    assert refusal(at(path, "16Gi"), earlier=earlier_with(path, "16Gi")) == "memory-ceiling"
    assert refusal(at(path, "0"), earlier=earlier_with(path, "0")) == "memory-ceiling"


def test_a_list_of_repositories_alone_holds_for_earlier_images_too() -> None:
    rules = policy.Policy.model_validate({"images": {"sameRepository": False}})
    earlier = earlier_with("{A}.image", "docker.io/acme/shop:1")
    assert refusal(at("{A}.image", "docker.io/acme/shop:1"), rules, earlier=earlier) == "image-repository"


@pytest.mark.parametrize(
    ("allow", "image", "passes"),
    [
        (("ghcr.io/acme",), "ghcr.io/acme/other:1", True),
        (("ghcr.io/acme/*",), "ghcr.io/acme/other:1", True),
        (("ghcr.io",), "ghcr.io/x/y", True),
        (("docker.io/library/nginx",), "nginx:1", True),
        (("*",), "evil.example/x", True),
        (("ghcr.io/acme",), "ghcr.io/acme2/other:1", False),
        (("ghcr.io",), "ghcr.io.evil.example/x", False),
        (("nginx",), "evil.example/nginx", False),
    ],
)
def test_allowed_images_are_matched_by_whole_parts(allow: Any, image: Any, passes: Any) -> None:
    rules = policy.Policy.model_validate({"images": {"allow": allow}})
    if passes:
        check(at("{A}.image", image), rules)
    else:
        assert refusal(at("{A}.image", image), rules) == "image-repository"


def test_without_same_repository_only_the_list_counts() -> None:
    rules = policy.Policy.model_validate({"images": {"sameRepository": False}})
    assert refusal(at("{A}.image", "ghcr.io/acme/shop:2"), rules) == "image-repository"


@pytest.mark.parametrize(
    ("first", "second", "near"),
    [
        ("shop-token", "shop_Token", True),
        ("shop-token", "shop-tokne", True),
        ("shop-token", "shop-token12", True),
        ("shop-token", "shop-token123", False),
        ("shop-token", "shop-tok", True),
        ("shop-token", "shop-to", False),
        ("shop12", "shop34", True),
        ("shop1", "shop2", True),
        ("shop1", "shap2", False),
        ("db", "pg", False),
        ("admin-token", "shop-token", False),
    ],
)
def test_a_slip_is_near_and_another_name_is_not(first: str, second: str, near: bool) -> None:  # noqa: FBT001  # a table
    assert references.is_near(first, second) is near
    assert references.is_near(second, first) is near


def test_a_list_that_only_grows_is_named_by_what_is_new() -> None:
    live = workload_of("Deployment")
    held = live["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert refusal(at("{A}.envFrom", [*held, {"configMapRef": {"name": "x"}}])) == "new-reference"
    assert refusal(at("{A}.envFrom", [*held, {"secretRef": {"name": "x"}}])) == "new-secret-reference"


def test_flags_references_that_would_point_elsewhere() -> None:
    patch = paths.merge(
        at("{A}.env[TOKEN].valueFrom.secretKeyRef.name", "shop-tokens"), at("{A}.image", "ghcr.io/acme/shop:2")
    )
    (flag,) = policy.flags(LIVE, action(patch))
    assert "shop-tokens" in flag
    assert "shop-token" in flag
    assert policy.flags(LIVE, action(at("{A}.image", "ghcr.io/acme/shop:2"))) == []


def test_no_shape_is_without_a_check() -> None:
    assert set(checking._CHECKS) == set(Shape)


def test_no_pattern_reaches_what_must_never_change() -> None:
    text = " ".join(policy.explain(ALL))
    for never in (
        "hostPath",
        "privileged",
        "capabilities",
        "hostNetwork",
        "hostPID",
        "nodeName",
        "exec.",
        "lifecycle",
        "finalizers",
        "selector.",
    ):
        assert never not in text


def test_explains_every_field_that_it_lets_through() -> None:
    lines = policy.explain(DEFAULT)
    assert sum(line.startswith("may change") for line in lines) == sum(
        rule.group in DEFAULT.paths for rule in grammar.RULES
    )
    assert "switched off: probes" in lines
    assert lines[-1] == "everything else: never"


keys = st.sampled_from(
    [
        "spec",
        "template",
        "containers",
        "env",
        "image",
        "name",
        "app",
        "value",
        "resources",
        "limits",
        "memory",
        "metadata",
        "$patch",
        "replicas",
        "volumes",
    ]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 60) | st.sampled_from(["app", "MODE", "nginx", "1Gi", "delete", ""]),
    lambda inner: st.dictionaries(keys, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=20,
)


@settings(max_examples=400)
@given(st.dictionaries(keys, junk, max_size=3))
def test_whatever_passes_is_made_of_allowed_leaves(patch: Any) -> None:
    try:
        check(patch)
    except Refused:
        return
    assert all(grammar.find("Deployment", path) for path, _ in paths.leaves(patch))
