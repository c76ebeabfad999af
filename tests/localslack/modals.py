"""A modal's form fields as the ``state.values`` that Slack sends, and the errors that come back. Pure."""

import json
from collections.abc import Mapping

from tests.localslack.model import Json

OURS = frozenset({"opened_for", "errors"})
"""Keys of a kept view that Slack does not send."""


def values(view: Json, form: Mapping[str, str]) -> Json:
    """``form`` is keyed ``block_id/action_id``; what was left empty is null, as on Slack."""
    found: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            action_id = element.get("action_id", "input")
            given = form.get(f"{block['block_id']}/{action_id}") or None
            found[block["block_id"]] = {action_id: _value(element, given)}
    return found


def errors(shown: str, body: str) -> Json:
    """By block id, as ``response_action: errors`` names them; what the person was ``shown`` is under ``""``."""
    if shown:
        return {"": shown}
    try:
        answer = json.loads(body or "{}")
    except ValueError:
        return {"": "The app's answer could not be understood."}
    return dict(answer.get("errors") or {}) if answer.get("response_action") == "errors" else {}


def _value(element: Json, given: str | None) -> Json:
    kind = element["type"]
    if kind == "plain_text_input":
        return {"type": kind, "value": given}
    chosen = next((option for option in element.get("options", []) if option["value"] == given), None)
    return {"type": kind, "selected_option": chosen}
