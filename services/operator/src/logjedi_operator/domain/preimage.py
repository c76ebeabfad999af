"""What the touched fields held before a patch: the ground for staleness, undo and "did it take".

Captured when a change is proposed, kept in the record as canonical JSON, part of the digest. Only fields that the patch
touches are in it, so that someone else's change to another field disturbs nothing and is never undone.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from logjedi_contracts import canonical, paths, quantities
from logjedi_contracts.messages import Change
from logjedi_operator.domain.workload import Object

ATTEMPT_ANNOTATION: Final = "logjedi.dev/attempt"
ATTEMPT_PATH: Final = paths.join("metadata.annotations", ATTEMPT_ANNOTATION)
_UNDONE: Final = "undone-"
_DIRECTIVE: Final = ".$patch"
_WHOLE: Final = frozenset({"livenessProbe", "readinessProbe", "startupProbe", "valueFrom"})
"""Structures that the API server fills with defaults: what we added goes as a whole, or an invalid rest would stay."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one touched path held. ``under``: if nothing, the shallowest part of the path that was absent too."""

    path: str
    present: bool
    value: Any = None
    under: str = ""


def with_attempt(patch: Object, nonce: str) -> Object:
    """Add the annotation that tells afterwards which attempt patched the object."""
    return paths.merge(patch, paths.build(ATTEMPT_PATH, nonce))


def attempt_of(live: Object) -> str:
    """Read which attempt patched the object last: a nonce, ``undone-<nonce>``, or empty."""
    return str(((live.get("metadata") or {}).get("annotations") or {}).get(ATTEMPT_ANNOTATION, ""))


def undone(nonce: str) -> str:
    """Spell the annotation's value once attempt ``nonce`` has been undone."""
    return _UNDONE + nonce


def touched(patch: Object) -> list[str]:
    """List the leaf paths that a strategic-merge patch sets or deletes, a deleted item as itself; sorted.

    The attempt annotation is left out: it is bookkeeping, not part of what is approved field by field.
    """
    return sorted({path.removesuffix(_DIRECTIVE) for path, _ in paths.leaves(patch)} - {ATTEMPT_PATH})


def capture(live: Object, patch: Object) -> str:
    """Keep what the touched fields hold now.

    Canonical JSON ``{path: {"present": bool, "value": …}}``; an absent path also has ``under`` (see ``Held``).
    """
    return canonical.dumps({path: _holds(live, path) for path in touched(patch)})


def read(pre_image: str) -> list[Held]:
    """Take a pre-image apart, in the order of its paths."""
    held = json.loads(pre_image)
    return [
        Held(path, part["present"], part.get("value"), part.get("under", "")) for path, part in sorted(held.items())
    ]


def still_holds(pre_image: str, live: Object) -> list[str]:
    """List the touched paths whose content changed since the capture; empty: the proposal is not stale.

    A field that was absent together with its list item (a whole env variable) counts as changed once the item is there.
    """
    return [held.path for held in read(pre_image) if _changed(held, live)]


def applied(live: Object, patch: Object) -> bool:
    """Tell whether each touched field holds what the patch says; quantities are compared by value."""
    return not not_ours(live, patch)


def not_ours(live: Object, patch: Object) -> list[str]:
    """List the touched paths that do not hold any more what the patch set there, sorted."""
    lost = {path.removesuffix(_DIRECTIVE) for path, value in paths.leaves(patch) if not _took(live, path, value)}
    return sorted(lost - {ATTEMPT_PATH})


def undo(pre_image: str, nonce: str, live: Object, *, patch: Object | None = None) -> Object:
    """Make the patch that gives exactly the touched fields back what they held, marked ``undone-<nonce>``.

    What we added is removed (``null``, or ``$patch: delete`` for a list item) unless somebody put more beside it; a
    field whose container is gone is left alone. With ``patch`` (what we applied), so is a field that somebody changed
    since.
    """
    lost = not_ours(live, patch) if patch is not None else []
    ours = [held for held in read(pre_image) if held.path not in lost and _restorable(held, live)]
    added = {held.path for held in ours if not held.present}
    parts = [_restored(held, live, added) for held in ours]
    return reduce(paths.merge, parts, paths.build(ATTEMPT_PATH, undone(nonce)))


def _holds(live: Object, path: str) -> Object:
    value = paths.get(live, path)
    if value is not paths.MISSING:
        return {"present": True, "value": value}
    return {"present": False, "under": next(part for part in _prefixes(path) if paths.get(live, part) is paths.MISSING)}


def _changed(held: Held, live: Object) -> bool:
    value = paths.get(live, held.path)
    if held.present:
        return value is paths.MISSING or canonical.dumps(value) != canonical.dumps(held.value)
    item = next((part for part in _items(held.path) if len(part) >= len(held.under)), held.path)
    return value is not paths.MISSING or paths.get(live, item) is not paths.MISSING


def _took(live: Object, path: str, value: Any) -> bool:
    there = paths.get(live, path.removesuffix(_DIRECTIVE))
    if value is None or path.endswith(_DIRECTIVE):
        return there is paths.MISSING
    if there is paths.MISSING:
        # the API server leaves out an empty text
        return value == "" and paths.get(live, _prefixes(path)[-2]) is not paths.MISSING
    return _same(there, value) or (_is_quantity(path) and quantities.equal(there, value))


def _same(live: Any, wanted: Any) -> bool:
    """Compare as the API server merges: it may have filled in defaults in the maps of an atomic list."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(key in live and _same(live[key], part) for key, part in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_same, live, wanted))
    return type(live) is type(wanted) and bool(live == wanted)


def _is_quantity(path: str) -> bool:
    keys = paths.split(path)
    return keys[-1] == "sizeLimit" or (len(keys) > 1 and keys[-2] in {"limits", "requests"})


def _restorable(held: Held, live: Object) -> bool:
    """Tell whether there is a place to restore to, or a thing to remove; restoring must not make a new container."""
    needed = [part for part in _items(held.path) if part != held.path]
    return all(paths.get(live, part) is not paths.MISSING for part in [*needed, *([held.under] if held.under else [])])


def _restored(held: Held, live: Object, added: set[str]) -> Object:
    if held.present:
        return paths.build(held.path, held.value)
    for part in _prefixes(held.path):
        if len(part) >= len(held.under) and (_is_whole(part) or _only(live, part, added)):
            return paths.build(part, None)
    return paths.build(held.path, None)


def _is_whole(path: str) -> bool:
    return paths.split(path)[-1] in _WHOLE


def _only(live: Object, part: str, added: set[str]) -> bool:
    """Tell whether all that is live below ``part`` was added by us."""
    there = paths.get(live, part)
    if there is paths.MISSING:
        return False
    keys = paths.split(part)
    if paths.is_item(keys, len(keys) - 1):
        there = {key: value for key, value in there.items() if key != paths.MERGE_KEYS[keys[-2]]}
    return all(path in added or path == part for path, _ in paths.leaves(there, part, name=keys[-1]))


def _prefixes(path: str) -> list[str]:
    """Spell every part of ``path`` from the root, shallowest first, itself last."""
    keys, spelled = paths.split(path), [""]
    for index, key in enumerate(keys):
        is_item = paths.is_item(keys, index)
        spelled.append(paths.item(spelled[-1], key) if is_item else paths.join(spelled[-1], key))
    return spelled[1:]


def _items(path: str) -> Iterator[str]:
    keys = paths.split(path)
    return (part for index, part in enumerate(_prefixes(path)) if paths.is_item(keys, index))


def beyond(changes: list[Change], patch: Object) -> list[str]:
    """List the changed paths that lie outside what ``patch`` touched: an undo must not have any."""
    inside = [*touched(patch), ATTEMPT_PATH]
    return [row.path for row in changes if not any(_same_place(row.path, path) for path in inside)]


def _same_place(first: str, second: str) -> bool:
    """Tell whether one path lies within the other: removing what we added may empty the map above it."""
    keys, others = paths.split(first), paths.split(second)
    shorter = min(len(keys), len(others))
    return keys[:shorter] == others[:shorter]
