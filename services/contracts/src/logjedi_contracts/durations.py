"""Durations as people write them: ``250ms``, ``30s``, ``5m``, ``4h``, ``7d``, ``1h30m``, or a number of seconds."""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse(text: str | float | timedelta) -> timedelta:
    """Read a duration. Raises ``ValueError`` saying what is accepted; negative durations are not."""
    if isinstance(text, timedelta):
        return text
    spelt = str(text).strip()
    if re.fullmatch(r"\d+(\.\d+)?", spelt):
        return timedelta(seconds=float(spelt))
    parts = _PART.findall(spelt)
    if not parts or "".join(number + unit for number, unit in parts) != spelt:
        raise ValueError("not a duration; write for example 30s, 5m or 1h30m")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def _before(value: Any) -> Any:
    return parse(value) if isinstance(value, str | int | float) else value


Duration = Annotated[timedelta, BeforeValidator(_before)]
"""A settings or configuration field that accepts the spellings above."""
