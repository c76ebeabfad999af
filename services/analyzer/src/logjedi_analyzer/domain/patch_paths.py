"""From a patch path and a value to a strategic-merge patch.

``spec.template.spec.containers[app].env[MODE].valueFrom.configMapKeyRef.key`` + ``"mode"`` becomes the nested
object that changes that field and nothing else. Lists that Kubernetes merges by a key are entered through it; all
others are atomic, so they are repeated whole from the live workload. Source: the ``patchMergeKey`` tags of
k8s.io/api/core/v1.
"""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}
"""List field of a pod template → the key by which strategic merge tells its items apart."""

DELETE: Mapping[str, str] = {"$patch": "delete"}
"""Put on a list item, it removes that item. The only directive that the playbook ever writes, and for ``env`` alone."""

_FREE_KEYED = frozenset({"nodeSelector", "labels", "annotations", "matchLabels", "limits", "requests"})
"""Below these, the rest of a path is one key, dots and all (``limits.nvidia.com/gpu``)."""

_STEP = re.compile(r"([^.\[\]]+)((?:\[[^\]]*\])*)(?:\.|$)")
_BRACKET = re.compile(r"\[([^\]]*)\]")


class Unpatchable(ValueError):
    """This path cannot be spelt as a strategic-merge patch of this workload."""


@dataclass(frozen=True, slots=True)
class Step:
    """A field, or with ``item`` set an item of the list of that field."""

    field: str
    item: str | None = None


def parse(path: str) -> tuple[Step, ...]:
    """Split a patch path. Brackets may hold dots (``env[my.var]``). Raises ``Unpatchable``."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise Unpatchable(f"not a patch path: {path}")
        items = _BRACKET.findall(match[2])
        if len(items) > 1:
            raise Unpatchable(f"a list in a list: {path}")
        steps.append(Step(match[1], items[0] if items else None))
        position = match.end()
        if match[1] in _FREE_KEYED and not items and position < len(path):
            return (*steps, Step(path[position:]))
    return tuple(steps)


def build(path: str, value: Any, live: Mapping[str, Any]) -> dict[str, Any]:
    """Make the patch that sets one field.

    ``live`` is the workload (with ``spec``), read where an atomic list must be repeated. Raises ``Unpatchable``.
    """
    patch = _set(parse(path), value, live)
    if not isinstance(patch, dict):
        raise Unpatchable(f"an empty path: {path}")
    return patch


def build_all(changes: Iterable[tuple[str, Any]], live: Mapping[str, Any]) -> dict[str, Any]:
    """Make one patch that sets several fields, later ones seeing what earlier ones did to atomic lists."""
    patch: dict[str, Any] = {}
    for path, value in changes:
        patch = merge(patch, build(path, value, merge(live, patch)))
    return patch


def merge(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Merge one patch into another object as strategic merge would, save that directives are kept as they are."""
    merged = dict(base)
    for key, value in patch.items():
        old = merged.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            merged[key] = merge(old, value)
        elif isinstance(value, list) and isinstance(old, list) and _mergeable(key, value):
            merged[key] = _merge_items(old, value, MERGE_KEYS[key])
        else:
            merged[key] = value
    return merged


def _mergeable(field: str, items: Sequence[Any]) -> bool:
    key = MERGE_KEYS.get(field)
    return key is not None and all(isinstance(item, Mapping) and key in item for item in items)


def _merge_items(old: Sequence[Any], new: Sequence[Any], key: str) -> list[Any]:
    merged = list(old)
    for item in new:
        at = next((i for i, known in enumerate(merged) if known.get(key) == item[key]), None)
        if at is None:
            merged.append(item)
        else:
            merged[at] = merge(merged[at], item)
    return merged


def _set(steps: tuple[Step, ...], value: Any, live: Any) -> Any:
    if not steps:
        return copy.deepcopy(value)
    step, rest = steps[0], steps[1:]
    known = live.get(step.field) if isinstance(live, Mapping) else None
    if step.item is None:
        return {step.field: _set(rest, value, known)}
    if isinstance(known, Mapping):
        return {step.field: {step.item: _set(rest, value, known.get(step.item))}}
    if step.field in MERGE_KEYS:
        return {step.field: [_merged_item(step, rest, value, known)]}
    return {step.field: _whole_list(step, rest, value, known)}


def _merged_item(step: Step, rest: tuple[Step, ...], value: Any, known: Any) -> dict[str, Any]:
    key = MERGE_KEYS[step.field]
    identity: str | int | None = int(step.item or 0) if key == "containerPort" else step.item
    if rest and rest[0].field == key:
        raise Unpatchable(f"{step.field}[{step.item}].{key} is what identifies the item; a merge cannot change it")
    items = known if isinstance(known, list) else []
    live = next((item for item in items if isinstance(item, Mapping) and item.get(key) == identity), None)
    item = _set(rest, value, live)
    if not isinstance(item, dict):
        raise Unpatchable(f"{step.field}[{step.item}] must be an object")
    return {key: identity, **item}


def _whole_list(step: Step, rest: tuple[Step, ...], value: Any, known: Any) -> list[Any]:
    """Repeat an atomic list from the live workload with one item changed."""
    if not isinstance(known, list):
        raise Unpatchable(f"{step.field} is replaced as a whole, and the live workload does not show it")
    at = _position(step, known)
    items = copy.deepcopy(known)
    items[at] = overlay(items[at], _set(rest, value, items[at]))
    return items


def _position(step: Step, items: Sequence[Any]) -> int:
    """Find an item of an atomic list by its index, or by the one text in it that equals the bracket's."""
    if step.item is not None and step.item.isdigit() and int(step.item) < len(items):
        return int(step.item)
    hits = [i for i, item in enumerate(items) if step.item in set(_texts(item))]
    if len(hits) != 1:
        raise Unpatchable(f"{step.field}[{step.item}] is not one item of the live workload")
    return hits[0]


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)


def overlay(base: Any, value: Any) -> Any:
    """Lay ``value`` over ``base``, objects key by key, all else replaced."""
    if isinstance(base, Mapping) and isinstance(value, Mapping):
        return {**base, **{key: overlay(base.get(key), item) for key, item in value.items()}}
    return value
