"""Kubernetes quantities, exactly: ``500m``, ``1.5``, ``64Mi``, ``1e3``.

The operator's policy compares them with ceilings and steps, and staleness compares what is live with what was; the
analyzer proposes the next memory limit. Nothing here is floating point. Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import ROUND_UP, Context, Decimal
from typing import Final

BINARY: Final = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4, "Pi": 1024**5, "Ei": 1024**6}
"""Bytes of each binary suffix."""
DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
"""Power of ten of each decimal suffix."""
_NUMBER = r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
_QUANTITY = re.compile(_NUMBER + r"(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]{1,2}))")
_LONGEST: Final = 64
_LARGEST: Final = Decimal(2**63 - 1)
_NANO: Final = Decimal("1e-9")
_EXACT: Final = Context(prec=200, rounding=ROUND_UP)
"""200 digits hold every 64-character quantity with room; rounding is only ever towards nano, as Kubernetes does."""


def parse(text: str | int) -> Decimal:
    """Read a quantity in its base unit (bytes, cores). Raises ``ValueError`` for what is none.

    As the API server does, it rounds away from zero to nano and caps binary suffixes at 2^63-1.
    """
    found = _match(text)
    value = _EXACT.multiply(Decimal(found[1]), _scale(found[2] or "", found[3]))
    if found[2] in BINARY and abs(value) > _LARGEST:
        return _LARGEST.copy_sign(value)
    return value.quantize(_NANO, context=_EXACT).normalize(_EXACT)


def compare(first: str | int, second: str | int) -> int:
    """Answer -1, 0 or 1. Raises ``ValueError``."""
    one, two = parse(first), parse(second)
    return (one > two) - (one < two)


def equal(first: object, second: object) -> bool:
    """Tell whether both are quantities of one value, however they are spelt; what is no quantity equals nothing."""
    try:
        return parse(_text(first)) == parse(_text(second))
    except ValueError:
        return False


def canonical(text: str | int) -> str:
    """Spell a quantity as the API server answers it: ``0.5Gi`` becomes ``512Mi``, ``1000m`` becomes ``1``."""
    found = _match(text)
    value = parse(text)
    if found[3]:
        return _exponent(value)
    return format_binary(value) if (found[2] or "") in BINARY else format_decimal(value)


def format_binary(value: Decimal) -> str:
    """Spell ``value`` with the largest binary suffix that leaves a whole number; below 1024, or broken, decimally."""
    whole = int(value)
    if whole != value or abs(whole) < 1024:
        return format_decimal(value)
    suffix = max((name for name, size in BINARY.items() if whole % size == 0), key=BINARY.__getitem__, default="")
    return f"{whole // BINARY.get(suffix, 1)}{suffix}"


def format_decimal(value: Decimal) -> str:
    """Spell ``value`` with the largest decimal suffix that leaves a whole number."""
    if not value:
        return "0"
    for suffix, exponent in sorted(DECIMAL.items(), key=lambda pair: -pair[1]):
        scaled = value.scaleb(-exponent, context=_EXACT)
        if scaled == scaled.to_integral_value():
            return f"{int(scaled)}{suffix}"
    raise ValueError(f"finer than nano: {value}")


def _exponent(value: Decimal) -> str:
    if not value:
        return "0"
    exponent = max(e for e in DECIMAL.values() if int(value.scaleb(9, context=_EXACT)) % 10 ** (e + 9) == 0)
    mantissa = int(value.scaleb(-exponent, context=_EXACT))
    return f"{mantissa}e{exponent}" if exponent else str(mantissa)


def _match(text: str | int) -> re.Match[str]:
    spelled = _text(text)
    found = _QUANTITY.fullmatch(spelled) if len(spelled) <= _LONGEST else None
    if found is None:
        raise ValueError(f"not a Kubernetes quantity: {spelled[:_LONGEST]!r}; write for example 512Mi or 250m")
    return found


def _scale(suffix: str, exponent: str | None) -> Decimal:
    if suffix in BINARY:
        return Decimal(BINARY[suffix])
    return Decimal(1).scaleb(int(exponent) if exponent else DECIMAL[suffix])


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"not a Kubernetes quantity: {type(value).__name__}")
