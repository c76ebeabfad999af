"""What the use cases ask of the store of records (the LogJediAnalysis resources)."""

from collections.abc import Iterable
from typing import Protocol

from logjedi_operator.domain.record import Record


class Records(Protocol):
    """The API server holds the truth; a copy of each record is kept from the watch and from our own writes."""

    async def create(self, record: Record) -> Record | None:
        """Create; ``None`` if one of that name is there already (another replica, a restart, another pod)."""
        ...

    async def read(self, key: str) -> Record | None:
        """Read from the API server; ``None`` if it is gone. Raises ``Refused`` (rule ``unreadable``) for nonsense."""
        ...

    def cached(self, key: str) -> Record | None:
        """Return the newest copy known here, without a call."""
        ...

    def known(self) -> Iterable[Record]:
        """Return every record known here."""
        ...

    async def save(self, record: Record) -> Record:
        """Write the status with the record's resourceVersion; return it as saved.

        Raises ``ports.cluster.Conflict`` if somebody wrote in between, ``DependencyDown`` if nothing answers.
        """
        ...

    async def delete(self, record: Record) -> None:
        """Remove a record whose retention time is over."""
        ...
