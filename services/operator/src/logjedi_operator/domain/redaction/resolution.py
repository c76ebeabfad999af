"""Putting real values back into a patch, each only where it came from or was offered.

Called with the analyzer's patch before policy and dry-run. The analyzer is not trusted: a pseudonym at any other path
could copy a secret into a field that somebody can read.
"""

from collections.abc import Iterator
from typing import Any

from logjedi_contracts import paths
from logjedi_contracts.errors import Refused
from logjedi_operator.domain.redaction.pseudonyms import LOOKALIKE, Pseudonyms


def resolve(patch: dict[str, Any], table: Pseudonyms) -> dict[str, Any]:
    """Answer ``patch`` with real values.

    Raises ``Refused`` (rule ``pseudonym``) for a pseudonym that is unknown, stands at a path of another, is part of a
    longer text than the one that was sent, or is a key.
    """
    return dict(_walk(patch, "", "", table))


def _walk(value: Any, path: str, name: str, table: Pseudonyms) -> Any:
    if isinstance(value, str):
        return _string(value, path, table)
    if isinstance(value, dict):
        return {
            _key(key, path): _walk(item, paths.join(path, str(key)), str(key), table) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_item(item, path, name, table) for item in value]
    return value


def _item(item: Any, path: str, name: str, table: Pseudonyms) -> Any:
    """A list item stands at its merge key; items of atomic lists all stand at the list's own path."""
    key = paths.MERGE_KEYS.get(name)
    if key is None or not isinstance(item, dict) or key not in item:
        return _atomic(item, path, table)
    place = f"{path}[{item[key]}]"
    return {part: _part(part, value, place, name, table) for part, value in item.items()}


def _part(part: str, value: Any, place: str, name: str, table: Pseudonyms) -> Any:
    if part != paths.MERGE_KEYS[name]:
        return _walk(value, paths.join(place, str(part)), str(part), table)
    return _string(value, place, table) if isinstance(value, str) else value


def _atomic(value: Any, path: str, table: Pseudonyms) -> Any:
    if isinstance(value, str):
        return _string(value, path, table)
    if isinstance(value, dict):
        return {_key(key, path): _atomic(item, path, table) for key, item in value.items()}
    if isinstance(value, list):
        return [_atomic(item, path, table) for item in value]
    return value


def _string(value: str, path: str, table: Pseudonyms) -> str:
    if not LOOKALIKE.search(value):
        return value
    real = table.real_at(path, value)
    if real is None:
        shown = ", ".join(sorted(set(_found(value))))
        raise Refused("pseudonym", f"the patch uses {shown} at {path}, where it neither came from nor was offered")
    return real


def _key(key: str, path: str) -> str:
    if LOOKALIKE.search(str(key)):
        raise Refused("pseudonym", f"the patch uses a pseudonym as a field name at {path or 'its root'}")
    return key


def _found(value: str) -> Iterator[str]:
    return (match[0] for match in LOOKALIKE.finditer(value))
