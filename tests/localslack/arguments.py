"""A Web API call's arguments, however they came: query, form or JSON.

slack_sdk sends ``chat.*`` as JSON and most else as query or form, where lists and objects are JSON text.
"""

import json
from typing import Any

from aiohttp import web

from tests.localslack.errors import ApiError
from tests.localslack.model import Json

_STRUCTURED = ("blocks", "metadata", "attachments", "view", "files")


async def read(request: web.Request) -> Json:
    """Raise ``invalid_json`` or ``invalid_form_data``."""
    found: Json = dict(request.query)
    if request.content_type == "application/json":
        found |= _object(await request.text())
    elif request.can_read_body:
        form = await request.post()
        found |= {key: value for key, value in form.items() if isinstance(value, str)}
    return {key: _structured(key, value) for key, value in found.items()}


def flag(arguments: Json, name: str) -> bool:
    return arguments.get(name) in {True, "1", "true", "True"}


def required(arguments: Json, name: str) -> str:
    """Raise ``invalid_arguments`` as Slack does for a missing field."""
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError("invalid_arguments", reasons=[f"missing required field: {name}"])
    return value


def number(arguments: Json, name: str, *, default: int, most: int) -> int:
    try:
        value = int(arguments.get(name, default))
    except (TypeError, ValueError) as error:
        raise ApiError("invalid_limit") from error
    return max(1, min(value, most))


def _object(text: str) -> Json:
    try:
        body = json.loads(text or "{}")
    except ValueError as error:
        raise ApiError("invalid_json") from error
    if not isinstance(body, dict):
        raise ApiError("json_not_object")
    return body


def _structured(key: str, value: Any) -> Any:
    if key not in _STRUCTURED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ApiError(f"invalid_{key}_format" if key in {"blocks", "metadata"} else "invalid_arguments") from error
