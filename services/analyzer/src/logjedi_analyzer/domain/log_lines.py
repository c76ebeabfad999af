"""The few log lines that tell most: those that look like errors, newest last, of the failing container.

A log line is data. Nothing here interprets it beyond "does it look like an error" and "which known cause does it name".
"""

import re
from collections.abc import Iterator, Sequence

from logjedi_analyzer.domain.scene import Scene

_TELLING = (
    "error", "fatal", "panic", "exception", "traceback", "critical", "fail", "refused", "denied", "cannot", "can't",
    "could not", "unable", "not found", "missing", "read-only", "in use", "no space", "expired", "killed", "is not set",
    "required", "invalid", "unknown", "unrecognized", "timeout", "timed out", "no such", "undefined", "unexpected",
    "terminating", "abort", "not permitted",
)  # fmt: skip
"""Substrings of lower-cased lines; a search for them is ten times faster than one pattern of alternatives."""
_NEWEST = 500
"""Lines looked at, from the end; a tail holds few more."""
_WIDTH = 1000
"""Characters of a line that are looked at."""

_NOISE = re.compile(r"^\s*(at |File \"|\.\.\.|goroutine \d|#\d+ )")
_LEVEL_BELOW = re.compile(
    r"\b(debug|trace)\b|level=(info|debug)|\"level\":\s*\"(info|debug)\"|^\S*\s*\[?INFO\b", re.IGNORECASE
)


def of(scene: Scene, container: str) -> tuple[str, ...]:
    """List the lines of one container's logs, oldest first: what it wrote before it died, then what it writes now."""
    tails = [tail for tail in scene.evidence.logs if tail.container == container]
    tails.sort(key=lambda tail: not tail.previous)
    return tuple(line for tail in tails for line in tail.lines)


def telling(scene: Scene, container: str, count: int = 3) -> tuple[str, ...]:
    """Pick the newest lines that look like errors; the very last lines if none does."""
    lines = [line for line in of(scene, container)[-_NEWEST:] if line.strip()]
    found: dict[str, None] = {}
    for line in reversed(lines):
        if len(found) < count and line not in found and _is_loud(line):
            found[line] = None
    return tuple(reversed(found)) or tuple(lines[-1:])


def _is_loud(line: str) -> bool:
    start = line[:_WIDTH]
    lowered = start.lower()
    return (
        any(word in lowered for word in _TELLING) and not _NOISE.match(start) and not _LEVEL_BELOW.search(start[:120])
    )


def naming(lines: Sequence[str], word: str) -> Iterator[str]:
    """Pick the lines that hold ``word`` as a word of its own."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    return (line for line in lines if pattern.search(line))
