"""How far a name is from another: edits, and what is left once case and separators are folded.

Evidence offers the existing names that could have been meant, policy lets only a slip be corrected, and the analyzer
asks whether what changed is a misspelling. How near is near enough is each caller's own choice.
"""

_SEPARATORS = str.maketrans("", "", "-_.")


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


def fold(name: str) -> str:
    """Drop case and separators."""
    return name.casefold().translate(_SEPARATORS)
