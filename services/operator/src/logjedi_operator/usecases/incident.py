"""Move an incident to its next phase: save first, then audit, then tell.

The one place that writes a record's phase. An approval that cannot be recorded has no effect, since every effect
comes after the save; a message about a phase comes after the phase is in the cluster.
"""

import itertools
from datetime import datetime
from typing import Any, Final

from logjedi_contracts import canonical, logs
from logjedi_contracts.errors import PermanentError, Refused, TemporaryError
from logjedi_contracts.messages import Phase
from logjedi_operator.domain import audit, phases, redaction
from logjedi_operator.domain.phases import Effect, Event
from logjedi_operator.domain.policy import policy_hash
from logjedi_operator.domain.record import HISTORY_LENGTH, Attempt, Record
from logjedi_operator.usecases.parts import Parts

log = logs.get(__name__)
MESSAGE_LENGTH = 2000
_OF_ONE_ATTEMPT: Final[dict[str, Any]] = {
    "evidence": None, "diagnosis": None, "proposal": None, "asked": None, "decisions": [],
    "dry_run": None, "applied": None, "verification": None, "rollback": None,
}  # fmt: skip
"""What a new attempt starts without: nobody has decided on it, and nothing was done."""


class NotRecorded(PermanentError):
    """The API server refused to save a record. Not ``Refused``: nothing was said about the change itself."""


class NotYetRecorded(TemporaryError):
    """We lack the right to save a record; once somebody has granted it, we can."""


async def advance(parts: Parts, record: Record, event: Event, message: str, **changes: Any) -> Record:
    """Apply ``event``, with other status changes, and save; return the record as saved.

    ``message`` may quote the cluster: secrets in it are masked. Raises ``ImpossibleMove`` where the phase has no such
    move, ``Conflict`` if somebody wrote in between, and what ``save`` raises.
    """
    complete_audit(parts, record)
    now, message = parts.clock.now(), fit(message)
    move = phases.transition(record.phase, event)
    if event is Event.RETURNED:
        changes = _OF_ONE_ATTEMPT | changes
    if Effect.COOL_DOWN in move.effects:
        changes |= _ending(parts, record, move, message, now)
    moved = record.with_status(phase=move.phase, message=message, observed_at=now, **changes)
    row = audit.line(moved, event=event.value, at=now, cluster=parts.identity.cluster, policy=policy_hash(parts.policy))
    head = audit.chain(record.status.audit, row, parts.identity.audit_key)
    saved = await save(parts, moved.with_status(audit=head))
    parts.audit.write({**row, "hash": head.hash})
    log.info("incident moved", phase=move.phase.value, by=event.value, message=saved.status.message)
    if Effect.TELL in move.effects:
        parts.teller.tell(saved)
    return saved


async def save(parts: Parts, record: Record) -> Record:
    """Save a status. Raises ``Conflict``, ``DependencyDown``, ``NotYetRecorded`` or ``NotRecorded``."""
    try:
        return await parts.records.save(record)
    except Refused as refusal:
        said = f"the record {record.key} cannot be saved ({refusal.rule}): {refusal}"
        raise NotYetRecorded(said) if refusal.rule == "forbidden" else NotRecorded(said) from refusal


def complete_audit(parts: Parts, record: Record) -> None:
    """Write a record's newest audit line unless we did: we were killed after the save, or its answer was lost."""
    if parts.audit.newest(record.uid) >= record.status.audit.sequence:
        return
    row = audit.again(record, cluster=parts.identity.cluster, policy=policy_hash(parts.policy))
    if row is not None:
        parts.audit.write(row)


def fit(message: str) -> str:
    """Make text fit to be shown and saved: no secrets, and not longer than the schema holds."""
    return redaction.scrub_text(message)[:MESSAGE_LENGTH]


def tried(record: Record) -> int:
    """Count the attempts that have ended since a patch of ours last healed the workload."""
    return sum(
        1 for _ in itertools.takewhile(lambda past: past.phase is not Phase.RESOLVED, record.status.history[::-1])
    )


def change_hash(patch: str, nonce: str) -> str:
    """Name a change without its nonce, so that an equal change is recognised in a later attempt."""
    return canonical.sha256(patch.replace(nonce, "")) if nonce else canonical.sha256(patch)


def _ending(parts: Parts, record: Record, move: phases.Move, message: str, now: datetime) -> dict[str, Any]:
    """End an attempt: start the cooldown and remember how it went."""
    proposal = record.status.proposal
    asked_now = proposal if proposal and proposal.attempt == record.status.attempts else None
    attempt = Attempt(
        attempt=record.status.attempts,
        at=now,
        phase=move.phase,
        message=message,
        digest=asked_now.digest if asked_now else "",
        change=change_hash(asked_now.action.patch, asked_now.nonce) if asked_now else "",
        summary=record.status.diagnosis.summary[:MESSAGE_LENGTH] if record.status.diagnosis else "",
    )
    history = [*record.status.history, attempt][-HISTORY_LENGTH:]
    return {"cooldown_until": now + parts.timing.cooldown, "history": history}


def told_before(record: Record) -> list[str]:
    """Say what was tried before and how it ended, oldest first, a line each."""
    return [
        f"attempt {past.attempt}: {past.phase.value}"
        + (f" ({past.message})" if past.message else "")
        + (f": {past.summary}" if past.summary else "")
        for past in record.status.history
    ]


async def take_up_again(parts: Parts, record: Record, message: str) -> Record:
    """Begin the next attempt."""
    return await advance(parts, record, Event.RETURNED, message, attempts=record.status.attempts + 1)
