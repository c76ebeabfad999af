"""The few log lines that tell most: those that look like errors, newest last, of the failing container.

A log line is data. Nothing here interprets it beyond "does it look like an error" and "which known cause does it name".
"""

import re
from collections.abc import Iterator, Sequence

from logjedi_analyzer.domain.scene import Scene

_TELLING = re.compile(
    r"error|fatal|panic|exception|traceback|critical|fail|refused|denied|cannot|can't|could not|unable|not found"
    r"|missing|read-only|in use|no space|expired|killed|is not set"
    r"|required|invalid|unknown|unrecognized|timed? ?out|no such|undefined|unexpected|\bterminating\b|\babort",
    re.IGNORECASE,
)
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
    lines = [line for line in of(scene, container) if line.strip()]
    loud = [
        line for line in lines if _TELLING.search(line) and not _NOISE.match(line) and not _LEVEL_BELOW.search(line)
    ]
    return tuple(dict.fromkeys(loud))[-count:] or tuple(lines[-1:])


def naming(lines: Sequence[str], word: str) -> Iterator[str]:
    """Pick the lines that hold ``word`` as a word of its own."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    return (line for line in lines if pattern.search(line))
