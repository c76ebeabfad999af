"""The work queue: keys of records, each worked on by one worker at a time, with delays.

Level-triggered like client-go's workqueue: waking a key twice before its turn is one turn; waking it while it
is worked on is one more turn after. Implements ``ports.outside.Wakeups``.
"""

import asyncio
from collections.abc import Awaitable, Callable

from logjedi_contracts import logs
from logjedi_contracts.errors import LogJediError, TemporaryError

log = logs.get(__name__)

Work = Callable[[str], Awaitable[None]]
_LONGEST_BACKOFF_S = 60.0


class WorkQueue:
    def __init__(self) -> None:
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()
        self._active: set[str] = set()
        self._again: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}

    def wake(self, key: str, *, after_s: float = 0.0) -> None:
        if after_s > 0:
            self._wake_later(key, after_s)
        elif key in self._active:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put_nowait(key)

    def _wake_later(self, key: str, after_s: float) -> None:
        loop = asyncio.get_running_loop()
        when = loop.time() + after_s
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= when:
                return
            timer.cancel()
        self._timers[key] = loop.call_at(when, self._due, key)

    def _due(self, key: str) -> None:
        self._timers.pop(key, None)
        self.wake(key)

    async def serve(self, work: Work) -> None:
        """Work until cancelled. A temporary error brings the key back after a growing delay."""
        while True:
            key = await self._ready.get()
            self._queued.discard(key)
            self._active.add(key)
            try:
                with logs.about(key):
                    await self._one(key, work)
            finally:
                self._active.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.wake(key)

    async def _one(self, key: str, work: Work) -> None:
        try:
            await work(key)
        except TemporaryError as error:
            self._retry(key, error.delay_s, str(error))
        except LogJediError as error:
            log.error("a record cannot be worked on", cause=str(error))
            self._retry(key, _LONGEST_BACKOFF_S, str(error))
        except Exception:  # the outermost guard: a defect in one record must not stop the others
            log.exception("a defect while working on a record")
            self._retry(key, _LONGEST_BACKOFF_S, "defect")
        else:
            self._failures.pop(key, None)

    def _retry(self, key: str, delay_s: float, cause: str) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(delay_s * 2 ** min(failures, 8), _LONGEST_BACKOFF_S)
        log.warning("trying again", cause=cause, after_s=round(delay, 1))
        self.wake(key, after_s=delay)
