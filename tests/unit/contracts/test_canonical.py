import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_contracts import canonical

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        ({"b": 1, "a": [True, None, 1.5]}, '{"a":[true,null,1.5],"b":1}'),
        ({"a": {"z": 1, "y": 2}}, '{"a":{"y":2,"z":1}}'),
        ("ü€😀", '"ü€😀"'),
        ('"\\\n', '"\\"\\\\\\n"'),
        ({}, "{}"),
    ],
)
def test_one_spelling(value: Any, spelt: str) -> None:
    assert canonical.dumps(value) == spelt


@given(JSON)
def test_equal_content_has_equal_bytes_and_comes_back(value: Any) -> None:
    spelt = canonical.dumps(value)
    assert json.loads(spelt) == value
    assert canonical.dumps(json.loads(spelt)) == spelt


@given(st.dictionaries(st.text(), st.integers()))
def test_order_of_keys_is_nothing(value: dict[str, int]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical.sha256(backwards) == canonical.sha256(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_numbers_that_json_cannot_carry_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical.dumps(value)


@pytest.mark.parametrize("value", [{1, 2}, b"bytes", object()])
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical.dumps(value)


def test_hash_is_pinned() -> None:
    assert canonical.sha256({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
