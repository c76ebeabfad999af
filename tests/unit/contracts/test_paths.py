import copy
import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_contracts import paths

POD = "spec.template.spec"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop", "annotations": {"logjedi.dev/attempt": "n"}, "labels": {"env": "prod"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "shop"}},
        "template": {
            "metadata": {"labels": {"app": "shop"}},
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "nginx:1",
                        "args": ["-v", "-x"],
                        "env": [
                            {"name": "PORT", "value": "80"},
                            {"name": "env", "value": "x"},
                            {"name": "a.b]c", "value": "y"},
                        ],
                        "ports": [{"containerPort": 80}, {"containerPort": 443, "name": "tls"}],
                        "resources": {"limits": {"memory": "64Mi", "nvidia.com/gpu": "1"}},
                    },
                    {"name": "env", "image": "side:1"},
                ],
                "volumes": [{"name": "env", "configMap": {"name": "cfg"}}],
                "tolerations": [{"key": "a"}],
            },
        },
    },
}
C = f"{POD}.containers"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("", []),
        ("spec", ["spec"]),
        ("spec.a[b.c/d].e", ["spec", "a", "b.c/d", "e"]),
        ("a[]", ["a", ""]),
        (r"env[a\]b\\c].value", ["env", r"a]b\c", "value"]),
        ("env[x[y].value", ["env", "x[y", "value"]),
        ("a.$patch", ["a", "$patch"]),
    ],
)
def test_splits(path: Any, keys: Any) -> None:
    assert paths.split(path) == keys


@pytest.mark.parametrize(
    "path", [".a", "a..b", "a.", "a[b", "a]b", "a.[b]", "a b", "a[b]c", r"a[b\c]", r"a[b\]", "[a].b."]
)
def test_refuses_what_is_no_path(path: Any) -> None:
    with pytest.raises(ValueError, match="not a field path"):
        paths.split(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{C}[app].image", "nginx:1"),
        (f"{C}[env].image", "side:1"),
        (f"{C}[app].env[env].value", "x"),
        (rf"{C}[app].env[a.b\]c].value", "y"),
        (f"{C}[app].ports[80]", {}),
        (f"{C}[app].ports[443].name", "tls"),
        (f"{C}[app].args", ["-v", "-x"]),
        (f"{C}[app].resources.limits[nvidia.com/gpu]", "1"),
        (f"{POD}.volumes[env].configMap.name", "cfg"),
        (f"{POD}.tolerations", [{"key": "a"}]),
        ("metadata.labels.env", "prod"),
        ("metadata.annotations[logjedi.dev/attempt]", "n"),
    ],
)
def test_spells_each_leaf_once(path: Any, value: Any) -> None:
    found = [(where, what) for where, what in paths.leaves(DEPLOYMENT) if where == path]
    assert found == [(path, value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, {"": {}}),
        ({"a": {}}, {"a": {}}),
        ({"a": None}, {"a": None}),
        ({"env": []}, {"env": []}),
        ({"env": [{"name": "A"}]}, {"env[A]": {}}),
        ({"env": [{"value": "x"}]}, {"env": [{"value": "x"}]}),
        ({"env": [{"name": "A"}, {"name": "A", "value": "1"}]}, {"env": [{"name": "A"}, {"name": "A", "value": "1"}]}),
        (
            {"ports": [{"containerPort": 1}, {"containerPort": "1"}]},
            {"ports": [{"containerPort": 1}, {"containerPort": "1"}]},
        ),
        ({"env": [{"name": {"a": 1}}]}, {"env": [{"name": {"a": 1}}]}),
        ({"env": [{"name": True}]}, {"env": [{"name": True}]}),
        ({"env": {"A": {"value": "x"}}}, {"env.A.value": "x"}),
        ({"env": [{"name": "A", "$patch": "delete"}]}, {"env[A].$patch": "delete"}),
        ({"$setElementOrder/env": []}, {"[$setElementOrder/env]": []}),
    ],
)
def test_leaves_of_odd_values(value: Any, expected: Any) -> None:
    assert dict(paths.leaves(value)) == expected


@pytest.mark.parametrize(
    "path", ["spec.paused", f"{C}[other].image", f"{C}[app].image.x", f"{POD}.tolerations[a]", "spec.replicas[0]"]
)
def test_get_tells_missing_from_null(path: Any) -> None:
    assert paths.get(DEPLOYMENT, path) is paths.MISSING
    assert paths.get({"a": None}, "a") is None


def test_get_answers_an_item_whole() -> None:
    assert paths.get(DEPLOYMENT, f"{C}[app].env[PORT]") == {"name": "PORT", "value": "80"}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("spec.replicas", 3, {"spec": {"replicas": 3}}),
        ("a[b.c]", None, {"a": {"b.c": None}}),
        ("env[A]", None, {"env": [{"name": "A", "$patch": "delete"}]}),
        ("env[A]", {"value": "x"}, {"env": [{"name": "A", "value": "x"}]}),
        ("env[A]", {"name": "A", "value": "x"}, {"env": [{"name": "A", "value": "x"}]}),
        (
            "containers[env].env[env].value",
            "x",
            {"containers": [{"name": "env", "env": [{"name": "env", "value": "x"}]}]},
        ),
        ("ports[80].name", "x", {"ports": [{"containerPort": 80, "name": "x"}]}),
        ("volumeMounts[/a.b].name", "x", {"volumeMounts": [{"mountPath": "/a.b", "name": "x"}]}),
        ("", {"a": 1}, {"a": 1}),
    ],
)
def test_builds_the_smallest_patch(path: Any, value: Any, expected: Any) -> None:
    assert paths.build(path, value) == expected


@pytest.mark.parametrize(
    ("path", "value"), [("env[A]", "x"), ("ports[http].name", "x"), ("containers[a].env[B]", ["x"])]
)
def test_refuses_to_build_what_no_list_can_hold(path: Any, value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # which of the two is named by the case
        paths.build(path, value)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "B"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "B"}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "$patch": "delete"}]},
            {"env": [{"name": "A", "$patch": "delete"}]},
        ),
        (
            {"env": [{"name": "A", "$patch": "delete"}]},
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "1"}]},
        ),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_merges(first: Any, second: Any, expected: Any) -> None:
    kept = copy.deepcopy((first, second))
    assert paths.merge(first, second) == expected
    assert (first, second) == kept


names = st.text(alphabet="aZ0-_./]\\[ $é", max_size=6)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
envs = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"value": st.text(max_size=3)}),
    max_size=3,
    unique_by=lambda e: e["name"],
)
trees = st.recursive(
    scalars | st.lists(scalars, max_size=2),
    lambda inner: st.dictionaries(names.filter(lambda key: key not in paths.MERGE_KEYS), inner, max_size=3),
    max_leaves=8,
)
objects = st.fixed_dictionaries({"spec": trees, "env": envs})


@given(st.lists(names, min_size=1, max_size=5))
def test_split_takes_apart_what_join_puts_together(keys: Any) -> None:
    path = ""
    for key in keys:
        path = paths.join(path, key)
    assert paths.split(path) == keys


@given(objects)
def test_get_finds_every_leaf(obj: Any) -> None:
    for path, value in paths.leaves(obj):
        found = paths.get(obj, path)
        expected = value if not path.endswith("]") or not isinstance(found, dict) else found
        assert found == expected


@given(objects)
def test_the_leaves_build_the_object(obj: Any) -> None:
    built = {}
    for path, value in paths.leaves(obj):
        if value is not None:
            built = paths.merge(built, paths.build(path, value))
    assert dict(paths.leaves(built)) == {path: value for path, value in paths.leaves(obj) if value is not None}


def kubectl(obj: Any, patch: Any) -> Any:
    command = ["kubectl", "patch", "--local", "--type=strategic", "-f", "-", "-p", json.dumps(patch), "-o", "json"]
    return json.loads(subprocess.run(command, input=json.dumps(obj), capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is the oracle")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{C}[app].image", "nginx:2"),
        (f"{C}[app].env[PORT].value", "81"),
        (f"{C}[app].env[NEW].value", "1"),
        (f"{C}[app].env[PORT]", None),
        (f"{C}[app].ports[443].name", "https"),
        (f"{C}[app].args", ["-q"]),
        (f"{C}[app].resources.limits.memory", "128Mi"),
        (f"{C}[app].resources.limits[nvidia.com/gpu]", None),
        (f"{POD}.volumes[env].configMap.name", "other"),
        (f"{POD}.tolerations", [{"key": "b"}]),
        (f"{POD}.nodeSelector[a.b/c]", "d"),
        ("spec.replicas", 5),
    ],
)
def test_kubectl_changes_exactly_that_path(path: Any, value: Any) -> None:
    before, after = dict(paths.leaves(DEPLOYMENT)), dict(paths.leaves(kubectl(DEPLOYMENT, paths.build(path, value))))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed
    assert all(key == path or key.startswith(f"{path}.") for key in changed)
    assert paths.get(kubectl(DEPLOYMENT, paths.build(path, value)), path) == (paths.MISSING if value is None else value)
