"""One spelling for the fields of a Kubernetes object, as strategic merge sees them.

``spec.template.spec.containers[app].env[PORT].value``: list items stand by their merge key, map keys that hold a dot or
a slash stand in brackets too (``metadata.annotations[logjedi.dev/attempt]``); a backslash escapes ``]`` and itself.
Lists without a merge key, or with two items of one key, are atomic: they are leaves. Policy, pre-images, diffs,
redaction and the analyzer's facts all speak in these paths.
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
_STEP = re.compile(r"(?:^|(?<!^)\.)([A-Za-z0-9_$-]+)|\[((?:[^\]\\]|\\[\]\\])*)\]")
_TO_ESCAPE = re.compile(r"[\]\\]")
_ESCAPED = re.compile(r"\\([\]\\])")


def join(path: str, key: str) -> str:
    """Append a field or map key to ``path``."""
    if not _PLAIN.fullmatch(key):
        return item(path, key)
    return f"{path}.{key}" if path else key


def item(path: str, key: object) -> str:
    """Append the merge key of a list item to ``path``."""
    escaped = _TO_ESCAPE.sub(lambda found: "\\" + found[0], str(key))
    return f"{path}[{escaped}]"


def split(path: str) -> list[str]:
    """Take a path apart into its keys, in order. Raises ``ValueError`` for what is not a path."""
    keys, at = [], 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(f"not a field path: {path!r}")
        keys.append(step[1] if step[1] is not None else _ESCAPED.sub(r"\1", step[2]))
        at = step.end()
    return keys


def leaves(value: Any, path: str = "", *, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``(path, value)`` for each leaf: scalars, atomic lists, and empty maps and lists.

    ``name`` is the field that holds ``value`` (it decides a list's merge key); callers leave it empty.
    """
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from leaves(part, join(path, str(key)), name=str(key))
    elif isinstance(value, list) and value and _mergeable(name, value) and _distinct(name, value):
        for entry in value:
            rest = {key: part for key, part in entry.items() if key != MERGE_KEYS[name]}
            yield from leaves(rest, item(path, entry[MERGE_KEYS[name]]))
    else:
        yield path, value


def get(value: Any, path: str) -> Any:
    """Read the field at ``path``, or ``MISSING``. A list item is answered whole, merge key included."""
    name = ""
    for key in split(path):
        value = child(value, key, name)
        if value is MISSING:
            return MISSING
        name = key
    return value


def child(value: Any, key: str, name: str) -> Any:
    """Read one key of a map, or the item of that merge key if ``value`` is the list field ``name``; or ``MISSING``."""
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, list) and name in MERGE_KEYS:
        merge_key = MERGE_KEYS[name]
        return next((i for i in value if isinstance(i, dict) and str(i.get(merge_key)) == key), MISSING)
    return MISSING


def build(path: str, value: Any) -> dict[str, Any]:
    """Make the smallest strategic-merge patch that sets ``path`` to ``value``.

    ``None`` deletes: a list item by the directive ``$patch: delete``. Raises ``ValueError`` if ``path`` names a list
    item and ``value`` is no map, or if a port's key is no number.
    """
    keys = split(path)
    built: Any = value
    for index in range(len(keys) - 1, -1, -1):
        key = keys[index]
        built = [_item_patch(keys[index - 1], key, built)] if is_item(keys, index) else {key: built}
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


def is_item(keys: list[str], index: int) -> bool:
    """Tell whether ``keys[index]`` of a split path is a list item's merge key, not a field (no list holds a list)."""
    return index > 0 and keys[index - 1] in MERGE_KEYS and not is_item(keys, index - 1)


def _item_patch(name: str, key: str, value: Any) -> dict[str, Any]:
    merge_key = MERGE_KEYS[name]
    rest = {"$patch": "delete"} if value is None else value
    if not isinstance(rest, dict):
        raise ValueError(f"an item of {name} is a map, not {type(value).__name__}")  # noqa: TRY004  # one error for callers
    return {**rest, merge_key: int(key) if merge_key == "containerPort" else key}


def _merge_items(first: list[Any], second: list[Any], merge_key: str) -> list[Any]:
    items = {entry[merge_key]: entry for entry in first}
    for entry in second:
        there = items.get(entry[merge_key], {})
        replaced = "$patch" in there or "$patch" in entry
        items[entry[merge_key]] = entry if replaced else merge(there, entry)
    return list(items.values())


def _mergeable(name: str, items: list[Any]) -> bool:
    key = MERGE_KEYS.get(name)
    return key is not None and all(isinstance(entry, dict) and _is_key(entry.get(key)) for entry in items)


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _distinct(name: str, items: list[Any]) -> bool:
    return len({str(entry[MERGE_KEYS[name]]) for entry in items}) == len(items)
