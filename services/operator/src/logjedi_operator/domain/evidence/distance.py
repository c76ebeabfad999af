"""Which existing names are near one that does not exist."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from logjedi_contracts import spelling

MAX_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class Near:
    """An existing name that could have been meant."""

    name: str
    distance: int
    same_folded: bool


def nearest(name: str, existing: Iterable[str]) -> list[Near]:
    """Pick the at most five nearest names, nearest first; too distant ones (half of the name changed) are none."""
    reach = max(2, len(name) // 2)
    found = []
    for other in sorted(set(existing) - {name}):
        same = spelling.fold(other) == spelling.fold(name)
        if not same and abs(len(other) - len(name)) > reach:
            continue
        distance = spelling.edits(name, other)
        if same or distance <= reach:
            found.append(Near(other, distance, same))
    return sorted(found, key=lambda near: (near.distance, not near.same_folded, near.name))[:MAX_CANDIDATES]
