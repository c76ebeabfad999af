"""Durations as people write them: ``250ms``, ``30s``, ``5m``, ``4h``, ``7d``, ``1h30m``, or a number of seconds.

Used by settings and configuration files. None is negative or longer than a year.
"""

import re
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_LONGEST: Final = timedelta(days=366)


def parse(text: str | float | timedelta) -> timedelta:
    """Read a duration. Raises ``ValueError`` saying what is accepted; negative durations are not."""
    if isinstance(text, timedelta):
        return _bounded(text)
    spelt = str(text).strip()
    if _SECONDS.fullmatch(spelt):
        return _seconds(float(spelt))
    parts = _PART.findall(spelt)
    if not parts or "".join(number + unit for number, unit in parts) != spelt:
        raise ValueError("not a duration; write for example 30s, 5m or 1h30m")
    return _seconds(sum(float(number) * _UNITS[unit] for number, unit in parts))


def _seconds(seconds: float) -> timedelta:
    try:
        return _bounded(timedelta(seconds=seconds))
    except OverflowError:
        raise ValueError("too long a duration; a year is the most") from None


def _bounded(duration: timedelta) -> timedelta:
    if duration < timedelta():
        raise ValueError("a duration cannot be negative")
    if duration > _LONGEST:  # such a number is a slip of the keyboard, and dates would overflow
        raise ValueError("too long a duration; a year is the most")
    return duration


def _before(value: Any) -> Any:
    return parse(value) if isinstance(value, str | int | float | timedelta) else value


Duration = Annotated[timedelta, BeforeValidator(_before)]
"""A settings or configuration field that accepts the spellings above."""
