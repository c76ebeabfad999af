"""What the use cases ask of the rest of the world: analyzer, gateway, clock, audit trail."""

from datetime import datetime
from typing import Any, Protocol

from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse
from logjedi_operator.domain.record import Record


class Analyzer(Protocol):
    async def analyze(self, request: AnalyzeRequest) -> AnalyzeResponse:
        """Explain one incident. Raises ``DependencyDown``, or ``PermanentError`` for an answer that cannot be used."""
        ...


class Teller(Protocol):
    """Tells the gateway what a record says; keeps trying until Redis takes it."""

    def tell(self, record: Record) -> None:
        """Queue the message that fits the record's phase. Never blocks, never fails."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the time, with a zone."""
        ...


class AuditTrail(Protocol):
    def write(self, line: dict[str, Any]) -> None:
        """Write one line of the audit trail."""
        ...

    def newest(self, record_uid: str) -> int:
        """Return the sequence of the newest line that this process wrote for a record; 0 if it wrote none."""
        ...


class Wakeups(Protocol):
    """The work queue: which record is looked at next, and when."""

    def wake(self, key: str, *, after_s: float = 0.0) -> None:
        """Look at the record ``key`` after ``after_s`` seconds, or sooner if woken sooner."""
        ...
