"""The wall clock, in UTC. Implements ``ports.outside.Clock``."""

from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
