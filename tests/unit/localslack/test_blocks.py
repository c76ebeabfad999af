"""Every limit of Block Kit that an approval message can run into, at its edge."""

from typing import Any

import pytest

from tests.localslack import blocks
from tests.localslack.errors import ApiError
from tests.unit.localslack.approval_message import approval, button, confirm, preformatted, section

Block = dict[str, Any]
DIVIDER: Block = {"type": "divider"}


def plain(length: int) -> Block:
    return {"type": "plain_text", "text": "x" * length}


def header(length: int) -> Block:
    return {"type": "header", "text": plain(length)}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def context(count: int) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * count}


def buttons(count: int) -> Block:
    return actions(*(button("x", f"a{number}") for number in range(count)))


def confirming(part: str, length: int) -> Block:
    return actions(button("x", "a", confirm=confirm() | {part: plain(length)}))


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def inline(*elements: Block) -> Block:
    return rich({"type": "rich_text_section", "elements": list(elements)})


AT_THE_EDGE: dict[str, tuple[list[Block], list[Block], str]] = {
    "blocks": ([DIVIDER] * 50, [DIVIDER] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "section": ([section("x" * 3000)], [section("x" * 3001)], "must be less than 3001 characters"),
    "empty section": ([section("x")], [section("")], "must be more than 0 characters"),
    "header": ([header(150)], [header(151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    "context": ([context(10)], [context(11)], "no more than 10 items allowed"),
    "actions": ([buttons(25)], [buttons(26)], "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    "button text": ([actions(button("x" * 75, "a"))], [actions(button("x" * 76, "a"))], "less than 76 characters"),
    "value": (
        [actions(button("x", "a", value="v" * 2000))],
        [actions(button("x", "a", value="v" * 2001))],
        "less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "action id": ([actions(button("x", "a" * 255))], [actions(button("x", "a" * 256))], "less than 256 characters"),
    "block id": ([DIVIDER | {"block_id": "b" * 255}], [DIVIDER | {"block_id": "b" * 256}], "less than 256 characters"),
    "confirm title": ([confirming("title", 100)], [confirming("title", 101)], "less than 101 characters"),
    "confirm text": ([confirming("text", 300)], [confirming("text", 301)], "less than 301 characters"),
    "confirm yes": ([confirming("confirm", 30)], [confirming("confirm", 31)], "less than 31 characters"),
    "confirm no": ([confirming("deny", 30)], [confirming("deny", 31)], "less than 31 characters"),
}


@pytest.mark.parametrize("name", AT_THE_EDGE)
def test_the_limit_itself_is_taken_and_one_more_refused(name: str) -> None:
    fits, too_much, reason = AT_THE_EDGE[name]
    blocks.check_message(fits)
    with pytest.raises(ApiError, match="invalid_blocks") as caught:
        blocks.check_message(too_much)
    assert any(reason in given for given in caught.value.reasons), caught.value.reasons


REFUSED: dict[str, tuple[Block, str]] = {
    "unknown block": ({"type": "hologram"}, "unsupported type: hologram [json-pointer:/blocks/0/type]"),
    "no type": ({"text": "x"}, "missing required field: type"),
    "no object": ("text", "missing required field: type"),  # type: ignore[dict-item]
    "unknown field": (DIVIDER | {"colour": "red"}, "invalid additional property: colour"),
    "nothing to say": ({"type": "section"}, "missing required field: text"),
    "mrkdwn in a header": ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "unsupported type: mrkdwn"),
    "mrkdwn on a button": (
        actions(button("x", "a") | {"text": {"type": "mrkdwn", "text": "x"}}),
        "unsupported type: mrkdwn",
    ),
    "unknown style": (actions(button("x", "a", style="green")), "must be one of: primary, danger"),
    "half a confirm": (actions(button("x", "a", confirm={"title": plain(1)})), "missing required field: deny"),
    "same action id": (actions(button("x", "a"), button("y", "a")), "`action_id` 'a' already exists"),
    "button in rich text": (rich(button("x", "a")), "unsupported type: button"),
    "emoji in preformatted": (
        rich({"type": "rich_text_preformatted", "elements": [{"type": "emoji", "name": "x"}]}),
        "unsupported type: emoji",
    ),
    "text outside a section": (rich({"type": "text", "text": "x"}), "unsupported type: text"),
    "empty rich text": (preformatted(""), "must be more than 0 characters"),
    "list of texts": (
        rich({"type": "rich_text_list", "style": "bullet", "elements": [{"type": "text", "text": "x"}]}),
        "unsupported type: text",
    ),
    "style that is none": (inline({"type": "text", "text": "x", "style": {"blink": True}}), "property: blink"),
    "number as text": (inline({"type": "text", "text": 3}), "must be a string"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_block_is_refused_with_its_place(name: str) -> None:
    block, reason = REFUSED[name]
    with pytest.raises(ApiError, match="invalid_blocks") as caught:
        blocks.check_message([block])
    assert any(reason in given for given in caught.value.reasons), caught.value.reasons


def test_a_whole_approval_and_every_rich_text_element_are_taken() -> None:
    words = [
        {"type": "text", "text": "x", "style": {"bold": True, "code": True}},
        {"type": "link", "url": "https://example.org", "text": "y"},
        {"type": "emoji", "name": "wrench"},
        {"type": "user", "user_id": "U0ALICE"},
    ]
    part = {"type": "rich_text_section", "elements": words}
    listed = {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [part]}
    quote = {"type": "rich_text_quote", "elements": words}
    blocks.check_message([*approval(), rich(part, listed, quote)])


def test_the_same_block_id_twice_is_refused() -> None:
    with pytest.raises(ApiError, match="`block_id` 'b' already exists"):
        blocks.check_message([DIVIDER | {"block_id": "b"}] * 2)


def test_all_blocks_together_have_a_limit_that_no_block_shows() -> None:
    text = "x" * 2940
    blocks.check_message([section(text)] * 4)
    with pytest.raises(ApiError, match="msg_blocks_too_long"):
        blocks.check_message([section(text)] * 4 + [section("x" * 1141)])


def test_blocks_that_are_no_list_have_an_error_of_their_own() -> None:
    with pytest.raises(ApiError, match="invalid_blocks_format"):
        blocks.check_message({"type": "divider"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": plain(25)}, "less than 25 characters"),
        ({"private_metadata": "x" * 3001}, "less than 3001 characters"),
        ({"blocks": [DIVIDER] * 101}, "no more than 100 items"),
        ({"type": "home"}, "unsupported type: home"),
    ],
)
def test_views_have_limits_too(change: Block, reason: str) -> None:
    view: Block = {"type": "modal", "title": plain(24), "private_metadata": "x" * 3000, "blocks": [DIVIDER] * 100}
    blocks.check_view(view)
    with pytest.raises(ApiError, match="invalid_arguments") as caught:
        blocks.check_view(view | change)
    assert any(reason in given for given in caught.value.reasons)
