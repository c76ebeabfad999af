import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_contracts import canonical, digest
from logjedi_contracts.messages import Change
from logjedi_operator.domain import diff

BASE = {
    "metadata": {
        "name": "x",
        "resourceVersion": "1",
        "generation": 1,
        "managedFields": [{"manager": "a"}],
        "annotations": {"a/b": "c"},
    },
    "spec": {
        "replicas": 1,
        "containers": [{"name": "app", "image": "a:1", "env": [{"name": "A", "value": "1"}], "resources": {}}],
    },
    "status": {"replicas": 1},
}


def changed(edit: Any) -> Any:
    after = copy.deepcopy(BASE)
    edit(after)
    return [(row.path, row.before, row.after) for row in diff.changes(BASE, after)]


def container(obj: Any) -> Any:
    return obj["spec"]["containers"][0]


@pytest.mark.parametrize(
    ("edit", "rows"),
    [
        (lambda o: o["spec"].update(replicas=2), [("spec.replicas", "1", "2")]),
        (lambda o: container(o).update(image="a:2"), [("spec.containers[app].image", '"a:1"', '"a:2"')]),
        (
            lambda o: container(o)["env"].append({"name": "B", "value": "2"}),
            [("spec.containers[app].env[B].value", None, '"2"')],
        ),
        (
            lambda o: container(o)["env"].clear(),
            [("spec.containers[app].env", None, "[]"), ("spec.containers[app].env[A].value", '"1"', None)],
        ),
        (
            lambda o: container(o).update(resources={"limits": {"cpu": "1"}}),
            [("spec.containers[app].resources.limits.cpu", None, '"1"')],
        ),
        (lambda o: container(o).pop("resources"), [("spec.containers[app].resources", "{}", None)]),
        (
            lambda o: o["spec"]["containers"].append({"name": "evil", "image": "e"}),
            [("spec.containers[evil].image", None, '"e"')],
        ),
        (lambda o: o["metadata"]["annotations"].update(d="e"), [("metadata.annotations.d", None, '"e"')]),
        (lambda o: o["metadata"].update(finalizers=["x"]), [("metadata.finalizers", None, '["x"]')]),
        (lambda o: o["spec"].update(replicas="1"), [("spec.replicas", "1", '"1"')]),
        (lambda o: o["spec"].update(replicas=True), [("spec.replicas", "1", "true")]),
        (lambda o: o["spec"].update(paused=None), [("spec.paused", None, "null")]),
    ],
)
def test_lists_each_changed_path(edit: Any, rows: Any) -> None:
    assert changed(edit) == rows


@pytest.mark.parametrize(
    "edit",
    [
        lambda o: o["status"].update(replicas=9),
        lambda o: o.pop("status"),
        lambda o: o["metadata"].update(resourceVersion="2", generation=5, managedFields=[]),
    ],
)
def test_ignores_what_every_write_changes(edit: Any) -> None:
    assert changed(edit) == []


def test_ignores_it_only_at_the_top() -> None:
    def edit(obj: Any) -> Any:
        obj["spec"]["template"] = {"metadata": {"generation": 2}, "status": "x"}

    assert changed(edit) == [("spec.template.metadata.generation", None, "2"), ("spec.template.status", None, '"x"')]


def test_a_long_value_is_named_by_hash_and_length_never_cut() -> None:
    long = "x" * 20_000
    (row,) = diff.changes({"a": "x"}, {"a": long})
    assert row.after == canonical.dumps({"bytes": 20_002, "sha256": canonical.sha256(long)})
    (other,) = diff.changes({"a": "x"}, {"a": long[:-1] + "y"})
    assert other.after != row.after
    (fits,) = diff.changes({"a": "x"}, {"a": "x" * (diff.LONGEST_VALUE_BYTES - 2)})
    assert len(fits.after or "") == diff.LONGEST_VALUE_BYTES


def test_a_long_path_stays_distinct() -> None:
    rows = diff.changes({}, {"a": {"k" * 2000 + "1": 1, "k" * 2000 + "2": 2}})
    assert len({row.path for row in rows}) == 2


def test_two_items_of_one_key_are_both_shown() -> None:
    before = {"ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]}
    after = {"ports": [{"containerPort": 53, "protocol": "TCP"}]}
    assert [row.path for row in diff.changes(before, after)] == ["ports", "ports[53].protocol"]


def test_renders_for_a_terminal_and_disarms() -> None:
    rows = [Change(path="a.b", before='"x"', after=None), Change(path="c", before=None, after='"\u202e\x9b31m\u200b"')]
    assert diff.render(rows) == 'a.b\n- "x"\nc\n+ "\\u202e\\x9b31m\\u200b"'


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3))
maps = st.recursive(
    leaves, lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c.d"]), inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(st.sampled_from(["a", "b", "spec"]), maps, max_size=3)


@given(objects, objects)
def test_is_empty_exactly_for_equal_objects_and_in_order(before: Any, after: Any) -> None:
    rows = diff.changes(before, after)
    assert (rows == []) == (canonical.dumps(before) == canonical.dumps(after))
    assert [row.path for row in rows] == sorted(row.path for row in rows)
    mirrored = [(row.path, row.after, row.before) for row in diff.changes(after, before)]
    assert [(row.path, row.before, row.after) for row in rows] == mirrored
    assert digest.of_changes(rows)
