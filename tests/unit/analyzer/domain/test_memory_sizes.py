from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_analyzer.domain import memory_sizes


@pytest.mark.parametrize(
    ("text", "amount"),
    [("128Mi", 2**27), ("0.5Gi", 2**29), ("100M", 10**8), ("128974848000m", 128974848), ("1.5", Fraction(3, 2))],
)
def test_sizes_are_read_exactly(text: Any, amount: Any) -> None:
    assert memory_sizes.read(text) == amount


@pytest.mark.parametrize("text", ["", "Mi", "1 Mi", "<redacted-1>", None])
def test_what_is_no_quantity_is_none(text: Any) -> None:
    assert memory_sizes.read(text) is None


@given(
    st.integers(1, 2**45),
    st.sampled_from(["64Mi", "1Gi", "100M", "1e8", "67108864", "123456789", "500Ki", "128974848000m"]),
)
def test_what_is_spelt_never_exceeds_the_bound_and_loses_little(amount: Any, like: Any) -> None:
    back = memory_sizes.read(memory_sizes.spell(Fraction(amount), like))
    assert back is not None
    assert amount * Fraction(15, 16) <= back <= amount
