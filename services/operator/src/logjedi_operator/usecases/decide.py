"""Take in what the gateway says: the message is posted; a person has voted.

A vote is believed for its signature alone, checked against what the record holds. It counts once it is saved in the
record; only then is its message acknowledged.
"""

from collections.abc import Awaitable, Callable

from logjedi_contracts import logs, votes
from logjedi_contracts.errors import MessageRejected, Refused
from logjedi_contracts.messages import Phase, ProposalAsked, RecordRef, VoteCast
from logjedi_operator.domain import approvals, authority, phases, sealing
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import Asked, Decision, Proposal, Record
from logjedi_operator.ports.cluster import Conflict
from logjedi_operator.usecases import incident
from logjedi_operator.usecases.parts import Parts

log = logs.get(__name__)
_TRIES = 5
MAX_DECISIONS = 20


async def receive_vote(parts: Parts, vote: VoteCast) -> None:
    """Record a vote, and what it decides.

    Raises ``MessageRejected`` for a vote that must not count; a vote that comes too late is answered with the
    record's true phase and dropped.
    """

    async def count(record: Record | None) -> None:
        if record is None:
            raise MessageRejected(f"there is no record {vote.record.namespace}/{vote.record.name} of that uid")
        await _count(parts, record, vote)
        parts.wakeups.wake(record.key)

    await _with_newest(parts, vote.record, count)


async def _with_newest(parts: Parts, ref: RecordRef, act: Callable[[Record | None], Awaitable[None]]) -> None:
    """Act on a record; if somebody wrote in between, read it and act again. Raises ``Conflict`` in the end."""
    for _ in range(_TRIES):
        record = await _find(parts, ref)
        try:
            return await act(record)
        except Conflict:
            await parts.records.read(f"{ref.namespace}/{ref.name}")
    raise Conflict("the record keeps changing")


async def _count(parts: Parts, record: Record, vote: VoteCast) -> None:
    votes.verify(parts.identity.cluster, vote, parts.identity.gateways)
    if any(decision.id == vote.vote_id for decision in record.status.decisions):
        return
    if record.phase is not Phase.PROPOSED:
        log.warning("a vote came too late", phase=record.phase.value, actor=vote.actor.id, verdict=vote.verdict.value)
        parts.teller.tell(record)
        return
    try:
        proposal = sealing.check(record, authority_of(parts).own, parts.identity.cluster)
    except Refused as refusal:
        raise MessageRejected(str(refusal)) from refusal
    asked = record.status.asked
    if sealing.expired(proposal, asked.expires_at if asked else None, parts.clock.now()):
        parts.wakeups.wake(record.key)
        raise MessageRejected("the vote does not count: the time to decide is over")
    if len(record.status.decisions) >= MAX_DECISIONS:
        raise MessageRejected(f"the vote does not count: the record holds {MAX_DECISIONS} votes already")
    voted = record.with_status(decisions=[*record.status.decisions, Decision.of(vote)])
    await _decide(parts, voted, proposal, vote)


async def _decide(parts: Parts, voted: Record, proposal: Proposal, vote: VoteCast) -> None:
    decision = authority.judge(voted, proposal, authority_of(parts))
    problem = decision.problem_of(vote.vote_id)
    if problem:
        raise MessageRejected(f"the vote does not count: {problem}")
    if decision.outcome is approvals.Outcome.APPROVED:
        names = ", ".join(actor.name or actor.id for actor in decision.by)
        await incident.advance(parts, voted, Event.APPROVED, f"approved by {names}", decisions=voted.status.decisions)
    elif decision.outcome is approvals.Outcome.REJECTED:
        who = vote.actor.name or vote.actor.id
        said = f"rejected by {who}" + (f": {vote.reason}" if vote.reason else "")
        await incident.advance(parts, voted, Event.REJECTED, said, decisions=voted.status.decisions)
    else:
        parts.teller.tell(await incident.save(parts, voted))


async def receive_asked(parts: Parts, asked: ProposalAsked) -> None:
    """Note that people can see the proposal, so that it is not published again."""

    async def note(record: Record | None) -> None:
        if record is None or record.phase is not Phase.PROPOSED or record.status.asked is not None:
            return
        proposal = record.status.proposal
        if proposal is None or proposal.digest != asked.digest:
            return
        until = min(asked.expires_at, proposal.expires_at)
        noted = Asked(at=parts.clock.now(), expires_at=until, channels=asked.channels)
        await incident.save(parts, record.with_status(asked=noted))
        parts.wakeups.wake(record.key)

    await _with_newest(parts, asked.record, note)


async def receive_request(parts: Parts, ref: RecordRef) -> None:
    """Take an ended incident up again because a person asked for it."""

    async def take_up(record: Record | None) -> None:
        if record is not None and record.phase in phases.TERMINAL:
            await incident.take_up_again(parts, record, "somebody asked to look again")
            parts.wakeups.wake(record.key)

    await _with_newest(parts, ref, take_up)


def authority_of(parts: Parts) -> authority.Authority:
    """Gather whose word counts here."""
    return authority.Authority(
        cluster=parts.identity.cluster,
        own=parts.identity.own_keys,
        gateways=parts.identity.gateways,
        required=parts.policy.required_approvals,
    )


async def _find(parts: Parts, ref: RecordRef) -> Record | None:
    """Look a record up by name, and make sure that it is the very one."""
    key = f"{ref.namespace}/{ref.name}"
    record = parts.records.cached(key)
    if record is None or record.uid != ref.uid:
        record = await parts.records.read(key)
    return record if record is not None and record.uid == ref.uid else None
