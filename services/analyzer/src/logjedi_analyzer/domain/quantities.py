"""Kubernetes quantities: reading every spelling of them, and writing a memory size in the style of another.

Source: k8s.io/apimachinery/pkg/api/resource. Amounts are exact fractions, so that 1.1 is 1.1.
"""

import math
import re
from fractions import Fraction

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_DECIMAL = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
_SMALL = {"n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000)}
_SCALE: dict[str, Fraction] = {"": Fraction(1), **_SMALL} | {k: Fraction(v) for k, v in (_BINARY | _DECIMAL).items()}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]))?")
_FINE = 16
"""A unit is kept while at least this many of it are left after rounding down, so that rounding loses at most 1/16."""


def parse(text: object) -> Fraction | None:
    """Read a quantity; ``None`` if it is none (a pseudonym, say)."""
    match = _QUANTITY.fullmatch(str(text).strip()) if isinstance(text, str | int | float) else None
    if match is None:
        return None
    exponent = Fraction(10) ** int(match[2] or 0)
    return Fraction(match[1]) * exponent * _SCALE[match[3] or ""]


def spell(amount: Fraction, like: str) -> str:
    """Write a memory size of at most ``amount`` bytes in whole binary or decimal units, as ``like`` has them.

    Rounded down, never up, since ``amount`` is a bound that policy checks.
    """
    units = _BINARY if _is_binary(like) else _DECIMAL
    for suffix, size in sorted(units.items(), key=lambda unit: -unit[1]):
        count = math.floor(amount / size)
        if count and (count * size == amount or (count >= _FINE and suffix not in ("Ki", "k"))):
            return f"{count}{suffix}"
    return str(math.floor(amount))


def _is_binary(like: str) -> bool:
    if any(like.endswith(suffix) for suffix in _BINARY):
        return True
    amount = parse(like)
    plain = re.fullmatch(r"\d+m?", like) is not None
    return plain and amount is not None and amount % 2**20 == 0
