"""What a workspace is made of: its team, people, bots, channels, user groups and messages.

A message keeps every version that it ever had, so that a test can say
"pending, then approved, then applied, then verified". Knows neither HTTP nor Block Kit's limits.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.localslack import plain

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Team:
    id: str = "T0LOCAL"
    domain: str = "logjedi-local"
    name: str = "LogJedi local"


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    real_name: str
    is_bot: bool = False
    deleted: bool = False
    team_id: str = "T0LOCAL"


@dataclass(frozen=True, slots=True)
class Bot:
    token: str
    user_id: str
    bot_id: str
    app_id: str
    name: str


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    is_archived: bool = False

    def as_json(self) -> Json:
        return {
            "id": self.id, "name": self.name, "is_channel": True, "is_private": False,
            "is_archived": self.is_archived, "num_members": len(self.members),
        }  # fmt: skip


@dataclass(slots=True)
class UserGroup:
    id: str
    handle: str
    members: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Content:
    """What a post or an update may change. ``blocks`` are stored as Slack stores them, with block ids."""

    text: str = ""
    blocks: tuple[Json, ...] = ()
    metadata: Json | None = None

    @property
    def plain(self) -> str:
        """All that a reader sees, one block a line; ``text`` where there are no blocks."""
        return plain.of_blocks(self.blocks) if self.blocks else self.text


@dataclass(slots=True)
class Message:
    ts: str
    channel: str
    author: Bot
    team_id: str
    versions: list[Content]
    thread_ts: str = ""
    visible_to: str = ""
    edited_ts: str = ""
    deleted: bool = False
    files: list[Json] = field(default_factory=list)

    @property
    def content(self) -> Content:
        return self.versions[-1]

    @property
    def plain(self) -> str:
        return self.content.plain

    @property
    def history(self) -> list[str]:
        """The plain text of every version, oldest first."""
        return [version.plain for version in self.versions]

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.visible_to)

    def elements(self) -> Iterator[tuple[str, Json]]:
        """Each interactive element with the id of the block that holds it."""
        for block in self.content.blocks:
            held = [*block.get("elements", []), block.get("accessory") or {}]
            yield from ((block["block_id"], element) for element in held if "action_id" in element)

    def as_json(self, *, metadata: bool = True) -> Json:
        """The message as ``conversations.history`` and ``block_actions`` carry it."""
        body: Json = {
            "type": "message", "user": self.author.user_id, "bot_id": self.author.bot_id,
            "app_id": self.author.app_id, "team": self.team_id, "ts": self.ts, "text": self.content.text,
            "blocks": deepcopy(list(self.content.blocks)),
        }  # fmt: skip
        extra: Json = {"thread_ts": self.thread_ts, "files": self.files}
        if self.edited_ts:
            extra["edited"] = {"user": self.author.bot_id, "ts": self.edited_ts}
        if metadata and self.content.metadata:
            extra["metadata"] = deepcopy(self.content.metadata)
        return body | {key: value for key, value in extra.items() if value}
