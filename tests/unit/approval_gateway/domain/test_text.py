import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_approval_gateway.domain import text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u200bb", "a\\u{200b}b"),
        ("a\u2066b", "a\\u{2066}b"),
        ("a\u00adb", "a\\u{ad}b"),
        ("a\x1b[31mb", "a\\u{1b}[31mb"),
        ("a\u2028b", "a\\u{2028}b"),
        ("a\u0085b", "a\\u{85}b"),
        ("a\U000e0041b", "a\\u{e0041}b"),
        ("a\ufe0fb", "a\\u{fe0f}b"),
        ("a\u3164b", "a\\u{3164}b"),
        ("a\u2800b", "a\\u{2800}b"),
        ("a\u00a0b", "a\\u{a0}b"),
        ("a\ud800b", "a\\u{d800}b"),
        ("a\rb", "a\\u{d}b"),
        ("a\r\nb", "a\nb"),
        ("a\tb", "a    b"),
        ("grüße, 漢字", "grüße, 漢字"),
    ],
)
def test_what_cannot_be_seen_is_spelt(hidden: str, shown: str) -> None:
    assert text.visible(hidden) == shown


def test_look_alike_letters_are_spelt_where_exactness_counts() -> None:
    assert text.exact("registry.\u0435xample") == "registry.\\u{435}xample"
    assert text.exact("a\nb") == "a\\u{a}b"
    assert text.is_plain("registry.example/web:1.1")
    assert not text.is_plain("registry.\u0435xample")


@given(st.text())
def test_nothing_invisible_is_left(any_text: str) -> None:
    left = {unicodedata.category(character) for character in text.visible(any_text) if character != "\n"}
    assert not left & {"Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs"}


@given(st.text(), st.integers(min_value=30, max_value=200))
def test_a_cut_fits_and_says_how_much_is_missing(any_text: str, limit: int) -> None:
    cut = text.capped(any_text, limit)
    assert len(cut) <= limit
    assert cut == any_text or "more characters" in cut


def test_a_cut_counts_what_it_left_out() -> None:
    assert text.capped("x" * 100, 50) == "x" * 28 + " … 72 more characters"


def test_the_newest_lines_stay() -> None:
    assert text.newest(["one", "two", "three"], 10) == ["… 1 older lines", "two", "three"]
    assert text.newest(["one"], 10) == ["one"]


def test_lists_say_how_many_are_missing() -> None:
    assert text.listed("abcd", 2) == ["a", "b", "… 2 more"]
    assert text.listed("ab", 2) == ["a", "b"]
