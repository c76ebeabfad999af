"""Which blocks Slack takes, and what it says about the others. Pure.

``check_message`` and ``check_view`` raise the error that Slack answers with. Block types that an
approval bot has no use for (``video``, ``table``, ``file``, …) are refused as unsupported.
Source: https://docs.slack.dev/reference/block-kit/blocks/
"""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.localslack import elements, plain, rich_text
from tests.localslack.errors import ApiError
from tests.localslack.schema import boolean, by_type, fields, items, problem, string, unique

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ALL_BLOCKS_CHARACTERS = 13_200
# Measured by others (bolt-js#2509, #2867): every block costs 44 to 74 characters beside its text.
BLOCK_OVERHEAD_CHARACTERS = 60
VIEW_BYTES = 250_000

_BLOCK_ID = {"block_id": elements.ID}
_BLOCK = by_type(
    {
        "section": fields(
            {},
            _BLOCK_ID
            | {
                "text": elements.any_text(3_000),
                "fields": items(elements.any_text(2_000), most=10),
                "accessory": elements.IN_SECTION,
                "expand": boolean,
            },
        ),
        "header": fields({"text": elements.plain_text(150)}, _BLOCK_ID),
        "divider": fields({}, _BLOCK_ID),
        "image": fields(
            {"image_url": elements.URL, "alt_text": string(most=2_000)},
            _BLOCK_ID | {"title": elements.plain_text(2_000)},
        ),
        "context": fields({"elements": items(elements.IN_CONTEXT, most=10)}, _BLOCK_ID),
        "actions": fields({"elements": items(elements.IN_ACTIONS, most=25)}, _BLOCK_ID),
        "input": fields(
            {"label": elements.plain_text(2_000), "element": elements.IN_INPUT},
            _BLOCK_ID | {"hint": elements.plain_text(2_000), "optional": boolean, "dispatch_action": boolean},
        ),
        "markdown": fields({"text": string(most=12_000)}, _BLOCK_ID),
        "rich_text": fields({"elements": items(rich_text.ELEMENT, most=2_000)}, _BLOCK_ID),
    }
)
_VIEW = fields(
    {"title": elements.plain_text(24), "blocks": items(_BLOCK, most=VIEW_BLOCKS)},
    {
        "submit": elements.plain_text(24),
        "close": elements.plain_text(24),
        "private_metadata": string(most=3_000, least=0),
        "callback_id": elements.ID,
        "external_id": elements.ID,
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


def check_message(blocks: Any) -> None:
    """Raise ``invalid_blocks_format``, ``invalid_blocks`` or ``msg_blocks_too_long``."""
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    reasons = list(problems(blocks))
    if reasons:
        raise ApiError("invalid_blocks", reasons=reasons)
    if weight(blocks) > ALL_BLOCKS_CHARACTERS:
        raise ApiError("msg_blocks_too_long")


def check_view(view: Any) -> None:
    """Raise ``invalid_arguments`` or ``view_too_large``; modals only."""
    reasons = list(by_type({"modal": _VIEW})(view, "/view"))
    if not reasons:
        reasons = list(_across(view["blocks"], "/view/blocks"))
    if reasons:
        raise ApiError("invalid_arguments", reasons=reasons)
    if len(str(view).encode()) > VIEW_BYTES:
        raise ApiError("view_too_large")


def problems(blocks: Sequence[Any]) -> Iterator[str]:
    found = list(items(_BLOCK, most=MESSAGE_BLOCKS, least=0)(blocks, "/blocks"))
    yield from found
    if not found:
        yield from _across(blocks, "/blocks")


def weight(blocks: Sequence[dict[str, Any]]) -> int:
    """Characters of all texts plus an allowance a block: what ``msg_blocks_too_long`` is about."""
    return sum(len(plain.of_blocks([block])) + BLOCK_OVERHEAD_CHARACTERS for block in blocks)


def _across(blocks: Sequence[dict[str, Any]], at: str) -> Iterator[str]:
    """What no single field can show: unique ids, a section with something to say."""
    ids = [(block["block_id"], f"{at}/{index}/block_id") for index, block in enumerate(blocks) if "block_id" in block]
    yield from unique(ids, "block_id")
    for index, block in enumerate(blocks):
        held = block.get("elements", [])
        named = [
            (e["action_id"], f"{at}/{index}/elements/{i}/action_id") for i, e in enumerate(held) if "action_id" in e
        ]
        yield from unique(named, "action_id")
        if block["type"] == "section" and not block.keys() & {"text", "fields"}:
            yield problem("missing required field: text", f"{at}/{index}")
