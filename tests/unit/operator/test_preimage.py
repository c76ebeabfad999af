import copy
import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logjedi_contracts import canonical, paths
from logjedi_operator.domain import preimage

NONCE = "a" * 32
P = "spec.template.spec"
A = f"{P}.containers[app]"
LIVE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "annotations": {"team": "web"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "shop:1",
                        "env": [
                            {"name": "MODE", "value": "fast"},
                            {"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                        ],
                        "resources": {"limits": {"memory": "64Mi"}},
                        "volumeMounts": [{"name": "cfg", "mountPath": "/etc/shop"}],
                    },
                    {"name": "side", "image": "side:1", "resources": {}, "args": ["-a", "-b"]},
                ],
                "volumes": [{"name": "cfg", "configMap": {"name": "shop-cfg"}}],
            },
        },
    },
}


def merged(live: Any, patch: Any) -> Any:
    """Strategic merge as the API server does it, for what the grammar holds."""
    out = dict(live)
    for key, value in patch.items():
        there = out.get(key)
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            out[key] = merged(there if isinstance(there, dict) else {}, value)
        elif key in paths.MERGE_KEYS and isinstance(value, list):
            out[key] = merged_items(there or [], value, paths.MERGE_KEYS[key])
            if not out[key]:
                del out[key]
        else:
            out[key] = value
    return out


def merged_items(there: Any, items: Any, merge_key: Any) -> Any:
    kept = {item[merge_key]: item for item in there}
    for item in items:
        if item.get("$patch") == "delete":
            kept.pop(item[merge_key], None)
        else:
            kept[item[merge_key]] = merged(kept.get(item[merge_key], {}), item)
    return list(kept.values())


def kubectl(live: Any, patch: Any) -> Any:
    command = ["kubectl", "patch", "--local", "--type=strategic", "-f", "-", "-p", json.dumps(patch), "-o", "json"]
    return json.loads(
        subprocess.run(command, input=json.dumps(live), capture_output=True, text=True, check=True).stdout
    )


def together(*parts: Any) -> Any:
    patch = {}
    for path, value in parts:
        patch = paths.merge(patch, paths.build(path, value))
    return patch


def content(obj: Any) -> Any:
    """Leaves without the attempt's mark and without the empty maps that a merge may leave behind."""
    return {path: value for path, value in paths.leaves(obj) if path != preimage.ATTEMPT_PATH and value not in ({}, [])}


def round_trip(patch: Any, live: Any = LIVE, apply: Any = merged) -> Any:
    image = preimage.capture(live, patch)
    after = apply(live, preimage.with_attempt(patch, NONCE))
    assert preimage.applied(after, patch)
    return apply(after, preimage.undo(image, NONCE, after))


CASES = [
    together((f"{A}.image", "shop:2")),
    together(("spec.replicas", 3)),
    together((f"{A}.env[MODE].value", "slow")),
    together((f"{A}.env[NEW].value", "1")),
    together((f"{A}.env[NEW]", {})),
    together((f"{P}.containers[side].env[NEW].value", "1")),
    together((f"{A}.env[MODE]", None)),
    together((f"{A}.env[T]", None)),
    together((f"{A}.env[T].valueFrom.secretKeyRef.name", "s2")),
    together((f"{A}.resources.limits.memory", "128Mi")),
    together((f"{A}.resources.limits.cpu", "1")),
    together((f"{A}.resources.requests.cpu", "1"), (f"{A}.resources.requests.memory", "1Mi")),
    together((f"{P}.containers[side].resources.limits.memory", "128Mi")),
    together((f"{P}.containers[side].args", ["-c"])),
    together((f"{A}.args", ["-c"])),
    together((f"{P}.volumes[cfg].configMap.name", "other")),
    together((f"{P}.serviceAccountName", "shop")),
    together((f"{P}.imagePullSecrets[hub]", {})),
    together((f"{P}.nodeSelector[a.b/c]", "d")),
    together((f"{A}.volumeMounts[/etc/shop].subPath", "x")),
    together(
        (f"{A}.image", "shop:2"),
        (f"{P}.containers[side].image", "side:2"),
        (f"{A}.env[B].value", "2"),
        ("spec.replicas", 9),
    ),
]


@pytest.mark.parametrize("patch", CASES, ids=canonical.dumps)
def test_undo_restores_exactly_what_was(patch: Any) -> None:
    back = round_trip(patch)
    assert content(back) == content(LIVE)
    assert back["metadata"]["annotations"][preimage.ATTEMPT_ANNOTATION] == f"undone-{NONCE}"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is the oracle")
@pytest.mark.parametrize("patch", CASES, ids=canonical.dumps)
def test_kubectl_agrees_with_the_undo(patch: Any) -> None:
    before = kubectl(LIVE, paths.build("metadata.annotations.oracle", "x"))
    assert content(round_trip(patch, before, kubectl)) == content(before)


containers = st.sampled_from(["app", "side"])
leaf = st.one_of(
    st.tuples(containers.map(lambda c: f"{P}.containers[{c}].image"), st.sampled_from(["shop:1", "x:2"])),
    st.tuples(
        st.builds(
            lambda c, e: f"{P}.containers[{c}].env[{e}].value", containers, st.sampled_from(["MODE", "N", r"a.b\]c"])
        ),
        st.text(min_size=1, max_size=2),
    ),
    st.tuples(
        st.builds(
            lambda c, t, r: f"{P}.containers[{c}].resources.{t}.{r}",
            containers,
            st.sampled_from(["limits", "requests"]),
            st.sampled_from(["cpu", "memory"]),
        ),
        st.sampled_from(["1", "2Gi", "64Mi"]),
    ),
    st.tuples(st.just("spec.replicas"), st.integers(0, 5)),
    st.tuples(st.just(f"{P}.nodeSelector.disk"), st.just("ssd")),
    st.tuples(st.just(f"{P}.imagePullSecrets[hub]"), st.just({})),
    st.tuples(
        containers.map(lambda c: f"{P}.containers[{c}].args"), st.lists(st.text(max_size=2), min_size=1, max_size=2)
    ),
)
patches = st.lists(leaf, min_size=1, max_size=6).map(lambda parts: together(*parts))


@settings(max_examples=300)
@given(patches)
def test_undo_of_any_patch_restores(patch: Any) -> None:
    assert content(round_trip(patch)) == content(LIVE)


@settings(max_examples=300)
@given(patches, patches)
def test_undo_leaves_later_changes_of_others_alone(patch: Any, theirs: Any) -> None:
    mine = set(preimage.touched(patch))
    assume(not mine & set(preimage.touched(theirs)))
    before, after = copy.deepcopy(LIVE), merged(merged(LIVE, patch), theirs)
    back = merged(after, preimage.undo(preimage.capture(before, patch), NONCE, after))
    assert content(back) == content(merged(LIVE, theirs))


@settings(max_examples=200)
@given(patches, patches)
def test_only_a_touched_field_makes_a_proposal_stale(patch: Any, theirs: Any) -> None:
    image, moved = preimage.capture(LIVE, patch), merged(LIVE, theirs)
    differing = {path for path in preimage.touched(patch) if paths.get(LIVE, path) != paths.get(moved, path)}
    assert set(preimage.still_holds(image, moved)) == differing


def test_nothing_is_stale_on_the_object_that_it_was_taken_from() -> None:
    for patch in CASES:
        assert preimage.still_holds(preimage.capture(LIVE, patch), LIVE) == []


def test_touched_names_leaves_and_deleted_items_without_our_mark() -> None:
    patch = preimage.with_attempt(together((f"{A}.env[MODE]", None), (f"{A}.image", "x")), NONCE)
    assert preimage.touched(patch) == [f"{A}.env[MODE]", f"{A}.image"]
    assert preimage.attempt_of(merged(LIVE, patch)) == NONCE
    assert preimage.attempt_of(LIVE) == ""


def test_capture_is_canonical_and_tells_absent_from_null() -> None:
    live = paths.merge(LIVE, {"spec": {"minReadySeconds": None}})
    patch = together(("spec.minReadySeconds", 1), ("spec.replicas", 3), (f"{A}.env[NEW].value", "1"))
    held = json.loads(preimage.capture(live, patch))
    assert held["spec.minReadySeconds"] == {"present": True, "value": None}
    assert held["spec.replicas"] == {"present": True, "value": 2}
    assert held[f"{A}.env[NEW].value"] == {"present": False, "under": f"{A}.env[NEW]"}
    assert preimage.capture(live, patch) == canonical.dumps(held)


def test_a_variable_that_somebody_added_meanwhile_is_stale_in_any_form() -> None:
    image = preimage.capture(LIVE, together((f"{A}.env[NEW].value", "1")))
    theirs = together((f"{A}.env[NEW].valueFrom.fieldRef.fieldPath", "metadata.name"))
    assert preimage.still_holds(image, merged(LIVE, theirs)) == [f"{A}.env[NEW].value"]


def test_a_type_change_is_a_change() -> None:
    image = preimage.capture(LIVE, together(("spec.replicas", 3)))
    assert preimage.still_holds(image, merged(LIVE, {"spec": {"replicas": 2.0}})) == ["spec.replicas"]
    assert preimage.still_holds(image, merged(LIVE, {"spec": {"replicas": None}})) == ["spec.replicas"]


@pytest.mark.parametrize(
    ("path", "wanted", "live", "holds"),
    [
        (f"{A}.resources.limits.memory", "0.125Gi", "128Mi", True),
        (f"{A}.resources.limits.cpu", "1000m", "1", True),
        (f"{A}.resources.limits.memory", "128M", "128Mi", False),
        (f"{A}.image", "1000m", "1", False),
        ("spec.replicas", 1, True, False),
        ("spec.replicas", 3, 2, False),
        (f"{A}.env[MODE].value", "", "", True),
        (
            f"{P}.volumes[cfg].configMap.items",
            [{"key": "a", "path": "a"}],
            [{"key": "a", "path": "a", "mode": 1}],
            True,
        ),
        (f"{P}.volumes[cfg].configMap.items", [{"key": "a", "path": "a"}], [{"key": "b", "path": "a"}], False),
        (f"{A}.args", ["a"], ["a", "b"], False),
    ],
)
def test_applied_compares_as_the_server_spells(path: Any, wanted: Any, live: Any, holds: Any) -> None:
    assert preimage.applied(merged(LIVE, paths.build(path, live)), paths.build(path, wanted)) is holds


def test_applied_knows_that_the_server_drops_an_empty_text() -> None:
    patch = together((f"{A}.env[NEW].value", ""))
    live = merged(LIVE, together((f"{A}.env[NEW]", {})))
    assert preimage.applied(live, patch)
    assert not preimage.applied(LIVE, patch)


def test_applied_sees_deletions() -> None:
    delete = together((f"{A}.env[MODE]", None))
    assert not preimage.applied(LIVE, delete)
    assert preimage.applied(merged(LIVE, delete), delete)


def test_undo_makes_no_container_that_is_gone() -> None:
    patch = together(
        (f"{A}.image", "shop:2"), (f"{A}.env[N].value", "1"), (f"{A}.env[MODE]", None), ("spec.replicas", 3)
    )
    after = copy.deepcopy(merged(LIVE, patch))
    pod = after["spec"]["template"]["spec"]
    pod["containers"] = [container for container in pod["containers"] if container["name"] != "app"]
    undone = preimage.undo(preimage.capture(LIVE, patch), NONCE, after)
    assert preimage.touched(undone) == ["spec.replicas"]


def test_undo_adds_no_variable_that_somebody_removed() -> None:
    patch = together((f"{A}.env[N].value", "1"))
    undone = preimage.undo(preimage.capture(LIVE, patch), NONCE, LIVE)
    assert preimage.touched(undone) == []


def test_undo_keeps_what_somebody_put_beside_our_field() -> None:
    patch = together((f"{P}.containers[side].resources.limits.memory", "1Gi"))
    after = merged(merged(LIVE, patch), together((f"{P}.containers[side].resources.limits.cpu", "2")))
    back = merged(after, preimage.undo(preimage.capture(LIVE, patch), NONCE, after))
    assert paths.get(back, f"{P}.containers[side].resources.limits") == {"cpu": "2"}


def test_undo_leaves_a_touched_field_that_somebody_changed_since_if_it_knows_the_patch() -> None:
    patch = together((f"{A}.image", "shop:2"), ("spec.replicas", 3))
    after = merged(merged(LIVE, patch), together((f"{A}.image", "shop:3")))
    assert preimage.not_ours(after, patch) == [f"{A}.image"]
    undone = preimage.undo(preimage.capture(LIVE, patch), NONCE, after, patch=patch)
    assert preimage.touched(undone) == ["spec.replicas"]


def test_a_probe_that_we_added_goes_as_a_whole_with_the_servers_defaults() -> None:
    patch = together((f"{A}.readinessProbe.httpGet.port", 80))
    after = merged(
        merged(LIVE, patch),
        together((f"{A}.readinessProbe.httpGet.scheme", "HTTP"), (f"{A}.readinessProbe.periodSeconds", 10)),
    )
    back = merged(after, preimage.undo(preimage.capture(LIVE, patch), NONCE, after))
    assert content(back) == content(LIVE)


def test_undo_of_an_undone_object_changes_nothing() -> None:
    patch = together((f"{A}.env[N].value", "1"), (f"{A}.image", "shop:2"))
    image = preimage.capture(LIVE, patch)
    once = merged(merged(LIVE, patch), preimage.undo(image, NONCE, merged(LIVE, patch)))
    assert content(merged(once, preimage.undo(image, NONCE, once))) == content(once)
