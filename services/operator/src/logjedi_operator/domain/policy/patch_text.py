"""Read a patch and make sure that it is what its paths say: plain, canonical JSON of bounded depth.

Called by ``checking`` before any field is looked at. Knows nothing of groups or values.
"""

import json
from functools import reduce
from typing import Any, Final, NoReturn

from logjedi_contracts import canonical, paths
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import STRATEGIC_MERGE, Action
from logjedi_operator.domain.workload import Object

_DEEPEST: Final = 32
"""Arbitrary; the deepest field of the grammar lies at 14."""


def read(action: Action) -> Object:
    """Read the action's patch. Raises ``Refused``: ``patch-type``, ``type`` or ``empty``."""
    if action.patch_type != STRATEGIC_MERGE:
        raise Refused("patch-type", f"{action.patch_type} is not taken; send {STRATEGIC_MERGE}")
    patch = _parsed(action.patch)
    if not isinstance(patch, dict):
        raise Refused("type", "the patch is not a JSON object")
    _bounded(patch)
    if canonical.dumps(patch) != action.patch:
        raise Refused("type", "the patch is not canonical JSON (sorted keys, no white space, no key twice)")
    if all(value in ({}, []) for _, value in paths.leaves(patch)) and not _has_items(patch):
        raise Refused("empty", "the patch sets no field; there is nothing to approve")
    return patch


def well_built(patch: Object) -> None:
    """Refuse maps where a list is meant, and the other way round: what the paths say must give the patch back."""
    built: Object = reduce(paths.merge, (_rebuilt(path, value) for path, value in paths.leaves(patch)), {})
    if canonical.dumps(built) != canonical.dumps(patch):
        raise Refused("type", "a map stands where a list of named items is meant, or a list where a map is")


def count_directives(value: Any) -> int:
    """Count the keys anywhere in ``value`` that begin with ``$``, atomic lists included."""
    if isinstance(value, dict):
        return sum(str(key).startswith("$") + count_directives(part) for key, part in value.items())
    return sum(count_directives(part) for part in value) if isinstance(value, list) else 0


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("type", f"the patch is not JSON: {error}") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _bounded(patch: Object) -> None:
    level: list[Any] = [patch]
    for _ in range(_DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Refused("type", f"the patch is nested deeper than {_DEEPEST} levels")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _has_items(patch: Object) -> bool:
    """Tell whether a named item stands alone (an env item without a value, a pull secret): that sets something."""
    return any(paths.is_item(keys, len(keys) - 1) for keys in (paths.split(path) for path, _ in paths.leaves(patch)))


def _rebuilt(path: str, value: Any) -> Object:
    try:
        return paths.build(path, value)
    except ValueError as error:
        raise Refused("type", f"{path}: {error}") from error
