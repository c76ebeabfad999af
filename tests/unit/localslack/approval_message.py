"""The message that an approval bot posts, as the tests here use it."""

from typing import Any

Block = dict[str, Any]

DIFF = " containers:\n-- image: shop/cart:1.4.2-typo\n++ image: shop/cart:1.4.1\n"


def button(text: str, action_id: str, **more: Any) -> Block:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text},
        "action_id": action_id,
        "value": "v1.abc",
    } | more


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def preformatted(text: str) -> Block:
    element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [element]}


def confirm() -> Block:
    text = {"type": "plain_text", "text": "Patch Deployment cart?"}
    return {"title": text, "text": text, "confirm": text, "deny": text}


def approval(state: str = "pending") -> list[Block]:
    buttons = [button("Approve", "approve", style="primary", confirm=confirm()), button("Reject", "reject")]
    blocks: list[Block] = [section(f"*cart* is {state}"), preformatted(DIFF)]
    return [*blocks, {"type": "actions", "block_id": "decide", "elements": buttons}] if state == "pending" else blocks
