"""An event loop whose clock jumps to the next timer as soon as nothing is left to do now.

So five minutes of waiting cost no time, and the same run happens every time.
"""

import asyncio
import contextlib
import functools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class NothingLeftToHappen(AssertionError):
    """Everybody waits and no timer is set: in real time this would hang for ever."""


class _Selector(selectors.SelectSelector):
    """Never sleeps: tells the loop's clock to jump instead."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise NothingLeftToHappen
        if not ready and timeout:
            self.loop.jump(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual_s = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual_s

    def jump(self, seconds: float) -> None:
        self._virtual_s += seconds


class VirtualClock:
    """Implements ``ports.outside.Clock`` on the running loop's time."""

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run to the end, then cancel what is left."""
    loop = VirtualLoop()
    try:
        loop.run_until_complete(story)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        for task in left:
            with contextlib.suppress(BaseException):
                loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def in_virtual_time(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine function."""

    @functools.wraps(story)
    def test(*args: Any, **fixtures: Any) -> None:
        run(story(*args, **fixtures))

    return test
