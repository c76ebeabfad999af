"""Was this proposal approved, by whom, and by enough people? The operator counts for itself.

Every vote's signature is verified, on arrival and again from the record on each resume, and compared with the proposal
as the record holds it. A vote that does not fit counts for nothing and is reported with its cause, for the audit.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from logjedi_contracts import votes as signed
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import Actor, Verdict, VoteCast
from logjedi_contracts.signing import KeyRing


class Outcome(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Standing:
    """The proposal as the record holds it: what a vote must name to count."""

    record_uid: str
    attempt: int
    nonce: str
    digest: str
    expires_at: datetime
    required_approvals: int = 1


@dataclass(frozen=True, slots=True)
class Spurned:
    """A vote that does not count, and why; fit to be logged."""

    vote_id: str
    cause: str


@dataclass(frozen=True, slots=True)
class Decision:
    """``by``: whoever approved, or rejected if that is the outcome; distinct, in the order of their votes."""

    outcome: Outcome
    by: tuple[Actor, ...]
    required: int
    spurned: tuple[Spurned, ...] = ()

    def problem_of(self, vote_id: str) -> str:
        """Say why that vote does not count; empty if it does."""
        return next((each.cause for each in self.spurned if each.vote_id == vote_id), "")


def judge(votes: list[VoteCast], proposal: Standing, keys: KeyRing, cluster: str, policy_required: int) -> Decision:
    """Count the valid votes. One valid rejection ends it, whatever was approved.

    Required is the greatest of the policy's number, the proposal's and every valid vote's ``min_approvals``.
    """
    causes = [(vote, fault(vote, proposal, keys, cluster)) for vote in votes]
    valid = sorted((vote for vote, cause in causes if not cause), key=lambda vote: (vote.at, vote.vote_id))
    spurned = tuple(Spurned(vote.vote_id, cause) for vote, cause in causes if cause)
    required = max(1, policy_required, proposal.required_approvals, *(vote.min_approvals for vote in valid))
    against, for_it = _people(valid, Verdict.REJECT), _people(valid, Verdict.APPROVE)
    if against:
        return Decision(Outcome.REJECTED, against, required, spurned)
    enough = len(for_it) >= required
    return Decision(Outcome.APPROVED if enough else Outcome.WAITING, for_it, required, spurned)


def fault(vote: VoteCast, proposal: Standing, keys: KeyRing, cluster: str) -> str:
    """Say why a vote does not count; empty if it does."""
    try:
        signed.verify(cluster, vote, keys)
    except MessageRejected as error:
        return str(error)
    return next((cause for holds, cause in _conditions(vote, proposal) if not holds), "")


def _conditions(vote: VoteCast, proposal: Standing) -> tuple[tuple[bool, str], ...]:
    return (
        (vote.record.uid == proposal.record_uid, "cast on another record"),
        (vote.attempt == proposal.attempt, f"cast on attempt {vote.attempt}, this is attempt {proposal.attempt}"),
        (vote.nonce == proposal.nonce, "cast on an older proposal (its nonce differs)"),
        (vote.digest == proposal.digest, f"cast on digest {vote.digest[:12]}, not on {proposal.digest[:12]}"),
        (bool(vote.actor.id.strip()), "names no person"),
        (_aware(vote.at) and _aware(vote.expires_at), "its times have no time zone"),
        (_in_order(vote.at, vote.expires_at), "cast after its own expiry"),
        (_in_order(vote.expires_at, proposal.expires_at), "valid for longer than the proposal"),
    )


def _aware(time: datetime) -> bool:
    return time.utcoffset() is not None


def _in_order(first: datetime, second: datetime) -> bool:
    return _aware(first) and _aware(second) and first <= second


def _people(votes: list[VoteCast], verdict: Verdict) -> tuple[Actor, ...]:
    people: dict[str, Actor] = {}
    for vote in votes:
        if vote.verdict is verdict:
            people.setdefault(vote.actor.id.strip(), vote.actor)
    return tuple(people.values())
