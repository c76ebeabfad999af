"""The few lines that tell people most: what the kubelet says, the loudest log lines, warnings."""

import re
from typing import Final

from logjedi_contracts.analysis import EventSeen, LogTail

MAX_LINES: Final = 12
LINE_CHARS: Final = 400

_LOUD = re.compile(
    r"(?i)error|exception|fatal|panic|fail|denied|refused|not found|no such|missing|invalid|unable|cannot|traceback"
    r"|killed|segfault|unhandled|timed? ?out"
)
_LOUD_LINES: Final = 5
_WARNINGS: Final = 3


def pick(message: str, logs: list[LogTail], events: list[EventSeen]) -> list[str]:
    """Choose at most twelve lines, most telling first. Mask the texts before (names may stay)."""
    lines = [message] if message else []
    for tail in logs:
        loud = [line for line in tail.lines if _LOUD.search(line)][-_LOUD_LINES:]
        lines += loud or [line for line in tail.lines if line.strip()][-_LOUD_LINES:]
    warnings = [event for event in events if event.type == "Warning"][-_WARNINGS:]
    lines += [f"{event.reason} ({event.count}x): {event.message}" for event in reversed(warnings)]
    shown = dict.fromkeys(_one_line(line) for line in lines)
    return list(shown)[:MAX_LINES]


def _one_line(line: str) -> str:
    flat = " ".join(line.split())
    return flat if len(flat) <= LINE_CHARS else flat[: LINE_CHARS - 1] + "…"
