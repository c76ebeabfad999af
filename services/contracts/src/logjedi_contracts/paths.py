"""One spelling for the fields of a Kubernetes object, as strategic merge sees them.

``spec.template.spec.containers[app].env[PORT].value``: list items stand by their merge key, map keys that hold a dot or
a slash stand in brackets too (``metadata.annotations[logjedi.dev/attempt]``). Lists without a merge key are atomic:
they are leaves. Policy, pre-images, diffs, redaction and the analyzer's facts all speak in these paths.
Source of the keys: ``patchMergeKey`` in https://github.com/kubernetes/api (core/v1/types.go).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

MERGE_KEYS: Final = {
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
    "resourceClaims": "name",
}
MISSING: Final = object()
"""What ``get`` answers where there is nothing; ``None`` is a value."""

_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")
_STEP = re.compile(r"\.?([A-Za-z0-9_$-]+)|\[([^\]]*)\]")


def join(path: str, key: str) -> str:
    """Append a field or map key to ``path``."""
    if not _PLAIN.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def split(path: str) -> list[str]:
    """Take a path apart into its keys, in order. Raises ``ValueError`` for what is not a path."""
    keys, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"not a field path: {path!r}")
        keys.append(step[1] if step[1] is not None else step[2])
        at = step.end()
    return keys


def leaves(value: Any, path: str = "", *, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(path, value)`` for each leaf: scalars, atomic lists, and empty maps and lists.

    ``name`` is the field that holds ``value`` (it decides a list's merge key); callers leave it empty.
    """
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, join(path, str(key)), name=str(key))
    elif isinstance(value, list) and value and _mergeable(name, value):
        for item in value:
            rest = {key: part for key, part in item.items() if key != MERGE_KEYS[name]}
            yield from leaves(rest or {}, f"{path}[{item[MERGE_KEYS[name]]}]")
    else:
        yield path, value


def get(value: Any, path: str) -> Any:
    """Read the field at ``path``, or ``MISSING``."""
    name = ""
    for key in split(path):
        value = _child(value, key, name)
        if value is MISSING:
            return MISSING
        name = key
    return value


def build(path: str, value: Any) -> dict[str, Any]:
    """Make the smallest strategic-merge patch that sets ``path`` to ``value`` (``None`` deletes it)."""
    keys = split(path)
    built: Any = value
    for index in range(len(keys) - 1, -1, -1):
        parent = keys[index - 1] if index else ""
        merge_key = MERGE_KEYS.get(parent) if index and _is_item(keys, index) else None
        if merge_key is None:
            built = {keys[index]: built}
        else:
            item: Any = int(keys[index]) if merge_key == "containerPort" else keys[index]
            built = [{merge_key: item, **built}]
    return dict(built)


def merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Join two strategic-merge patches into one; where both set a leaf, ``second`` wins."""
    joined = dict(first)
    for key, value in second.items():
        there = joined.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            joined[key] = merge(there, value)
        elif isinstance(there, list) and isinstance(value, list) and _mergeable(key, [*there, *value]):
            joined[key] = _merge_items(there, value, MERGE_KEYS[key])
        else:
            joined[key] = value
    return joined


def _merge_items(first: list[Any], second: list[Any], merge_key: str) -> list[Any]:
    items = {item[merge_key]: item for item in first}
    for item in second:
        items[item[merge_key]] = merge(items.get(item[merge_key], {}), item)
    return list(items.values())


def _is_item(keys: list[str], index: int) -> bool:
    """Tell whether ``keys[index]`` is a list item's merge key, not a field: lists never nest in lists here."""
    return keys[index - 1] in MERGE_KEYS and not (index > 1 and _is_item(keys, index - 1))


def _mergeable(name: str, items: list[Any]) -> bool:
    key = MERGE_KEYS.get(name)
    return key is not None and all(isinstance(item, dict) and key in item for item in items)


def _child(value: Any, key: str, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, list) and name in MERGE_KEYS:
        merge_key = MERGE_KEYS[name]
        return next((i for i in value if isinstance(i, dict) and str(i.get(merge_key)) == key), MISSING)
    return MISSING
