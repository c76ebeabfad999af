"""An approval as the gateway holds it: what was asked, who voted, what the cluster said since.

``Ask`` never changes once stored; ``Approval`` is the ask with everything that came after. One record has one current
ask; an older attempt's approval is kept beside it only until its message says so.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import (
    AdviceGiven,
    Incident,
    Phase,
    PhaseChanged,
    ProposalMade,
    RecordRef,
    VoteCast,
)

_CLUSTER = re.compile(r"[A-Za-z0-9][\w.:/@-]{0,252}", re.ASCII)
_UID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
STILL_OPEN = frozenset({Phase.DETECTED, Phase.ANALYZING, Phase.PROPOSED})
"""Phases in which people may still decide; any other one ends the ask."""


class State(StrEnum):
    """Where an ask stands at the gateway; the cluster's own word is in the phases."""

    OPEN = "open"
    APPROVED = "approved"
    """Enough approvals are recorded. The cluster has yet to say so."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    CLOSED = "closed"
    """The cluster moved on without needing (more) votes."""
    SUPERSEDED = "superseded"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Ref:
    """Which record of which cluster. ``attempt`` is set for an older, archived approval only."""

    cluster: str
    uid: str
    attempt: int | None = None

    @classmethod
    def of(cls, cluster: str, record: RecordRef) -> "Ref":
        """Raise ``MessageRejected`` for names that could not be told apart in a key or an address."""
        if not _CLUSTER.fullmatch(cluster) or not _UID.fullmatch(record.uid):
            raise MessageRejected("cluster name or record uid has characters that it may not have")
        return cls(cluster, record.uid)


@dataclass(frozen=True, slots=True)
class Ask:
    """What people are asked (or told). ``expires_at`` is the earlier of the proposal's and the rule's."""

    ref: Ref
    analysis: str
    message: ProposalMade | AdviceGiven
    asked_at: datetime
    expires_at: datetime
    rule: str = ""
    rule_hash: str = ""
    min_approvals: int = 1
    approvers: tuple[str, ...] = ()

    @property
    def proposal(self) -> ProposalMade | None:
        return self.message if isinstance(self.message, ProposalMade) else None

    @property
    def incident(self) -> Incident:
        return self.message.incident

    @property
    def attempt(self) -> int:
        return self.message.attempt

    @property
    def nonce(self) -> str:
        return self.proposal.nonce if self.proposal else ""

    @property
    def digest(self) -> str:
        return self.proposal.digest if self.proposal else ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a channel's message stands: Slack's channel and ``ts``."""

    room: str
    message: str


@dataclass(frozen=True, slots=True)
class Post:
    """What one channel has been shown. ``place`` absent: about to be posted, or refused with ``error``."""

    place: Place | None = None
    version: int = -1
    """Version of the approval that the message shows."""
    replied: int = -1
    """Sequence of the last phase told in the thread."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """An ask with all that came after it. ``phases`` are of this attempt, in order of their sequence."""

    ask: Ask
    state: State
    votes: tuple[VoteCast, ...] = ()
    phases: tuple[PhaseChanged, ...] = ()
    posts: dict[str, Post] = field(default_factory=dict)
    version: int = 0
    told_operator: bool = False

    @property
    def phase(self) -> PhaseChanged | None:
        return self.phases[-1] if self.phases else None

    @property
    def finished(self) -> bool:
        """Say whether nothing more is expected."""
        if self.phase is not None and self.phase.terminal:
            return True
        return self.state in (State.SUPERSEDED, State.ADVICE)
