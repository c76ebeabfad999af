"""Takes in what operators want decided or shown; called by the stream with messages whose signature is believed.

Believed is not enough: the digest is computed again from the content, so that what people see is what the vote is
bound to. Everything here is idempotent; posting is left to ``paint_cards``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from logjedi_approval_gateway import metrics
from logjedi_approval_gateway.domain.approval import Ask, Ref
from logjedi_approval_gateway.domain.rules import Rules, Subject
from logjedi_approval_gateway.ports.store import ApprovalStore, Opened
from logjedi_contracts import digest, logs
from logjedi_contracts.envelope import Envelope
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import AdviceGiven, ProposalMade, RecordRef

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class ReceiveProposal:
    """``wake`` is called when there is something new to post."""

    store: ApprovalStore
    rules: Rules
    wake: Callable[[], None]

    async def proposal(self, sent: Envelope, proposal: ProposalMade) -> None:
        """Ask people. Raises ``MessageRejected`` if content, digest or record do not belong together."""
        ref = Ref.of(sent.cluster, proposal.record)
        _check(sent, proposal)
        now = await self.store.now()
        if proposal.expires_at <= now:
            log.warning("proposal was past its time when it came", digest=proposal.digest)
            return
        await self._open(self._ask(ref, sent, proposal, now))

    async def advice(self, sent: Envelope, advice: AdviceGiven) -> None:
        """Show advice: a message without buttons."""
        _same_record(sent, advice.record, advice.incident.target.namespace)
        now = await self.store.now()
        await self._open(Ask(Ref.of(sent.cluster, advice.record), sent.analysis, advice, now, now))

    def _ask(self, ref: Ref, sent: Envelope, proposal: ProposalMade, now: datetime) -> Ask:
        rule = self.rules.find(subject(ref.cluster, proposal))
        if rule is None:
            expires_at, needed = proposal.expires_at, proposal.required_approvals
            return Ask(ref, sent.analysis, proposal, now, expires_at, min_approvals=needed)
        return Ask(
            ref=ref,
            analysis=sent.analysis,
            message=proposal,
            asked_at=now,
            expires_at=min(proposal.expires_at, now + rule.expires_after),
            rule=rule.name,
            rule_hash=rule.hash,
            min_approvals=max(rule.min_approvals, proposal.required_approvals),
            approvers=tuple(self.rules.shown(rule.approvers.actors())),
        )

    async def _open(self, ask: Ask) -> None:
        opened = await self.store.open(ask)
        log.info("asked" if ask.proposal else "advised", result=opened.value, digest=ask.digest, rule=ask.rule)
        if opened is Opened.NEW:
            metrics.ASKED.labels(kind="proposal" if ask.proposal else "advice").inc()
        if opened is not Opened.OLDER:
            self.wake()


def subject(cluster: str, proposal: ProposalMade) -> Subject:
    """Say what rules are matched on."""
    incident = proposal.incident
    return Subject(cluster, incident.target.namespace, incident.severity.value, proposal.action.type.value)


def _check(sent: Envelope, proposal: ProposalMade) -> None:
    _same_record(sent, proposal.record, proposal.incident.target.namespace)
    if digest.of_proposal(sent.cluster, proposal) != proposal.digest:
        raise MessageRejected("the proposal's digest does not fit its content")
    if digest.of_changes(proposal.changes) != proposal.diff_hash:
        raise MessageRejected("the proposal's diff hash does not fit the diff that it shows")


def _same_record(sent: Envelope, record: RecordRef, target_namespace: str) -> None:
    if sent.analysis != f"{record.namespace}/{record.name}":
        raise MessageRejected("the envelope names another record than the message in it")
    if record.namespace != target_namespace:
        raise MessageRejected("the target is not in the record's own namespace")
