"""Image references and edit distance: enough to tell a new tag from another repository or a misspelt name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Image:
    """``registry/repository:tag`` or ``@digest``; Docker's shorthand is spelt out."""

    registry: str
    repository: str
    version: str

    @property
    def name(self) -> str:
        return f"{self.registry}/{self.repository}"


def parse(reference: str) -> Image:
    """Take a reference apart; never fails, since the reference may be the very thing that is wrong."""
    rest, _, digest = reference.strip().partition("@")
    head, slash, tail = rest.rpartition("/")
    tail, _, tag = tail.partition(":")
    first, _, others = (head + slash + tail).partition("/")
    if others and ("." in first or ":" in first or first == "localhost"):
        return Image(first, others, digest or tag)
    repository = f"library/{tail}" if not slash else head + slash + tail
    return Image("docker.io", repository, digest or tag)


def distance(left: str, right: str) -> int:
    """Count the edits (insert, delete, replace, swap of neighbours) between two texts."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
