"""Move an incident to its next phase: save first, then audit, then tell.

The one place that writes a record's phase. An approval that cannot be recorded has no effect, since every effect
comes after the save; a message about a phase comes after the phase is in the cluster.
"""

from datetime import datetime
from typing import Any

from logjedi_contracts import canonical, logs
from logjedi_operator.domain import audit, phases
from logjedi_operator.domain.phases import Effect, Event
from logjedi_operator.domain.policy import policy_hash
from logjedi_operator.domain.record import HISTORY_LENGTH, Attempt, Record
from logjedi_operator.usecases.parts import Parts

log = logs.get(__name__)
MESSAGE_LENGTH = 2000


async def advance(parts: Parts, record: Record, event: Event, message: str, **changes: Any) -> Record:
    """Apply ``event``, with other status changes, and save; return the record as saved.

    Raises ``ImpossibleMove`` where the phase has no such move, and ``Conflict`` if somebody wrote in between.
    """
    now = parts.clock.now()
    move = phases.transition(record.phase, event)
    if Effect.COOL_DOWN in move.effects:
        changes |= _ending(parts, record, move, message, now)
    moved = record.with_status(phase=move.phase, message=message[:MESSAGE_LENGTH], observed_at=now, **changes)
    row = audit.line(moved, event=event.value, at=now, cluster=parts.identity.cluster, policy=policy_hash(parts.policy))
    head = audit.chain(record.status.audit, row, parts.identity.audit_key)
    saved = await parts.records.save(moved.with_status(audit=head))
    parts.audit.write({**row, "hash": head.hash})
    log.info("incident moved", phase=move.phase.value, by=event.value, message=saved.status.message)
    if Effect.TELL in move.effects:
        parts.teller.tell(saved)
    return saved


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
        message=message[:MESSAGE_LENGTH],
        digest=asked_now.digest if asked_now else "",
        change=change_hash(asked_now.action.patch, asked_now.nonce) if asked_now else "",
        summary=record.status.diagnosis.summary[:MESSAGE_LENGTH] if record.status.diagnosis else "",
    )
    history = [*record.status.history, attempt][-HISTORY_LENGTH:]
    return {"cooldown_until": now + parts.timing.cooldown, "history": history}


def told_before(record: Record) -> list[str]:
    """Say what was tried before and how it ended, oldest first, a line each."""
    return [
        f"attempt {past.attempt}: {past.phase.value}" + (f" ({past.message})" if past.message else "")
        for past in record.status.history
    ]
