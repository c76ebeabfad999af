from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_analyzer.domain import quantities


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("128Mi", 2**27),
        ("0.5Gi", 2**29),
        ("1e8", 10**8),
        ("1E3", 1000),
        ("1E", 10**18),
        ("100M", 10**8),
        ("134217728", 2**27),
        ("128974848000m", 128974848),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("2.", 2),
        (5, 5),
        ("100n", Fraction(1, 10**7)),
        ("250u", Fraction(1, 4000)),
        ("1k", 1000),
        ("-1Ki", -1024),
    ],
)
def test_every_spelling_is_read(text: Any, amount: Any) -> None:
    assert quantities.parse(text) == amount


@pytest.mark.parametrize("text", ["", "Mi", "1 Mi", "1mi", "1KI", "<redacted-1>", None, "1e", "0x10", [], "1K"])
def test_what_is_no_quantity_is_none(text: Any) -> None:
    assert quantities.parse(text) is None


@given(
    st.integers(1, 2**45),
    st.sampled_from(["64Mi", "1Gi", "100M", "1e8", "67108864", "123456789", "500Ki", "128974848000m"]),
)
def test_what_is_spelt_never_exceeds_the_bound_and_loses_little(amount: Any, like: Any) -> None:
    back = quantities.parse(quantities.spell(Fraction(amount), like))
    assert back is not None
    assert amount * Fraction(15, 16) <= back <= amount
