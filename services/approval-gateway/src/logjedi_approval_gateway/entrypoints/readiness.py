"""Which dependencies are missing, for ``/ready``."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """``ask`` raises ``DependencyDown``; it is asked ``every`` so often, and sooner while it does."""

    ask: Callable[[], Awaitable[None]]
    every: timedelta


class Readiness:
    """Watches dependencies in the background, so that asking is cheap and never hangs."""

    def __init__(self, checks: dict[str, Check]) -> None:
        self._checks = checks
        self.missing = dict.fromkeys(checks, "not reached yet")

    async def watch(self) -> None:
        """Check for ever."""
        await asyncio.gather(*(self._watch(name, check) for name, check in self._checks.items()))

    async def _watch(self, name: str, check: Check) -> None:
        delay_s = 0.2
        while True:
            reached = await self._reached(name, check)
            delay_s = check.every.total_seconds() if reached else min(delay_s * 2, 5.0)
            await asyncio.sleep(delay_s)
            delay_s = 0.2 if reached else delay_s

    async def _reached(self, name: str, check: Check) -> bool:
        try:
            await check.ask()
        except DependencyDown as error:
            if self.missing.get(name) != error.cause:
                log.warning("dependency is missing, trying again", dependency=name, cause=error.cause)
            self.missing[name] = error.cause
            return False
        if self.missing.pop(name, None) is not None:
            log.info("dependency reached", dependency=name)
        return True
