"""The workspace's state and what posting, updating and deleting does to it.

Called by the Web API methods and by ``response_url``. It answers with Slack's error codes and
wakes whoever waits for a change. Everything runs on one event loop, so nothing here is locked.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from tests.localslack.errors import ApiError
from tests.localslack.model import Bot, Channel, Content, Json, Message, Team, User, UserGroup

DEFAULT_BOT = Bot("xoxb-local", "U0LOGJEDI", "B0LOGJEDI", "A0LOGJEDI", "LogJedi")
PEOPLE = (User("U0ALICE", "alice", "Alice"), User("U0BOB", "bob", "Bob"), User("U0MALLORY", "mallory", "Mallory"))
CHANNEL_ID = "C0APPROVALS"


@dataclass(slots=True)
class Workspace:
    """A team with one bot, three people and one channel that they are all in, unless told otherwise."""

    team: Team = field(default_factory=Team)
    bots: dict[str, Bot] = field(default_factory=lambda: {DEFAULT_BOT.token: DEFAULT_BOT})
    users: dict[str, User] = field(default_factory=lambda: {user.id: user for user in PEOPLE})
    channels: dict[str, Channel] = field(default_factory=dict)
    usergroups: dict[str, UserGroup] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    views: dict[str, Json] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _by_ts: dict[str, Message] = field(default_factory=dict)
    _last_us: int = 0

    def __post_init__(self) -> None:
        for bot in self.bots.values():
            self.users.setdefault(bot.user_id, User(bot.user_id, bot.name.lower(), bot.name, is_bot=True))
        if not self.channels:
            self.add_channel(CHANNEL_ID, "approvals")

    def add_channel(self, channel_id: str, name: str, *, members: Iterable[str] | None = None) -> Channel:
        """``members`` of None: everyone, bots included."""
        channel = Channel(channel_id, name, set(self.users if members is None else members))
        self.channels[channel_id] = channel
        return channel

    def add_usergroup(self, group_id: str, handle: str, members: Iterable[str]) -> UserGroup:
        group = UserGroup(group_id, handle, list(members))
        self.usergroups[group_id] = group
        return group

    def add_bot(self, bot: Bot) -> None:
        """A second app in the workspace; it joins every channel."""
        self.bots[bot.token] = bot
        self.users[bot.user_id] = User(bot.user_id, bot.name.lower(), bot.name, is_bot=True)
        for channel in self.channels.values():
            channel.members.add(bot.user_id)

    def new_ts(self) -> str:
        """Slack's id of a message: seconds and microseconds, unique and rising."""
        self._last_us = max(self._last_us + 1, time.time_ns() // 1000)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06}"

    def channel(self, channel_id: str, *, by_name: bool = False) -> Channel:
        if by_name and channel_id.startswith("#"):
            named = [channel for channel in self.channels.values() if channel.name == channel_id[1:]]
            channel_id = named[0].id if named else channel_id
        if channel_id not in self.channels:
            raise ApiError("channel_not_found")
        return self.channels[channel_id]

    def writable(self, channel_id: str, bot: Bot, *, by_name: bool = False) -> Channel:
        """The channel, if ``bot`` may write there; names with ``#`` only where Slack takes them."""
        channel = self.channel(channel_id, by_name=by_name)
        if channel.is_archived:
            raise ApiError("is_archived")
        if bot.user_id not in channel.members:
            raise ApiError("not_in_channel")
        return channel

    def find(self, channel_id: str, ts: str) -> Message:
        """The visible message; Slack keeps ephemerals out of reach of every method."""
        message = self._by_ts.get(ts)
        if message is None or message.channel != channel_id or message.deleted or message.is_ephemeral:
            raise ApiError("message_not_found")
        return message

    def in_channel(self, channel_id: str) -> list[Message]:
        return [m for m in self.messages if m.channel == channel_id and not m.deleted and not m.is_ephemeral]

    def post(self, message: Message) -> Message:
        message.versions = [self._stored(version) for version in message.versions]
        self.messages.append(message)
        self._by_ts[message.ts] = message
        self._wake()
        return message

    def update(self, message: Message, content: Content) -> None:
        """Add a version; the "edited" flag appears only on messages without blocks, as on Slack."""
        message.versions.append(self._stored(content))
        message.edited_ts = "" if content.blocks else self.new_ts()
        self._wake()

    def delete(self, message: Message) -> None:
        message.deleted = True
        self._wake()

    async def change(self) -> None:
        """Return after the next post, update, deletion or view."""
        await self._changed.wait()

    def touched(self) -> None:
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _stored(self, content: Content) -> Content:
        """As Slack stores it: every block has an id, every text object says how it is read."""
        blocks = [_with_defaults(block) for block in deepcopy(list(content.blocks))]
        for block in blocks:
            block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        return replace(content, blocks=tuple(blocks))


def _with_defaults(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_defaults(child) for child in node]
    if not isinstance(node, dict):
        return node
    filled = {key: value if key == "metadata" else _with_defaults(value) for key, value in node.items()}
    if filled.get("type") == "plain_text":
        filled.setdefault("emoji", True)
    if filled.get("type") == "mrkdwn":
        filled.setdefault("verbatim", False)
    return filled
