"""Patches from paths, held against what a strategic merge really does (``kubectl patch --local`` is the offline oracle)."""

import copy
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_analyzer.domain import patch_paths
from logjedi_analyzer.domain.patch_paths import Step, Unpatchable

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
                            {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": False}}},
                            {"name": "my.dotted", "value": "1"},
                            {"name": "EXTRA", "value": "x"},
                        ],
                        "envFrom": [{"secretRef": {"name": "s"}}, {"configMapRef": {"name": "c"}, "prefix": "P_"}],
                        "resources": {"limits": {"memory": "64Mi", "nvidia.com/gpu": "1"}, "requests": {"memory": "16Mi"}},
                        "volumeMounts": [{"name": "cfg", "mountPath": "/etc/app"}, {"name": "tmp", "mountPath": "/tmp"}],
                    },
                    {"name": "proxy", "image": "p:1"},
                ],
                "volumes": [
                    {"name": "cfg", "configMap": {"name": "c", "items": [{"key": "a", "path": "a"}, {"key": "b", "path": "b"}]}},
                    {"name": "tmp", "emptyDir": {}},
                    {"name": "all", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}},
                ],
            },
        },
    },
}  # fmt: skip
POD = "spec.template.spec."
APP = f"{POD}containers[app]."
CASES = {
    f"{APP}image": "web:1",
    f"{POD}initContainers[migrate].image": "m:0",
    f"{APP}args": ["--c", "--d"],
    f"{APP}args[1]": "--c",
    f"{APP}env[MODE].valueFrom.configMapKeyRef.key": "k2",
    f"{APP}env[my.dotted].value": "2",
    f"{APP}env[NEW].value": "n",
    f"{APP}envFrom[1].configMapRef.name": "c2",
    f"{APP}envFrom[s].secretRef.name": "s2",
    f"{APP}resources.limits.memory": "128Mi",
    f"{APP}resources.limits.nvidia.com/gpu": "2",
    f"{APP}ports[8080].name": "web",
    f"{APP}volumeMounts[/etc/app].readOnly": True,
    f"{APP}readinessProbe.httpGet": {"port": 8080, "path": "/"},
    f"{POD}volumes[cfg].configMap.name": "c2",
    f"{POD}volumes[cfg].configMap.items[1].key": "b2",
    f"{POD}volumes[cfg].configMap.items[0].path": "a2",
    f"{POD}volumes[all].projected.sources[1].configMap.name": "c2",
    f"{POD}serviceAccountName": "new",
    f"{POD}nodeSelector.kubernetes.io/arch": "amd64",
    "spec.replicas": 3,
}
IDENTITY = {"containers": "name", "initContainers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath", "ports": "containerPort"}  # fmt: skip


def expected(path, value):
    """Change one field of the live object by hand, creating what is not there."""
    changed = copy.deepcopy(LIVE)
    put(changed, list(patch_paths.parse(path)), value)
    return changed


def put(node, steps, value):
    step, rest = steps[0], steps[1:]
    if step.item is None:
        if rest:
            put(node.setdefault(step.field, {}), rest, value)
        else:
            node[step.field] = value
        return
    items = node[step.field]
    at = position(items, step)
    if rest:
        put(items[at], rest, value)
    else:
        items[at] = value


def position(items, step):
    key = IDENTITY.get(step.field)
    if key is None:
        return (
            int(step.item)
            if step.item.isdigit()
            else next(i for i, x in enumerate(items) if step.item in json.dumps(x))
        )
    for i, item in enumerate(items):
        if str(item[key]) == step.item:
            return i
    items.append({key: step.item})
    return len(items) - 1


def normal(value):
    """Forget the order of lists that are merged by a key; the API server may put new items first."""
    if isinstance(value, dict):
        return {
            k: normal(sorted(v, key=lambda x: str(x[IDENTITY[k]])) if k in IDENTITY and isinstance(v, list) else v)
            for k, v in value.items()
        }
    return [normal(item) for item in value] if isinstance(value, list) else value


def kubectl(patch):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "live.json")
        file.write_text(json.dumps(LIVE))
        command = [
            KUBECTL,
            "patch",
            "--local",
            "-f",
            str(file),
            "--type=strategic",
            "-p",
            json.dumps(patch),
            "-o",
            "json",
        ]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout)


@pytest.mark.parametrize("path", CASES)
def test_the_patch_changes_that_field_and_nothing_else(path):
    patch = patch_paths.build(path, CASES[path], LIVE)
    assert normal(patch_paths.merge(LIVE, patch)) == normal(expected(path, CASES[path]))


def test_kubernetes_merges_each_patch_as_we_do():
    if KUBECTL is None:
        assert not os.environ.get("CI"), "CI needs kubectl: it is the oracle of this test"
        pytest.skip("kubectl is not installed")
    together = patch_paths.build_all(CASES.items(), LIVE)
    assert normal(kubectl(together)) == normal(patch_paths.merge(LIVE, together))
    atomic = patch_paths.build(f"{APP}envFrom[1].configMapRef.name", "c2", LIVE)
    assert normal(kubectl(atomic)) == normal(expected(f"{APP}envFrom[1].configMapRef.name", "c2"))
    removed = patch_paths.build(f"{APP}env[EXTRA]", dict(patch_paths.DELETE), LIVE)
    names = [item["name"] for item in kubectl(removed)["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert names == ["MODE", "my.dotted"]


def test_two_changes_of_one_atomic_list_both_stay():
    paths = [(f"{APP}envFrom[0].secretRef.name", "s2"), (f"{APP}envFrom[1].configMapRef.name", "c2")]
    [container] = patch_paths.build_all(paths, LIVE)["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "s2"}}, {"configMapRef": {"name": "c2"}, "prefix": "P_"}]


@pytest.mark.parametrize(
    "path",
    [
        "spec..image",
        "spec.template.spec.containers[app",
        "a[b][c]",
        f"{APP}env[MODE].name",
        f"{APP}envFrom[7].configMapRef.name",
        f"{APP}envFrom[nobody].configMapRef.name",
        f"{POD}tolerations[0].key",
        "",
    ],
)
def test_what_cannot_be_spelt_is_refused(path):
    with pytest.raises(Unpatchable):
        patch_paths.build(path, "x", LIVE)


def test_the_live_object_is_never_changed():
    before = copy.deepcopy(LIVE)
    patch_paths.build_all(CASES.items(), LIVE)
    assert before == LIVE


_FIELD = st.text("abcdefgXYZ", min_size=1, max_size=8)
_ITEM = st.text("abcXYZ019._/-<>", min_size=1, max_size=12)


@given(st.lists(st.tuples(_FIELD, st.none() | _ITEM), min_size=1, max_size=6))
def test_parsing_gives_back_what_was_spelt(parts):
    path = ".".join(field if item is None else f"{field}[{item}]" for field, item in parts)
    assert patch_paths.parse(path) == tuple(Step(field, item) for field, item in parts)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(path):
    try:
        steps = patch_paths.parse(path)
    except Unpatchable:
        return
    assert all(step.field for step in steps)
