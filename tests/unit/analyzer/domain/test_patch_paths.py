"""Patches from paths, held against what a strategic merge really does (``kubectl patch --local`` is the oracle)."""

import contextlib
import copy
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_analyzer.domain import patch_paths
from logjedi_analyzer.domain.patch_paths import Unpatchable
from logjedi_contracts import paths

KUBECTL = shutil.which("kubectl")
LIVE = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "serviceAccountName": "old",
                "nodeSelector": {"kubernetes.io/arch": "arm64", "disk": "ssd"},
                "initContainers": [{"name": "migrate", "image": "m:1"}],
                "containers": [
                    {
                        "name": "app",
                        "image": "web:2",
                        "args": ["--a", "--b"],
                        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "m"}],
                        "env": [
                            {
                                "name": "MODE",
                                "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": False}},
                            },
                            {"name": "my.dotted", "value": "1"},
                            {"name": "EXTRA", "value": "x"},
                        ],
                        "envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}, "prefix": "P_"}],
                        "resources": {
                            "limits": {"memory": "64Mi", "nvidia.com/gpu": "1"},
                            "requests": {"memory": "16Mi"},
                        },
                        "volumeMounts": [
                            {"name": "cfg", "mountPath": "/etc/app"},
                            {"name": "tmp", "mountPath": "/scratch"},
                        ],
                    },
                    {"name": "proxy", "image": "p:1"},
                ],
                "volumes": [
                    {
                        "name": "cfg",
                        "configMap": {"name": "c", "items": [{"key": "a", "path": "a"}, {"key": "b", "path": "b"}]},
                    },
                    {"name": "tmp", "emptyDir": {}},
                    {
                        "name": "all",
                        "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]},
                    },
                ],
            },
        },
    },
}
POD = "spec.template.spec."
APP = f"{POD}containers[app]."
CASES: dict[str, Any] = {
    f"{APP}image": "web:1",
    f"{POD}initContainers[migrate].image": "m:0",
    f"{APP}args": ["--c", "--d"],
    f"{APP}env[MODE].valueFrom.configMapKeyRef.key": "k2",
    f"{APP}env[my.dotted].value": "2",
    f"{APP}env[NEW].value": "n",
    f"{APP}envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c2"}, "prefix": "P_"}],
    f"{APP}resources.limits.memory": "128Mi",
    f"{APP}resources.limits[nvidia.com/gpu]": "2",
    f"{APP}ports[8080].name": "web",
    f"{APP}volumeMounts[/etc/app].readOnly": True,
    f"{APP}readinessProbe.httpGet": {"port": 8080, "path": "/"},
    f"{POD}volumes[cfg].configMap.name": "c2",
    f"{POD}volumes[cfg].configMap.items": [{"key": "a2", "path": "a"}],
    f"{POD}volumes[all].projected.sources": [{"configMap": {"name": "c2"}}],
    f"{POD}serviceAccountName": "new",
    f"{POD}nodeSelector[kubernetes.io/arch]": "amd64",
    "spec.replicas": 3,
}
IDENTITY = paths.MERGE_KEYS


def expected(path: str, value: Any) -> dict[str, Any]:
    """Change one field of the live object by hand, creating what is not there."""
    changed = copy.deepcopy(LIVE)
    node: Any = changed
    keys = paths.split(path)
    for at, key in enumerate(keys[:-1]):
        node = _item(node, keys[at - 1], key) if isinstance(node, list) else node.setdefault(key, {})
    node[keys[-1]] = value
    return changed


def _item(items: list[Any], field: str, key: str) -> Any:
    found = next((item for item in items if str(item[IDENTITY[field]]) == key), None)
    if found is None:
        found = {IDENTITY[field]: key}
        items.append(found)
    return found


def normal(value: Any, field: str = "") -> Any:
    """Forget the order of lists that are merged by a key; the API server may put new items first."""
    if isinstance(value, dict):
        return {key: normal(part, key) for key, part in value.items()}
    if isinstance(value, list) and field in IDENTITY:
        return sorted((normal(item) for item in value), key=lambda item: str(item[IDENTITY[field]]))
    return value


def kubectl(patch: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "live.json")
        file.write_text(json.dumps(LIVE))
        command = [KUBECTL, "patch", "--local", "-f", file, "--type=strategic", "-p", json.dumps(patch), "-o", "json"]
        done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, timeout=30)
        merged: dict[str, Any] = json.loads(done.stdout)
        return merged


def oracle() -> None:
    if KUBECTL is None:
        assert not os.environ.get("CI"), "CI needs kubectl: it is the oracle of this test"
        pytest.skip("kubectl is not installed")


@pytest.mark.parametrize("path", CASES)
def test_the_patch_changes_that_field_and_nothing_else(path: str) -> None:
    patch = patch_paths.build(path, CASES[path])
    assert normal(paths.merge(LIVE, patch)) == normal(expected(path, CASES[path]))


def test_kubernetes_merges_all_of_them_as_expected() -> None:
    oracle()
    together: Any = LIVE
    for path, value in CASES.items():
        together = paths.merge(together, paths.build(path, value))
    assert normal(kubectl(patch_paths.build_all(CASES.items()))) == normal(together)


def test_kubernetes_removes_an_item_that_the_directive_names() -> None:
    oracle()
    removed = kubectl(patch_paths.build(f"{APP}env[EXTRA]", dict(patch_paths.DELETE)))
    names = [item["name"] for item in removed["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert names == ["MODE", "my.dotted"]


def test_kubernetes_takes_an_empty_value_beside_a_source() -> None:
    oracle()
    source = {"configMapKeyRef": {"name": "c", "key": "k"}}
    rows = [(f"{APP}env[EXTRA].value", ""), (f"{APP}env[EXTRA].valueFrom", source)]
    env = kubectl(patch_paths.build_all(rows))["spec"]["template"]["spec"]["containers"][0]["env"]
    [item] = [item for item in env if item["name"] == "EXTRA"]
    assert item["valueFrom"] == source
    assert not item.get("value")


@pytest.mark.parametrize(
    "path",
    ["spec..image", "spec.containers[app", "a[b][c]d", f"{APP}env", f"{POD}volumes", "", f"{APP}ports[http].name"],
)
def test_what_cannot_be_spelt_is_refused(path: str) -> None:
    with pytest.raises(Unpatchable):
        patch_paths.build(path, "x")


SOURCES = [
    {"secretRef": {"name": "c"}},
    {"configMapRef": {"name": "c"}},
    {"configMap": {"name": "d", "items": [{"key": "a", "path": "a"}]}},
]


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected_list"),
    [
        ("ConfigMap", "d", "e", [*SOURCES[:2], {"configMap": {"name": "e", "items": [{"key": "a", "path": "a"}]}}]),
        ("ConfigMapKey", "a", "b", [*SOURCES[:2], {"configMap": {"name": "d", "items": [{"key": "b", "path": "a"}]}}]),
    ],
)
def test_one_name_of_an_atomic_list_is_corrected(kind: str, old: str, new: str, expected_list: Any) -> None:
    before = copy.deepcopy(SOURCES)
    assert patch_paths.rename(SOURCES, kind, old, new) == expected_list
    assert before == SOURCES


@pytest.mark.parametrize(
    ("kind", "old", "now"), [("ConfigMap", "z", SOURCES), ("ConfigMapKey", "a", [*SOURCES, SOURCES[2]])]
)
def test_a_name_that_is_not_there_or_ambiguous_is_refused(kind: str, old: str, now: Any) -> None:
    with pytest.raises(Unpatchable):
        patch_paths.rename(now, kind, old, "new")


def test_a_field_of_its_own_is_simply_replaced() -> None:
    assert patch_paths.rename("old", "ConfigMap", "old", "new") == "new"


@given(st.dictionaries(st.sampled_from(sorted(CASES)), st.text(max_size=5), min_size=1))
def test_patches_join_without_losing_a_field(chosen: dict[str, str]) -> None:
    chosen = {path: value for path, value in chosen.items() if not path.endswith("]")}
    patch = patch_paths.build_all(chosen.items())
    for path, value in chosen.items():
        assert paths.get(patch, path) == value


@given(st.text(max_size=60))
def test_no_text_breaks_the_builder(path: str) -> None:
    with contextlib.suppress(Unpatchable):
        assert patch_paths.build(path, {})
