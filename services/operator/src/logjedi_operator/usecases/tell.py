"""Translate a record into the messages that the gateway needs: a proposal, an advice, a phase.

Pure: the teller adapter signs and publishes what this returns. Text for people is scrubbed of secret values.
"""

from logjedi_contracts.messages import (
    Action,
    Actor,
    AdviceGiven,
    Change,
    Diagnosis,
    Incident,
    Phase,
    PhaseChanged,
    ProposalMade,
    Verdict,
)
from logjedi_contracts.model import Message
from logjedi_operator.domain import phases
from logjedi_operator.domain.record import Proposal, Record
from logjedi_operator.usecases.incident import told_before


def messages_for(record: Record) -> list[Message]:
    """List what to publish for a record as it stands, in order."""
    told: list[Message] = []
    proposal = record.status.proposal
    if record.phase is Phase.PROPOSED and proposal is not None:
        told.append(_proposal(record, proposal))
    elif record.phase is Phase.ADVISED:
        told.append(_advice(record))
    told.append(_phase(record, proposal))
    return told


def _proposal(record: Record, proposal: Proposal) -> ProposalMade:
    return ProposalMade(
        record=record.ref,
        attempt=proposal.attempt,
        nonce=proposal.nonce,
        digest=proposal.digest,
        incident=_incident(record),
        diagnosis=_diagnosis(record),
        action=Action(**proposal.action.model_dump()),
        pre_image=proposal.pre_image,
        changes=[Change(**change.model_dump()) for change in proposal.changes],
        diff_hash=proposal.diff_hash,
        risk=proposal.risk,
        proposed_at=proposal.proposed_at,
        expires_at=proposal.expires_at,
        required_approvals=proposal.required_approvals,
    )


def _advice(record: Record) -> AdviceGiven:
    return AdviceGiven(
        record=record.ref,
        attempt=record.status.attempts,
        incident=_incident(record),
        diagnosis=_diagnosis(record),
        why_no_patch=record.status.message,
    )


def _phase(record: Record, proposal: Proposal | None) -> PhaseChanged:
    approvals = [d.actor for d in record.status.decisions if d.verdict is Verdict.APPROVE or record.phase == "Rejected"]
    return PhaseChanged(
        record=record.ref,
        sequence=record.status.audit.sequence,
        attempt=record.status.attempts,
        digest=proposal.digest if proposal else "",
        phase=record.phase,
        message=record.status.message,
        at=record.status.observed_at or record.spec.failure.first_seen,
        terminal=record.phase in phases.TERMINAL,
        decided_by=[Actor(id=actor.id, name=actor.name) for actor in approvals],
    )


def _incident(record: Record) -> Incident:
    failure = record.spec.failure
    return Incident(
        target=record.owner.target(),
        reason=failure.reason,
        container=failure.container,
        message=failure.message,
        severity=failure.severity,
        first_seen=failure.first_seen,
        excerpt=record.status.evidence.excerpt if record.status.evidence else [],
        history=[line[:1000] for line in told_before(record)],
    )


def _diagnosis(record: Record) -> Diagnosis:
    return record.status.diagnosis.message() if record.status.diagnosis else Diagnosis(summary=failure_line(record))


def failure_line(record: Record) -> str:
    failure = record.spec.failure
    return f"{record.owner}: {failure.reason} {failure.message}".strip()
