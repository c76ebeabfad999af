"""One consumer of one stream: at least once, acknowledged last, nothing lost silently.

Every message in hand has a task of its own that lives until the message is acknowledged or parked: it waits there
for its next try, and for Redis to take the acknowledgement, while others are served. What a killed consumer left
is read again by its namesake at once, and claimed by any other after a while. Called by ``Bus.consume``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from logjedi_contracts import envelope, logs, metrics, streams
from logjedi_contracts.errors import MessageRejected, PermanentError, TemporaryError
from logjedi_contracts.subscription import Limits, Subscription

log = logs.get(__name__)

PARKED = 10_000
"""Dead letters kept for each stream. An arbitrary bound: somebody is alarmed at the first."""
_OUTAGES = (RedisError, ConnectionError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream entry as read: its id and its string fields."""

    entry_id: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Clients:
    """``waiting`` blocks in reads, so it must not be the one that acknowledges."""

    ordinary: redis.Redis
    waiting: redis.Redis


class Consumer:
    """Serves one subscription."""

    def __init__(self, clients: Clients, limits: Limits, sub: Subscription) -> None:
        self._clients = clients
        self._limits = limits
        self._sub = sub
        self._held: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(sub.concurrency)

    async def run(self) -> None:
        """Read and handle until cancelled, through every outage of Redis."""
        async with asyncio.TaskGroup() as tasks:
            delay_s = 0.1
            while True:
                try:
                    await self._ensure_group()
                    await self._recover(tasks)
                    while True:
                        self._take(tasks, await self._next())
                        _stop_if_cancelled()
                        delay_s = 0.1
                        await self._room()
                except (RedisError, OSError) as error:
                    # NOGROUP is how an emptied Redis answers: the group is made again at once.
                    log.warning("stream cannot be read, trying again", stream=self._sub.stream, cause=cause(error))
                    await asyncio.sleep(delay_s)
                    delay_s = min(delay_s * 2, 5.0)

    async def _ensure_group(self) -> None:
        try:
            await self._clients.waiting.xgroup_create(self._sub.stream, self._sub.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _recover(self, tasks: asyncio.TaskGroup) -> None:
        """Take up what this consumer had read before it was killed, without waiting for the claim time."""
        after = "0"
        while rows := await self._read(after, None):
            after = str(rows[-1][0])
            self._take(tasks, await self._entries(rows))
            _stop_if_cancelled()
            await self._room()

    async def _next(self) -> list[Entry]:
        """Collect what a dead consumer left and what is new, waiting for the latter if there is nothing else."""
        claimed: Any = await self._clients.waiting.xautoclaim(
            self._sub.stream,
            self._sub.group,
            self._sub.consumer,
            min_idle_time=_ms(self._limits.claim_after.total_seconds()),
            count=self._limits.batch,
        )
        _stop_if_cancelled()
        left = [entry for entry in await self._entries(claimed[1]) if entry.entry_id not in self._held]
        return left + await self._entries(
            await self._read(">", None if left else _ms(self._limits.block.total_seconds()))
        )

    async def _read(self, after: str, block_ms: int | None) -> list[Any]:
        """Read rows of new entries (``>``), or of this consumer's own pending ones (from an id on)."""
        answer: Any = await self._clients.waiting.xreadgroup(
            self._sub.group,
            self._sub.consumer,
            {self._sub.stream: after},
            count=self._limits.batch,
            block=block_ms,
        )
        return [row for _, rows in answer or [] for row in rows]

    async def _entries(self, rows: list[Any]) -> list[Entry]:
        """Read redis-py's rows. What was trimmed while pending has no fields left and is done with."""
        if gone := [str(entry_id) for entry_id, fields in rows if entry_id and not fields]:
            log.error("pending entries are gone from their stream", stream=self._sub.stream, entries=len(gone))
            await self._clients.ordinary.xack(self._sub.stream, self._sub.group, *gone)
        return [Entry(str(entry_id), dict(fields)) for entry_id, fields in rows if fields]

    def _take(self, tasks: asyncio.TaskGroup, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.entry_id not in self._held:
                self._held[entry.entry_id] = tasks.create_task(self._settle(entry), name=entry.entry_id)
                self._held[entry.entry_id].add_done_callback(self._let_go)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        self._held.pop(task.get_name(), None)

    async def _room(self) -> None:
        """Wait until a handler could start: what is not read yet can go to another replica."""
        async with self._gate:
            pass
        while len(self._held) >= self._limits.held:
            await asyncio.wait(self._held.values(), return_when=asyncio.FIRST_COMPLETED)

    async def _settle(self, entry: Entry) -> None:
        """See one entry through: to its acknowledgement, or to the dead letters."""
        try:
            received = envelope.decode(entry.fields, self._sub.keys)
        except PermanentError as error:
            await self._park(entry, error)
            return
        with logs.about(received.envelope.analysis):
            problem = await self._handle(entry, received)
            await (self._park(entry, problem) if problem else self._acknowledge(entry))

    async def _handle(self, entry: Entry, received: envelope.Received) -> Exception | None:
        """Run the handler, again and again where that can help; return why it is given up."""
        failures, again_s = 0, self._limits.again_after.total_seconds()
        while True:
            try:
                async with self._gate:
                    await self._sub.handler(received)
            except TemporaryError as error:
                await self._later(entry, error, error.delay_s)
            except _OUTAGES as error:  # untranslated by an adapter, and still nothing that parking could mend
                await self._later(entry, error, again_s)
            except PermanentError as error:
                return error
            except Exception as error:  # the outermost guard: a defect must not stop the stream, nor lose the entry
                failures += 1
                log.exception("message could not be handled", **self._about(entry), failures=failures)
                if failures >= self._limits.deliveries:
                    return error
                await self._later(entry, error, again_s * 2 ** (failures - 1))
            else:
                return None

    async def _later(self, entry: Entry, error: Exception, delay_s: float) -> None:
        log.warning("message kept for later", **self._about(entry), cause=cause(error), delay_s=delay_s)
        self._count("later")
        _stop_if_cancelled()
        await asyncio.sleep(delay_s)

    async def _park(self, entry: Entry, error: Exception) -> None:
        """Move an entry to the dead letters in one step with its acknowledgement."""
        # The text of an unexpected error may quote the message; its type must do.
        said = str(error) if isinstance(error, PermanentError) else type(error).__name__
        log.error("message parked", **self._about(entry), cause=said)

        async def step() -> None:
            async with self._clients.ordinary.pipeline(transaction=True) as both:
                letter = {**entry.fields, "error": said, "entry": entry.entry_id, "group": self._sub.group}
                both.xadd(streams.dead(self._sub.stream), letter, maxlen=PARKED)  # type: ignore[arg-type]
                both.xack(self._sub.stream, self._sub.group, entry.entry_id)
                await both.execute()

        await self._insist(entry, step)
        self._count("rejected" if isinstance(error, MessageRejected) else "parked")

    async def _acknowledge(self, entry: Entry) -> None:
        async def step() -> None:
            await self._clients.ordinary.xack(self._sub.stream, self._sub.group, entry.entry_id)

        await self._insist(entry, step)
        self._count("handled")

    async def _insist(self, entry: Entry, step: Callable[[], Awaitable[None]]) -> None:
        """Repeat ``step`` until Redis takes it: what has had its effect must not have it again."""
        delay_s = 0.1
        while True:
            try:
                return await step()
            except (RedisError, OSError) as error:
                log.warning("message cannot be acknowledged, trying again", **self._about(entry), cause=cause(error))
                _stop_if_cancelled()
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, 5.0)

    def _about(self, entry: Entry) -> dict[str, str]:
        return {"stream": self._sub.stream, "entry": entry.entry_id}

    def _count(self, result: str) -> None:
        metrics.CONSUMED.labels(stream=streams.family(self._sub.stream), result=result).inc()


def cause(error: Exception) -> str:
    """Spell an error for a log line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _stop_if_cancelled() -> None:
    """Raise the cancellation that redis-py may have lost.

    It sends within ``asyncio.wait_for``, which before Python 3.12 forgets one that comes as its work is done:
    https://github.com/python/cpython/issues/81839
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _ms(seconds: float) -> int:
    return max(1, int(seconds * 1000))
