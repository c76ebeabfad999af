"""Whether a record may be acted on: the proposal is ours, unchanged, and enough valid votes stand on it.

Asked before every effect and on every resume. The phase is not among the arguments: it authorises nothing.
"""

from dataclasses import dataclass

from logjedi_contracts import signing
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Actor
from logjedi_operator.domain import approvals, sealing
from logjedi_operator.domain.record import Proposal, Record


@dataclass(frozen=True, slots=True)
class Authority:
    """Keys and numbers to judge by. ``own`` are this operator's keys, ``gateways`` those whose votes count."""

    cluster: str
    own: signing.KeyRing
    gateways: signing.KeyRing
    required: int


def judge(record: Record, proposal: Proposal, authority: Authority) -> approvals.Decision:
    """Count the valid votes in a record."""
    votes = [decision.vote(record.ref) for decision in record.status.decisions]
    return approvals.judge(
        votes, _standing(record, proposal), authority.gateways, authority.cluster, authority.required
    )


def approved(record: Record, authority: Authority) -> tuple[Proposal, list[Actor]]:
    """Return the proposal and who approved it. Raises ``Refused`` unless it is approved, whatever the phase says."""
    proposal = sealing.check(record, authority.own, authority.cluster)
    decision = judge(record, proposal, authority)
    if decision.outcome is not approvals.Outcome.APPROVED:
        causes = "; ".join(each.cause for each in decision.spurned) or "too few votes"
        raise Refused("signature", f"the record holds no valid approval of this change: {causes}")
    return proposal, list(decision.by)


def _standing(record: Record, proposal: Proposal) -> approvals.Standing:
    return approvals.Standing(
        record_uid=record.uid,
        attempt=proposal.attempt,
        nonce=proposal.nonce,
        digest=proposal.digest,
        expires_at=proposal.expires_at,
        required_approvals=proposal.required_approvals,
    )
