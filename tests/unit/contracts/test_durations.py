from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from logjedi_contracts.durations import Duration, parse

FIELD: TypeAdapter[timedelta] = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25), ("30s", 30), ("5m", 300), ("4h", 14_400), ("7d", 604_800), ("1h30m", 5_400),
        ("1.5h", 5_400), ("30m1h", 5_400), ("0", 0), ("0s", 0), ("90", 90), ("1.5", 1.5), (" 5m ", 300),
        (15, 15), (0.5, 0.5), (timedelta(minutes=1), 60), ("366d", 31_622_400),
    ],
)  # fmt: skip
def test_reads_what_people_write(text: Any, seconds: float) -> None:
    assert parse(text) == FIELD.validate_python(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "soon",
        "m", "5 m", "5m 3s", "5M", "1w", "-5m", "-5", "5m-", "+5m", "1e3", "nan", "inf", ".5s", "5.s",
        "٣s", "1_000", "5ms5", True, -1, float("nan"), float("inf"), timedelta(seconds=-1),
        "367d", "9" * 400, "9" * 400 + "d", "999999999999d", 10**18, timedelta.max,
    ],
)  # fmt: skip
def test_refuses_everything_else_with_one_kind_of_error(text: Any) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse(text)
    with pytest.raises(ValidationError, match="duration"):
        FIELD.validate_python(text)


@given(st.integers(0, 365), st.integers(0, 23), st.integers(0, 59))
def test_parts_add_up(days: int, hours: int, minutes: int) -> None:
    assert parse(f"{days}d{hours}h{minutes}m") == timedelta(days=days, hours=hours, minutes=minutes)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        assert timedelta() <= parse(text) <= timedelta(days=366)
    except ValueError as error:
        assert "duration" in str(error)  # noqa: PT017  # either is right
