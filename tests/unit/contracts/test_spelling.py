from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_contracts import spelling

WORDS = st.text("abcAB-_", max_size=8)


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("MOOD", "MODE", 2),
        ("web-confg", "web-config", 1),
        ("web-cofnig", "web-config", 1),
        ("nginx", "ngnix", 1),
        ("kitten", "sitting", 3),
        ("", "abc", 3),
        ("a", "a", 0),
    ],
)
def test_edits_count_a_swap_of_neighbours_as_one(first: Any, second: Any, edits: Any) -> None:
    assert spelling.edits(first, second) == edits


@given(WORDS, WORDS)
def test_edits_are_a_symmetric_measure(first: Any, second: Any) -> None:
    found = spelling.edits(first, second)
    assert found == spelling.edits(second, first)
    assert (found == 0) == (first == second)
    assert abs(len(first) - len(second)) <= found <= max(len(first), len(second))


@pytest.mark.parametrize(
    ("name", "folded"), [("LOG-LEVEL", "loglevel"), ("log.level", "loglevel"), ("a_B-c.D", "abcd"), ("a/b", "a/b")]
)
def test_case_and_separators_fold_and_nothing_else_does(name: Any, folded: Any) -> None:
    assert spelling.fold(name) == folded
