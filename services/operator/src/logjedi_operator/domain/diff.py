"""The diff that people approve: the live object against the API server's own dry-run answer, path by path.

Its hash is part of the digest, so its rows are canonical: sorted by path, values as canonical JSON. Nothing is left out
save what every write changes and what only controllers write. Values come from clusters: ``render`` disarms them.
"""

from collections.abc import Iterator
from typing import Any, Final

from logjedi_contracts import canonical, paths
from logjedi_contracts.messages import Change
from logjedi_operator.domain.workload import Object

LONGEST_VALUE_BYTES: Final = 16_384
"""A longer value is shown as its hash and length: ``{"bytes": n, "sha256": "…"}`` (no leaf is ever such a map)."""
LONGEST_PATH: Final = 1024
_IGNORED: Final = frozenset({"managedFields", "resourceVersion", "generation"})


def changes(before: Object, after: Object) -> list[Change]:
    """List every path whose content differs, sorted by path. ``status`` and what each write changes is ignored."""
    old, new = _leaves(before), _leaves(after)
    rows = [(path, old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys())]
    differing = [row for row in rows if row[1] != row[2]]
    hollow = set(_hollow(differing))
    return [Change(path=_fitting(path), before=one, after=two) for path, one, two in differing if path not in hollow]


def render(rows: list[Change]) -> str:
    """Spell a diff for a log or a terminal: each path, then ``-`` and ``+``; unprintable characters are escaped."""
    lines: list[str] = []
    for row in rows:
        sides = (("-", row.before), ("+", row.after))
        lines += [row.path, *(f"{sign} {value}" for sign, value in sides if value is not None)]
    return "\n".join(_visible(line) for line in lines)


def _leaves(obj: Object) -> dict[str, str]:
    meta = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _IGNORED}
    content = {key: value for key, value in obj.items() if key != "status"} | {"metadata": meta}
    return {path: _spelled(value) for path, value in paths.leaves(content)}


def _spelled(value: Any) -> str:
    text = canonical.dumps(value)
    size = len(text.encode())
    if size <= LONGEST_VALUE_BYTES:
        return text
    return canonical.dumps({"bytes": size, "sha256": canonical.sha256(value)})


def _hollow(rows: list[tuple[str, str | None, str | None]]) -> Iterator[str]:
    """Name the rows that only say that an empty map got content, or lost its last: the rows below it say so better."""
    names = [path for path, _, _ in rows]
    for path, old, new in rows:
        emptied = {old, new} == {"{}", None}
        if emptied and any(name.startswith((f"{path}.", f"{path}[")) for name in names):
            yield path


def _fitting(path: str) -> str:
    """Shorten a path that no message can carry; its hash keeps it distinct."""
    return path if len(path) <= LONGEST_PATH else f"{path[:900]}…sha256:{canonical.sha256(path)}"


def _visible(line: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
