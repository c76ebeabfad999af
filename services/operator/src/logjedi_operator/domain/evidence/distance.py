"""How far a name is from another: edits, and what is left once case and separators are folded."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class Near:
    """An existing name that could have been meant."""

    name: str
    distance: int
    same_folded: bool


def edits(first: str, second: str) -> int:
    """Count insertions, deletions, substitutions and swaps of neighbours (optimal string alignment)."""
    before: list[int] = []
    last: list[int] = []
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        before, last, row = last, row, [i]
        for j, b in enumerate(second, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == second[j - 2] and first[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
    return row[-1]


def folded(name: str) -> str:
    """Drop case and separators."""
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


def nearest(name: str, existing: Iterable[str]) -> list[Near]:
    """Pick the at most five nearest names, nearest first; too distant ones (half of the name changed) are none."""
    reach = max(2, len(name) // 2)
    found = []
    for other in sorted(set(existing) - {name}):
        same = folded(other) == folded(name)
        if not same and abs(len(other) - len(name)) > reach:
            continue
        distance = edits(name, other)
        if same or distance <= reach:
            found.append(Near(other, distance, same))
    return sorted(found, key=lambda near: (near.distance, not near.same_folded, near.name))[:MAX_CANDIDATES]
