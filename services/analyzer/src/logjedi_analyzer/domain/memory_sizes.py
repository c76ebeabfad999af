"""Memory sizes: read as exact fractions, since they are multiplied by a step, and written in the style of another."""

import math
import re
from fractions import Fraction

from logjedi_contracts import quantities

_DECIMAL = {suffix: 10**power for suffix, power in quantities.DECIMAL.items() if power > 0}
_FINE = 16
"""A unit is kept while at least this many of it are left after rounding down, so that rounding loses at most 1/16."""


def read(text: str | None) -> Fraction | None:
    """Read a size in bytes; ``None`` if there is none, or no quantity (a pseudonym, say)."""
    try:
        return None if text is None else Fraction(quantities.parse(text))
    except ValueError:
        return None


def spell(amount: Fraction, like: str) -> str:
    """Write a size of at most ``amount`` bytes in whole binary or decimal units, as ``like`` has them.

    Rounded down, never up, since ``amount`` is a bound that policy checks.
    """
    units = quantities.BINARY if _is_binary(like) else _DECIMAL
    for suffix, size in sorted(units.items(), key=lambda unit: -unit[1]):
        count = math.floor(amount / size)
        if count and (count * size == amount or (count >= _FINE and suffix not in ("Ki", "k"))):
            return f"{count}{suffix}"
    return str(math.floor(amount))


def _is_binary(like: str) -> bool:
    if any(like.endswith(suffix) for suffix in quantities.BINARY):
        return True
    amount = read(like)
    plain = re.fullmatch(r"\d+m?", like) is not None
    return plain and amount is not None and amount % 2**20 == 0
