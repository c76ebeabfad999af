"""The ``chat.*`` methods: post, update, delete, ephemeral.

Each takes the workspace, the bot whose token called and the arguments, and gives the answer without
``ok``. Source: https://docs.slack.dev/reference/methods/chat.postMessage/ and its siblings.
"""

from typing import Any

from tests.localslack import blocks
from tests.localslack.arguments import required
from tests.localslack.errors import ApiError
from tests.localslack.model import Bot, Content, Json, Message
from tests.localslack.state import Workspace

# Slack cuts longer posts off with a warning; here they are refused, so that nobody relies on it.
POST_TEXT_CHARACTERS = 40_000
UPDATE_TEXT_CHARACTERS = 4_000


def post_message(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    channel = workspace.writable(_channel(arguments), bot, by_name=True)
    message = _message(workspace, bot, channel.id, arguments)
    workspace.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_json()}


def post_ephemeral(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    channel = workspace.writable(_channel(arguments), bot, by_name=True)
    user = required(arguments, "user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    message = _message(workspace, bot, channel.id, arguments)
    message.visible_to = user
    workspace.post(message)
    return {"message_ts": message.ts}


def update(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    message = own_message(workspace, bot, arguments)
    workspace.update(message, updated(message.content, arguments))
    text = message.content.text
    return {"channel": message.channel, "ts": message.ts, "text": text, "message": message.as_json()}


def delete(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    try:
        message = own_message(workspace, bot, arguments)
    except ApiError as error:
        raise ApiError(error.code.replace("cant_update", "cant_delete")) from error
    workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def own_message(workspace: Workspace, bot: Bot, arguments: Json) -> Message:
    """The message that ``channel`` and ``ts`` name; ``cant_update_message`` when another app wrote it."""
    channel = workspace.writable(_channel(arguments), bot)
    message = workspace.find(channel.id, required(arguments, "ts"))
    if message.author.bot_id != bot.bot_id:
        raise ApiError("cant_update_message")
    return message


def content(arguments: Json, *, text_limit: int = POST_TEXT_CHARACTERS) -> Content:
    """Raise ``no_text``, ``msg_too_long``, ``invalid_blocks`` and ``invalid_metadata_format``."""
    text = arguments.get("text") or ""
    given = arguments.get("blocks") or []
    if not isinstance(text, str):
        raise ApiError("invalid_arguments", reasons=["must be a string [json-pointer:/text]"])
    if len(text) > text_limit:
        raise ApiError("msg_too_long")
    blocks.check_message(given)
    if not text.strip() and not given and not arguments.get("attachments"):
        raise ApiError("no_text")
    return Content(text, tuple(given), _metadata(arguments.get("metadata")))


def updated(before: Content, arguments: Json) -> Content:
    """Blocks go when only text is given; metadata stays when none is given, ``{}`` removes it."""
    after = content(_kept(before, arguments), text_limit=UPDATE_TEXT_CHARACTERS)
    if arguments.get("metadata") is None:
        return Content(after.text, after.blocks, before.metadata)
    return after


def _kept(before: Content, arguments: Json) -> Json:
    if arguments.get("blocks") is None and not arguments.get("text"):
        raise ApiError("no_text")
    if arguments.get("text") is None and arguments.get("blocks"):
        return arguments | {"text": before.text[:UPDATE_TEXT_CHARACTERS]}
    return arguments


def _message(workspace: Workspace, bot: Bot, channel: str, arguments: Json) -> Message:
    versions = [content(arguments)]
    thread_ts = str(arguments.get("thread_ts") or "")
    if thread_ts:
        _check_thread(workspace, channel, thread_ts)
    return Message(workspace.new_ts(), channel, bot, workspace.team.id, versions, thread_ts)


def _check_thread(workspace: Workspace, channel: str, thread_ts: str) -> None:
    try:
        parent = workspace.find(channel, thread_ts)
    except ApiError as error:
        raise ApiError("thread_not_found") from error
    if parent.thread_ts:
        raise ApiError("cannot_reply_to_message")


def _channel(arguments: Json) -> str:
    channel = arguments.get("channel")
    if not isinstance(channel, str) or not channel:
        raise ApiError("channel_not_found")
    return channel


def _metadata(given: Any) -> Json | None:
    if not given:
        return None
    fits = isinstance(given, dict) and isinstance(given.get("event_type"), str)
    if not fits or not isinstance(given.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    return dict(given)
