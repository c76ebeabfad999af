"""Which dependencies are missing, for ``/ready``."""

import asyncio
from collections.abc import Awaitable, Callable

from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown

log = logs.get(__name__)
Check = Callable[[], Awaitable[None]]


class Readiness:
    """Watches dependencies in the background, so that asking is cheap and never hangs."""

    def __init__(self, checks: dict[str, Check], *, every_s: float = 5.0) -> None:
        self._checks = checks
        self._every_s = every_s
        self.missing = dict.fromkeys(checks, "not reached yet")

    async def watch(self) -> None:
        """Check for ever: soon again while something is missing."""
        delay_s = 0.2
        while True:
            await asyncio.gather(*(self.check(name) for name in self._checks))
            delay_s = min(delay_s * 2, self._every_s) if self.missing else self._every_s
            await asyncio.sleep(delay_s)

    async def check(self, name: str) -> None:
        try:
            await self._checks[name]()
        except DependencyDown as error:
            if self.missing.get(name) != error.cause:
                log.warning("dependency is missing, trying again", dependency=name, cause=error.cause)
            self.missing[name] = error.cause
            return
        if self.missing.pop(name, None) is not None:
            log.info("dependency reached", dependency=name)
