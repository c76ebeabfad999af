"""The words of Block Kit blocks, without markup: what a test searches and a notification shows. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

_NESTED = ("text", "title", "label", "alt_text", "fields", "elements", "accessory", "element", "options")


def of_blocks(blocks: Iterable[dict[str, Any]]) -> str:
    """One line a block, its texts in reading order; preformatted text keeps its own lines."""
    return "\n".join(line for line in (_joined(block) for block in blocks) if line)


def _joined(block: dict[str, Any]) -> str:
    glue = "" if block.get("type") in {"rich_text", "rich_text_section"} else " "
    return glue.join(_texts(block))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)
    elif isinstance(node, dict):
        yield from _of_object(node)


def _of_object(node: dict[str, Any]) -> Iterator[str]:
    match node.get("type"):
        case "emoji":
            yield f":{node.get('name', '')}:"
        case "user":
            yield f"@{node.get('user_id', '')}"
        case "link" if not node.get("text"):
            yield str(node.get("url", ""))
        case _:
            for key in _NESTED:
                yield from _texts(node.get(key))
