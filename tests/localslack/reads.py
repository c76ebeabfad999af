"""The reading methods: auth, conversations, users, user groups.

The same shape as ``chat``: ``(workspace, bot, arguments) -> answer without ok``.
"""

from tests.localslack.arguments import flag, number, required
from tests.localslack.errors import ApiError
from tests.localslack.model import Bot, Channel, Json, Message, User
from tests.localslack.state import Workspace


def auth_test(workspace: Workspace, bot: Bot, _: Json) -> Json:
    team = workspace.team
    return {
        "url": f"https://{team.domain}.slack.com/", "team": team.name, "team_id": team.id, "user": bot.name.lower(),
        "user_id": bot.user_id, "bot_id": bot.bot_id, "is_enterprise_install": False,
    }  # fmt: skip


def history(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    """Newest first, replies left out, ``oldest`` and ``latest`` exclusive unless ``inclusive``."""
    channel = _readable(workspace, bot, arguments)
    top = [message for message in workspace.in_channel(channel.id) if not message.thread_ts]
    return _page(workspace, _between(top, arguments)[::-1], arguments)


def replies(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    """The parent, then its replies, oldest first."""
    channel = _readable(workspace, bot, arguments)
    ts = required(arguments, "ts")
    thread = [message for message in workspace.in_channel(channel.id) if ts in {message.ts, message.thread_ts}]
    if not thread:
        raise ApiError("thread_not_found")
    return _page(workspace, _between(thread, arguments), arguments)


def conversation_info(workspace: Workspace, bot: Bot, arguments: Json) -> Json:
    channel = workspace.channel(required(arguments, "channel"))
    return {"channel": channel.as_json() | {"is_member": bot.user_id in channel.members}}


def user_info(workspace: Workspace, _: Bot, arguments: Json) -> Json:
    user = workspace.users.get(required(arguments, "user"))
    if user is None:
        raise ApiError("user_not_found")
    return {"user": _user(user)}


def usergroup_users(workspace: Workspace, _: Bot, arguments: Json) -> Json:
    group = workspace.usergroups.get(required(arguments, "usergroup"))
    if group is None:
        raise ApiError("no_such_subteam")
    return {"users": list(group.members)}


def _readable(workspace: Workspace, bot: Bot, arguments: Json) -> Channel:
    channel = workspace.channel(required(arguments, "channel"))
    if bot.user_id not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _between(messages: list[Message], arguments: Json) -> list[Message]:
    oldest, latest = (str(arguments.get(name) or "") for name in ("oldest", "latest"))
    exact = {oldest, latest} if flag(arguments, "inclusive") else set()
    return [
        message
        for message in messages
        if message.ts in exact
        or ((not oldest or float(message.ts) > float(oldest)) and (not latest or float(message.ts) < float(latest)))
    ]


def _page(workspace: Workspace, messages: list[Message], arguments: Json) -> Json:
    limit = number(arguments, "limit", default=100, most=999)
    start = int(arguments.get("cursor") or 0)
    shown = messages[start : start + limit]
    more = start + limit < len(messages)
    metadata = flag(arguments, "include_all_metadata")
    answer: Json = {"messages": [_with_replies(workspace, m, metadata=metadata) for m in shown], "has_more": more}
    return answer | ({"response_metadata": {"next_cursor": str(start + limit)}} if more else {})


def _with_replies(workspace: Workspace, message: Message, *, metadata: bool) -> Json:
    body = message.as_json(metadata=metadata)
    count = sum(other.thread_ts == message.ts for other in workspace.in_channel(message.channel))
    return body | ({"reply_count": count, "thread_ts": message.ts} if count else {})


def _user(user: User) -> Json:
    names = {"real_name": user.real_name, "display_name": user.real_name}
    return {
        "id": user.id, "team_id": user.team_id, "name": user.name, "real_name": user.real_name,
        "deleted": user.deleted, "is_bot": user.is_bot, "is_restricted": False, "profile": names,
    }  # fmt: skip
