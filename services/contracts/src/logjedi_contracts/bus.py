"""The Redis Streams bus: at least once, ordered by nobody, nothing lost silently.

XADD → XREADGROUP → effect → XACK last. What a dead consumer left is claimed by another; what cannot be handled is
parked on ``<stream>:dead`` with its error; what may work later stays pending and is tried again. Blocking reads
have a client of their own, since a blocked connection must not starve the others. See ADR 0003.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from logjedi_contracts import envelope, logs, metrics, signing, streams
from logjedi_contracts.errors import DependencyDown, MessageRejected, PermanentError, TemporaryError

log = logs.get(__name__)

Handler = Callable[[envelope.Received], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient and how long a stream is. The numbers are choices, not measurements."""

    block: timedelta = timedelta(seconds=2)
    claim_after: timedelta = timedelta(seconds=30)
    """A message pending longer than this belongs to a dead consumer."""
    deliveries: int = 5
    """Unexpected failures of one message before it is parked."""
    batch: int = 16
    backlog: int = 100_000
    """Hard cap of a stream's length; reaching it drops the oldest entries and raises an alarm."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream entry as read: its id and its string fields."""

    entry_id: str
    fields: dict[str, str]


@dataclass(slots=True)
class Subscription:
    """Who reads what: one group's consumer on one stream."""

    stream: str
    group: str
    consumer: str
    handler: Handler
    keys: signing.KeyRing
    concurrency: int = 8
    failures: dict[str, int] = field(default_factory=dict)
    later: dict[str, tuple[float, Entry]] = field(default_factory=dict)
    """Entries to try again, by id: (monotonic time in s, entry). They stay pending in Redis meanwhile."""


@contextlib.asynccontextmanager
async def connect(url: str, *, timeout: timedelta = timedelta(seconds=0.5)) -> AsyncIterator["Bus"]:
    """Make a bus on ``url``; nothing is sent before the first call.

    ``timeout`` bounds every answer of an ordinary command: a click must be told within a second that Redis is down.
    """
    seconds = timeout.total_seconds()
    pool = redis.BlockingConnectionPool.from_url(
        url, max_connections=32, timeout=2, socket_timeout=seconds, socket_connect_timeout=seconds,
        retry=None, decode_responses=True,
    )  # fmt: skip
    waiting = redis.BlockingConnectionPool.from_url(
        url, max_connections=8, timeout=10, socket_timeout=10, socket_connect_timeout=2,
        retry=None, decode_responses=True,
    )  # fmt: skip
    try:
        yield Bus(redis.Redis(connection_pool=pool), redis.Redis(connection_pool=waiting))
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
        try:
            entry_id = await self.client.xadd(stream, envelope.encode(sent, signer))  # type: ignore[arg-type]
        except RedisError as error:
            raise DependencyDown("redis", _cause(error)) from error
        metrics.PUBLISHED.labels(stream=_family(stream), type=sent.type).inc()
        return str(entry_id)

    async def ping(self) -> None:
        """Raise ``DependencyDown`` unless Redis answers."""
        try:
            await self.client.ping()
        except RedisError as error:
            raise DependencyDown("redis", _cause(error)) from error

    async def epoch(self, fresh: str) -> str:
        """Return the epoch key's value, setting it to ``fresh`` if there is none: a new Redis gets a new one."""
        try:
            await self.client.set(streams.EPOCH, fresh, nx=True)
            return str(await self.client.get(streams.EPOCH))
        except RedisError as error:
            raise DependencyDown("redis", _cause(error)) from error

    async def trim(self, stream: str) -> int:
        """Drop what every group has read and acknowledged; return how many entries went.

        Nothing goes while a stream has no group. Beyond the hard cap the oldest go all the same, with an alarm.
        """
        try:
            groups = await self.client.xinfo_groups(stream)
        except ResponseError:
            return 0  # no such stream yet
        if not groups:
            return 0
        oldest = [await self._oldest_needed(stream, group) for group in groups]
        removed = int(await self.client.xtrim(stream, minid=min(oldest, key=_order), approximate=False))
        length = int(await self.client.xlen(stream))
        metrics.BACKLOG.labels(stream=_family(stream)).set(length)
        if length > self._limits.backlog:
            dropped = int(await self.client.xtrim(stream, maxlen=self._limits.backlog, approximate=False))
            log.error("stream is over its hard cap, oldest entries dropped", stream=stream, dropped=dropped)
            metrics.DROPPED.labels(stream=_family(stream)).inc(dropped)
            removed += dropped
        return removed

    async def _oldest_needed(self, stream: str, group: dict[str, Any]) -> str:
        pending = await self.client.xpending(stream, group["name"])
        delivered = str(group["last-delivered-id"])
        first = pending["min"] if pending["pending"] else None
        return min(delivered, str(first), key=_order) if first else delivered

    async def consume(self, sub: Subscription) -> None:
        """Serve a subscription until cancelled, through every outage of Redis."""
        delay = 0.1
        while True:
            try:
                await self._ensure_group(sub)
                await self._recover(sub)
                while True:
                    await self._handle_all(sub, await self._next(sub))
                    delay = 0.1
            except (RedisError, OSError) as error:
                # NOGROUP is how an emptied Redis answers: the group is made again at once.
                log.warning("stream cannot be read, trying again", stream=sub.stream, cause=_cause(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)

    async def _ensure_group(self, sub: Subscription) -> None:
        try:
            await self._waiting.xgroup_create(sub.stream, sub.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _next(self, sub: Subscription) -> list[Entry]:
        """Collect what is due for another try, what a dead consumer left, and what is new (blocking)."""
        now = time.monotonic()
        due = [entry for when, entry in sub.later.values() if when <= now]
        for entry in due:
            del sub.later[entry.entry_id]
        idle_ms = int(self._limits.claim_after.total_seconds() * 1000)
        claimed: Any = await self._waiting.xautoclaim(
            sub.stream, sub.group, sub.consumer, min_idle_time=idle_ms, count=self._limits.batch
        )
        seen = {entry.entry_id for entry in due} | sub.later.keys()
        due += [entry for entry in _entries(claimed[1]) if entry.entry_id not in seen]
        block_ms = None if due else self._wait_ms(sub)
        return due + await self._read(sub, ">", block_ms)

    async def _read(self, sub: Subscription, after: str, block_ms: int | None) -> list[Entry]:
        """Read new entries (``>``), or this consumer's own pending ones (from an id on)."""
        answer: Any = await self._waiting.xreadgroup(
            sub.group, sub.consumer, {sub.stream: after}, count=self._limits.batch, block=block_ms
        )
        return [entry for _, rows in answer or [] for entry in _entries(rows)]

    async def _recover(self, sub: Subscription) -> None:
        """Handle what this consumer had read before it was killed, without waiting for the claim time."""
        after = "0"
        while entries := await self._read(sub, after, None):
            after = entries[-1].entry_id
            await self._handle_all(sub, [entry for entry in entries if entry.entry_id not in sub.later])

    def _wait_ms(self, sub: Subscription) -> int:
        block_ms = int(self._limits.block.total_seconds() * 1000)
        if not sub.later:
            return block_ms
        soonest = min(when for when, _ in sub.later.values()) - time.monotonic()
        return max(1, min(block_ms, int(soonest * 1000)))

    async def _handle_all(self, sub: Subscription, entries: list[Entry]) -> None:
        gate = asyncio.Semaphore(sub.concurrency)

        async def one(entry: Entry) -> None:
            async with gate:
                await self._handle(sub, entry)

        await asyncio.gather(*(one(entry) for entry in entries))

    async def _handle(self, sub: Subscription, entry: Entry) -> None:
        """Run the handler and decide what becomes of the entry: acknowledged, kept for later, or parked."""
        try:
            received = envelope.decode(entry.fields, sub.keys)
            with logs.about(received.envelope.analysis):
                await sub.handler(received)
        except TemporaryError as error:
            log.warning("message kept for later", stream=sub.stream, entry=entry.entry_id, cause=str(error))
            sub.later[entry.entry_id] = (time.monotonic() + error.delay_s, entry)
            metrics.CONSUMED.labels(stream=_family(sub.stream), result="later").inc()
        except PermanentError as error:
            await self._park(sub, entry, error)
        except (RedisError, OSError):
            sub.later[entry.entry_id] = (time.monotonic() + 1.0, entry)
            raise
        except Exception as error:  # the outermost guard: a defect must not stop the stream, nor lose the entry
            failures = sub.failures.get(entry.entry_id, 0) + 1
            sub.failures[entry.entry_id] = failures
            log.exception("message could not be handled", stream=sub.stream, entry=entry.entry_id, failures=failures)
            if failures >= self._limits.deliveries:
                await self._park(sub, entry, error)
            else:
                sub.later[entry.entry_id] = (time.monotonic() + 0.2 * 2**failures, entry)
        else:
            await self._acknowledge(sub, entry, "handled")

    async def _park(self, sub: Subscription, entry: Entry, error: Exception) -> None:
        """Move an entry to the dead letters in one step with its acknowledgement."""
        cause = str(error) if isinstance(error, PermanentError) else type(error).__name__
        log.error("message parked", stream=sub.stream, entry=entry.entry_id, cause=cause)
        async with self.client.pipeline(transaction=True) as step:
            step.xadd(
                streams.dead(sub.stream),
                {**entry.fields, "error": cause, "entry": entry.entry_id, "group": sub.group},  # type: ignore[dict-item]
                maxlen=10_000,
            )
            step.xack(sub.stream, sub.group, entry.entry_id)
            await step.execute()
        sub.failures.pop(entry.entry_id, None)
        result = "rejected" if isinstance(error, MessageRejected) else "parked"
        metrics.CONSUMED.labels(stream=_family(sub.stream), result=result).inc()

    async def _acknowledge(self, sub: Subscription, entry: Entry, result: str) -> None:
        await self.client.xack(sub.stream, sub.group, entry.entry_id)
        sub.failures.pop(entry.entry_id, None)
        metrics.CONSUMED.labels(stream=_family(sub.stream), result=result).inc()


def _entries(rows: list[Any]) -> list[Entry]:
    """Read redis-py's rows; an entry that was trimmed while pending has no fields and is skipped."""
    return [Entry(str(entry_id), dict(fields)) for entry_id, fields in rows if fields]


def _order(entry_id: str) -> tuple[int, int]:
    time_ms, _, sequence = entry_id.partition("-")
    return int(time_ms), int(sequence or 0)


def _family(stream: str) -> str:
    """Drop the cluster from a stream's name: metric labels must stay few."""
    return ":".join(stream.split(":")[:2])


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
