"""How much of a stream may go: only what every group has read and acknowledged, unless it outgrows its cap.

Called from time to time by whoever publishes or serves a stream. See ADR 0003.
"""

from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from redis.exceptions import ResponseError


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Entries gone because nobody needs them, entries gone although somebody might, entries left."""

    finished: int = 0
    dropped: int = 0
    length: int = 0


async def trim(client: redis.Redis, stream: str, *, backlog: int) -> Trimmed:
    """Drop what is finished with; beyond ``backlog`` entries drop the oldest all the same.

    Nothing counts as finished with while a stream has no group: its first reader starts at 0.
    """
    finished = 0
    if oldest := await _oldest_needed(client, stream):
        finished = int(await client.xtrim(stream, minid=oldest, approximate=False))
    length = int(await client.xlen(stream))
    if length <= backlog:
        return Trimmed(finished, 0, length)
    dropped = int(await client.xtrim(stream, maxlen=backlog, approximate=False))
    return Trimmed(finished, dropped, length - dropped)


async def _oldest_needed(client: redis.Redis, stream: str) -> str | None:
    """The oldest id that any group still needs. ``None``: no such stream, or no group yet."""
    try:
        groups = await client.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" in str(error).lower():
            return None
        raise
    needed = [await _needed_by(client, stream, group) for group in groups]
    return min(needed, key=_order, default=None)


async def _needed_by(client: redis.Redis, stream: str, group: dict[str, Any]) -> str:
    # Last-delivered is older news than pending: what is delivered in between is newer than both, and stays.
    pending = await client.xpending(stream, group["name"])
    delivered = str(group["last-delivered-id"])
    return min(delivered, str(pending["min"]), key=_order) if pending["pending"] else delivered


def _order(entry_id: str) -> tuple[int, int]:
    time_ms, _, sequence = entry_id.partition("-")
    return int(time_ms), int(sequence or 0)
