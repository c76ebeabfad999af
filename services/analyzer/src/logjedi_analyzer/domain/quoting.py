"""Small wording: how findings quote names and long texts, so that all of them read alike."""

import re

_SPACE = re.compile(r"\s+")


def clip(text: str, width: int = 240) -> str:
    """Put a text on one line and cut it to ``width`` characters."""
    line = _SPACE.sub(" ", text).strip()
    return line if len(line) <= width else line[: width - 1] + "…"


def listed(names: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else "none"
