"""The gateway's eternal tasks beside the server and the two consumers. Each survives every outage of the store."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from logjedi_approval_gateway.domain.approval import Ref
from logjedi_approval_gateway.ports.store import ApprovalStore
from logjedi_approval_gateway.usecases.paint_cards import PaintCards
from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown

log = logs.get(__name__)
KEPT = timedelta(days=30)
"""How long finished approvals stay on the page. Arbitrary; the record in the cluster has its own retention."""
POLL_S = 1.0
"""How soon another replica's changes, and messages that were put off, are looked at."""
AT_ONCE = 8


class Painter:
    """Paints what is due, woken by use cases and by the clock."""

    def __init__(self, store: ApprovalStore, paint: PaintCards) -> None:
        self._store = store
        self._paint = paint
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        while True:
            await _patiently("painting", self._round)
            try:
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _round(self) -> None:
        self._news.clear()
        due = await self._store.due(64)
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._one(gate, ref) for ref in due))

    async def _one(self, gate: asyncio.Semaphore, ref: Ref) -> None:
        async with gate:
            await self._paint(ref)


async def sweep(store: ApprovalStore, wake: Callable[[], None]) -> None:
    """Close what is past its time, about once a second."""

    async def once() -> None:
        if closed := await store.expire():
            log.info("approvals expired", count=closed)
            wake()

    await _for_ever("expiry", once, timedelta(seconds=1))


async def tidy(store: ApprovalStore, trim: Callable[[], Awaitable[int]]) -> None:
    """Trim the streams and forget what was over long ago, once a minute."""

    async def once() -> None:
        await trim()
        await store.forget(KEPT)

    await _for_ever("tidying", once, timedelta(minutes=1))


async def _for_ever(what: str, once: Callable[[], Awaitable[None]], every: timedelta) -> None:
    while True:
        await _patiently(what, once)
        await asyncio.sleep(every.total_seconds())


async def _patiently(what: str, once: Callable[[], Awaitable[None]]) -> None:
    """Run one round; nothing that goes wrong in it may end the task."""
    try:
        await once()
    except DependencyDown as error:
        log.warning("put off", task=what, cause=str(error))
        await asyncio.sleep(0.5)
    except Exception:  # the outermost guard of an eternal task: a defect must be seen and must not stop the others
        log.exception("round failed", task=what)
        await asyncio.sleep(0.5)
