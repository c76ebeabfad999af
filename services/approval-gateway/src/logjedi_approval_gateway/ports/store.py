"""Where approvals are kept. Every method raises ``DependencyDown`` when the store does not answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from logjedi_approval_gateway.domain.approval import Approval, Ask, Post, Ref
from logjedi_contracts.messages import PhaseChanged, VoteCast


class Opened(StrEnum):
    NEW = "new"
    AGAIN = "again"
    """The very same ask is there already."""
    OLDER = "older"
    """A newer attempt is there already."""


class Recorded(StrEnum):
    """What became of a vote; every value but ``RECORDED`` means that nothing was written."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    DECIDED = "decided"
    ENDED = "ended"
    EXPIRED = "expired"
    CHANGED = "changed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ballot:
    """A signed vote, ready to be recorded. ``entry``: the stream entry's fields, appended in the same step."""

    ref: Ref
    vote: VoteCast
    quorum: int
    entry: Mapping[str, str]


class ApprovalStore(Protocol):
    """Holds asks, votes, phases and what each channel has been shown."""

    async def now(self) -> datetime:
        """Return the store's own time, the only clock that decides on expiry."""

    async def open(self, ask: Ask) -> Opened:
        """Store ``ask`` unless it, or a newer one of its record, is there. An older one is set aside as superseded."""

    async def load(self, ref: Ref) -> Approval | None:
        """Read an approval. Raises ``MessageRejected`` when it was changed by somebody else."""

    async def record(self, ballot: Ballot) -> Recorded:
        """Compare, record the vote and append the stream entry in one step."""

    async def advance(self, ref: Ref, changed: PhaseChanged) -> None:
        """Keep a phase. Order does not matter; the same one twice changes nothing."""

    async def recent(self, limit: int) -> list[Approval]:
        """List the newest approvals; those that were tampered with are left out and logged."""

    async def expire(self) -> int:
        """Close what is past its time; return how many."""

    async def forget(self, before: timedelta) -> int:
        """Remove what was asked longer ago than ``before`` and is finished; return how many."""

    async def due(self, limit: int) -> list[Ref]:
        """List approvals whose messages do not show their newest version yet."""

    async def settle(self, painted: Approval) -> None:
        """Take an approval off that list, unless it changed after it was read."""

    async def drop(self, ref: Ref) -> None:
        """Take off that list what is not there."""

    async def postpone(self, ref: Ref, delay_s: float) -> None:
        """Leave it on the list and look at it again after ``delay_s``."""

    async def keep_post(self, ask: Ask, channel: str, post: Post) -> None:
        """Remember what a channel has been shown of this very ask, also if a newer one took its place meanwhile."""

    async def keep_told(self, ask: Ask) -> None:
        """Remember that the operator was told that people are asked."""

    async def lease(self, ref: Ref, holder: str) -> bool:
        """Claim the painting of an approval for some seconds; ``False``: another replica is at it."""

    async def release(self, ref: Ref, holder: str) -> None:
        """Give the claim back if it is still ours."""

    async def first_time(self, request: str) -> bool:
        """Say whether a signed request is seen for the first time within ten minutes."""
