"""Taking changes back as one strategic-merge patch, and knowing which changes a merge cannot take back.

A merge adds and replaces; removing needs a directive. The only one written here removes an environment variable that
the rollout added, and the answer says so, since policy lets through no directive that is not announced.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from logjedi_analyzer.domain import patch_paths
from logjedi_analyzer.domain.changes import Change

DELETE_ADDED_ENV = "delete-added-env"
_ENV = re.compile(r"^(?P<item>.+\.env\[(?:[^\]\\]|\\.)+\])(?:\..+)?$")


class Irreversible(Exception):
    """A merge patch cannot take this back; the text says what a person would have to do."""


def patch(chosen: Sequence[Change]) -> tuple[dict[str, Any], bool]:
    """Make the patch that takes ``chosen`` back, and say whether it holds a directive. Raises ``Irreversible``."""
    rows = [row for group in _by_variable(chosen) for row in _rows(group)]
    try:
        made = patch_paths.build_all(rows)
    except patch_paths.Unpatchable as reason:
        raise Irreversible(f"This cannot be put back by a merge patch: {reason}.") from reason
    return made, any(value == patch_paths.DELETE for _, value in rows)


def _by_variable(chosen: Sequence[Change]) -> list[list[Change]]:
    """Keep the changes of one environment variable together: its value and its source exclude each other."""
    groups: dict[str, list[Change]] = {}
    for change in chosen:
        match = _ENV.match(change.path)
        groups.setdefault(match["item"] if match else change.path, []).append(change)
    return list(groups.values())


def _rows(group: Sequence[Change]) -> list[tuple[str, Any]]:
    match = _ENV.match(group[0].path)
    if match:
        return _env_rows(match["item"], group)
    change = group[0]
    if not change.source.in_healthy:
        raise Irreversible(
            f"The rollout added {change.field or f'container {change.container}'}; a person has to remove it."
        )
    return [(change.path, change.source.healthy)]


def _env_rows(item: str, group: Sequence[Change]) -> list[tuple[str, Any]]:
    back = [change for change in group if change.source.in_healthy]
    added = [change for change in group if not change.source.in_healthy]
    if not back:
        return [(item, dict(patch_paths.DELETE))]
    if any(".valueFrom" in change.path for change in added):
        raise Irreversible(f"The rollout moved {back[0].env_name} to another source; a person has to move it back.")
    rows = [(change.path, _without_name(change)) for change in back]
    # an empty value beside valueFrom is valid, and spares a null
    return [(f"{item}.value", ""), *rows] if added else rows


def _without_name(change: Change) -> Any:
    """Drop the merge key from a whole variable; the patch path brings it."""
    value = change.source.healthy
    if isinstance(value, Mapping) and change.path.endswith("]"):
        return {key: field for key, field in value.items() if key != "name"}
    return value
