"""From patch paths and values to one strategic-merge patch, and names within the lists that a merge replaces whole.

The spelling of paths, and which lists are merged by a key, is ``logjedi_contracts.paths``; here is what rules need on
top: several fields in one patch, correcting one name of an atomic list (``envFrom``, ``items``, ``sources``), and a
clear no for what a merge cannot express.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from logjedi_contracts import paths

DELETE: Mapping[str, str] = {"$patch": "delete"}
"""Set on a list item, it removes that item. The only directive that the playbook ever writes, and for ``env`` alone."""

_NAME_FIELDS = frozenset({"name", "secretName"})
_KEY_FIELDS = frozenset({"key"})


class Unpatchable(ValueError):
    """This cannot be spelt as a strategic-merge patch."""


def build(path: str, value: Any) -> dict[str, Any]:
    """Make the patch that sets one field. Raises ``Unpatchable``."""
    try:
        keys = paths.split(path)
        built = paths.build(path, value)
    except ValueError as error:
        raise Unpatchable(str(error)) from error
    if not keys:
        raise Unpatchable("an empty path")
    if keys[-1] in paths.MERGE_KEYS and not paths.is_item(keys, len(keys) - 1):
        raise Unpatchable(f"{keys[-1]} is merged item by item and cannot be replaced as a whole")
    return built


def build_all(changes: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Make one patch that sets several fields. Raises ``Unpatchable``."""
    patch: dict[str, Any] = {}
    for path, value in changes:
        patch = paths.merge(patch, build(path, value))
    return patch


def rename(now: Any, kind: str, old: str, new: str) -> Any:
    """Return what a field holds once a reference of ``kind`` in it is called ``new``.

    ``now`` is the name itself, or the atomic list that holds it somewhere. Raises ``Unpatchable`` if the name is not
    there, or if it cannot be told which of two equal keys is meant.
    """
    if not isinstance(now, list):
        return new
    fields = _KEY_FIELDS if kind.endswith("Key") else _NAME_FIELDS
    count = sum(1 for _ in _hits(now, fields, old))
    if count == 0 or (count > 1 and fields is _KEY_FIELDS):
        raise Unpatchable(f"{old} stands {count} times in the list that would be replaced")
    return _renamed(now, fields, old, new)


def _hits(value: Any, fields: frozenset[str], old: str) -> Iterable[str]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if key in fields and part == old:
            yield key
        yield from _hits(part, fields, old)


def _renamed(value: Any, fields: frozenset[str], old: str, new: str) -> Any:
    if isinstance(value, list):
        return [_renamed(part, fields, old, new) for part in value]
    if isinstance(value, dict):
        return {
            key: new if key in fields and part == old else _renamed(part, fields, old, new)
            for key, part in value.items()
        }
    return value
