"""The few Block Kit elements that we use, as plain JSON, and Slack's limits.

Foreign text goes only into ``plain_text`` with emoji off or ``text`` elements of rich text: neither parses markup, so
no mention, link or code fence can come of it. Reference: https://docs.slack.dev/reference/block-kit
"""

from collections.abc import Iterator, Sequence
from typing import Any

Block = dict[str, Any]
MAX_BLOCKS = 50
MAX_CHARACTERS = 8_000
"""Ours. Slack answers ``msg_blocks_too_long`` at about 13,200, a number that it does not document."""
MAX_PLAIN_TEXT = 3_000
MAX_HEADER = 150


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text)}


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text or " ", "emoji": False}


def fields(pairs: Sequence[tuple[str, str]]) -> Block:
    """Two columns, each a label of ours over a value. At most ten."""
    return {"type": "section", "fields": [plain(f"{label}\n{value}") for label, value in pairs]}


def labelled(label: str, text: str) -> Block:
    """A paragraph under a bold label."""
    bold = {"type": "text", "text": f"{label}\n", "style": {"bold": True}}
    return _rich([{"type": "rich_text_section", "elements": [bold, {"type": "text", "text": text or " "}]}])


def preformatted(label: str, text: str) -> Block:
    """A bold label over monospaced lines."""
    bold = {"type": "text", "text": label, "style": {"bold": True}}
    return _rich(
        [
            {"type": "rich_text_section", "elements": [bold]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text or " "}]},
        ]
    )


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [plain(text) for text in texts if text]}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "block_id": "logjedi_decision", "elements": list(elements)}


def characters(blocks: Sequence[Block]) -> int:
    """Count the characters of every text in the blocks."""
    return sum(len(text) for text in _texts(list(blocks)))


def check(blocks: Sequence[Block]) -> None:
    """Raise ``ValueError`` if Slack would refuse the blocks: a defect of ours, found before Slack finds it."""
    if len(blocks) > MAX_BLOCKS:
        raise ValueError(f"{len(blocks)} blocks, {MAX_BLOCKS} are allowed")
    if (total := characters(blocks)) > MAX_CHARACTERS:
        raise ValueError(f"{total} characters, {MAX_CHARACTERS} are allowed")
    if any(not text or len(text) > MAX_PLAIN_TEXT for text in _texts(list(blocks))):
        raise ValueError(f"a text that is empty or longer than {MAX_PLAIN_TEXT} characters")


def _rich(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": elements}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "text" and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)
