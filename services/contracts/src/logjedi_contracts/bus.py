"""The Redis Streams bus: at least once, ordered by nobody, nothing lost silently.

XADD → XREADGROUP → effect → XACK last. What a dead consumer left is claimed by another; what cannot be handled is
parked on ``<stream>:dead`` with its error; what may work later stays pending and is tried again. Blocking reads
have a client of their own, since a blocked connection must not starve the others. See ADR 0003.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import redis.asyncio as redis
from redis.exceptions import RedisError

from logjedi_contracts import consuming, envelope, logs, metrics, signing, streams, trimming
from logjedi_contracts.errors import ConfigurationError, DependencyDown
from logjedi_contracts.subscription import Handler, Limits, Subscription

__all__ = ["Bus", "Handler", "Limits", "Subscription", "connect"]

log = logs.get(__name__)


@contextlib.asynccontextmanager
async def connect(
    url: str, *, timeout: timedelta = timedelta(seconds=0.5), limits: Limits | None = None
) -> AsyncIterator["Bus"]:
    """Make a bus on ``url``; nothing is sent before the first call.

    ``timeout`` bounds every answer of an ordinary command: a click must be told within a second that Redis is down.
    Raises ``ConfigurationError`` for an address that is none.
    """
    limits = limits or Limits()
    seconds = timeout.total_seconds()
    blocked = limits.block.total_seconds() + 8
    pool = _pool(url, connections=32, wait_s=seconds, answer_s=seconds, connect_s=seconds)
    waiting = _pool(url, connections=8, wait_s=blocked, answer_s=blocked, connect_s=2)
    try:
        yield Bus(redis.Redis(connection_pool=pool), redis.Redis(connection_pool=waiting), limits)
    finally:
        await pool.aclose()
        await waiting.aclose()


class Bus:
    """Publishes and consumes signed envelopes. ``client`` is open to adapters for scripts of their own."""

    def __init__(self, client: redis.Redis, waiting: redis.Redis, limits: Limits | None = None) -> None:
        self.client = client
        self._waiting = waiting
        self._limits = limits or Limits()

    async def publish(self, stream: str, sent: envelope.Envelope, signer: signing.Signer) -> str:
        """Append; return the entry's id. Raises ``DependencyDown`` when Redis does not answer."""
        fields = envelope.encode(sent, signer)
        async with _answering():
            entry_id = await self.client.xadd(stream, fields)  # type: ignore[arg-type]
        metrics.PUBLISHED.labels(stream=streams.family(stream), type=sent.type).inc()
        return str(entry_id)

    async def ping(self) -> None:
        """Raise ``DependencyDown`` unless Redis answers."""
        async with _answering():
            await self.client.ping()

    async def epoch(self, fresh: str) -> str:
        """Return the epoch key's value, setting it to ``fresh`` if there is none: a new Redis gets a new one."""
        async with _answering():
            while True:
                await self.client.set(streams.EPOCH, fresh, nx=True)
                if (found := await self.client.get(streams.EPOCH)) is not None:
                    return str(found)

    async def trim(self, stream: str) -> int:
        """Drop what every group has read and acknowledged; return how many entries went.

        Nothing goes while a stream has no group. Beyond the hard cap the oldest go all the same, with an alarm.
        """
        async with _answering():
            trimmed = await trimming.trim(self.client, stream, backlog=self._limits.backlog)
        metrics.BACKLOG.labels(stream=streams.family(stream)).set(trimmed.length)
        if trimmed.dropped:
            log.error("stream is over its hard cap, oldest entries dropped", stream=stream, dropped=trimmed.dropped)
            metrics.DROPPED.labels(stream=streams.family(stream)).inc(trimmed.dropped)
        return trimmed.finished + trimmed.dropped

    async def consume(self, sub: Subscription) -> None:
        """Serve a subscription until cancelled, through every outage of Redis."""
        clients = consuming.Clients(self.client, self._waiting)
        await consuming.Consumer(clients, self._limits, sub).run()


@contextlib.asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise DependencyDown("redis", consuming.cause(error)) from error


def _pool(
    url: str, *, connections: int, wait_s: float, answer_s: float, connect_s: float
) -> redis.BlockingConnectionPool:
    """``wait_s`` bounds the wait for a free connection. A retry here would only hide how long an answer takes."""
    try:
        return redis.BlockingConnectionPool.from_url(
            url, max_connections=connections, timeout=wait_s, socket_timeout=answer_s,
            socket_connect_timeout=connect_s, retry=None, decode_responses=True,
            encoding_errors="backslashreplace",  # others may write to Redis: bytes that are no text must not stop us
        )  # fmt: skip
    except ValueError:
        cure = "write redis://host:6379/0, rediss://… or unix://…"
        raise ConfigurationError([f"REDIS_URL: not an address of a Redis; {cure}"]) from None
