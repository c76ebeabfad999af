"""Turns a click into one signed vote, recorded exactly once, before the click is acknowledged.

Who may decide is read from the gateway's own rules, never from the store. The vote is signed first, so that the store
only ever holds votes that operators believe; the store then compares and records in one step. Every attempt,
recorded or not, is one audit line.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from logjedi_approval_gateway import metrics
from logjedi_approval_gateway.domain import card
from logjedi_approval_gateway.domain.approval import Approval
from logjedi_approval_gateway.domain.decision import MAX_REASON, Answer, Click, Code
from logjedi_approval_gateway.domain.rules import Rule, Rules
from logjedi_approval_gateway.ports.publisher import Clock
from logjedi_approval_gateway.ports.store import ApprovalStore, Ballot
from logjedi_approval_gateway.usecases import receive_proposal
from logjedi_contracts import envelope, logs, signing, votes
from logjedi_contracts.errors import DependencyDown, MessageRejected
from logjedi_contracts.messages import VoteCast

log = logs.get(__name__)
PATIENCE = timedelta(seconds=0.8)
"""A clicker is told within a second that the store does not answer."""
SETTLING = timedelta(seconds=1)
"""How long a click may come before its message is known to be posted."""


class _Denied(Exception):
    """Carries the answer of a check that said no."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class RecordVote:
    """Called by every channel with a click whose sender it has authenticated."""

    store: ApprovalStore
    rules: Rules
    signer: signing.Signer
    clock: Clock
    wake: Callable[[], None]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(self, click: Click) -> Answer:
        """Record the vote if every check agrees; never raises for what a person could be told."""
        approval: Approval | None = None
        rule: Rule | None = None
        try:
            approval = await self._load(click)
            rule = self._authorise(click, approval)
            answer = await self._record(click, approval, rule)
        except _Denied as denied:
            answer = Answer(denied.code)
        except DependencyDown:
            answer = Answer(Code.UNAVAILABLE)
        self._audit(click, approval, rule, answer)
        return answer

    async def _load(self, click: Click) -> Approval:
        approval = await self._believed(click)
        if approval.ask.proposal is None or approval.ask.nonce != click.nonce:
            raise _Denied(Code.CHANGED)
        waited_s = 0.0
        while not _placed(click, approval) and waited_s < SETTLING.total_seconds():
            # the message may be seen, and clicked, a moment before its place is written down
            await self.sleep(0.1)
            waited_s += 0.1
            approval = await self._believed(click)
        if not _placed(click, approval):
            raise _Denied(Code.NOT_YET)
        if click.place is not None and approval.posts[click.channel].place != click.place:
            raise _Denied(Code.MISPLACED)
        return approval

    async def _believed(self, click: Click) -> Approval:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                approval = await self.store.load(click.ref)
        except MessageRejected as error:
            raise _Denied(Code.UNBELIEVED) from error
        except TimeoutError as error:
            raise _Denied(Code.UNAVAILABLE) from error
        if approval is None:
            raise _Denied(Code.UNKNOWN)
        return approval

    def _authorise(self, click: Click, approval: Approval) -> Rule:
        proposal = approval.ask.proposal
        rule = self.rules.find(receive_proposal.subject(click.ref.cluster, proposal)) if proposal else None
        if rule is None:
            raise _Denied(Code.NO_RULE)
        if not self.rules.may_decide(rule, click.actor):
            raise _Denied(Code.NOT_ALLOWED)
        return rule

    async def _record(self, click: Click, approval: Approval, rule: Rule) -> Answer:
        ballot = self._ballot(click, approval, rule)
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                recorded = await self.store.record(ballot)
        except (TimeoutError, DependencyDown):
            return Answer(Code.UNCERTAIN)  # it may have been written before the answer was lost
        self.wake()
        code = Code(recorded.value)
        return Answer(code, await self._who_was_first(click)) if code is Code.DECIDED else Answer(code)

    def _ballot(self, click: Click, approval: Approval, rule: Rule) -> Ballot:
        ask = approval.ask
        quorum = max(ask.min_approvals, rule.min_approvals)
        vote = VoteCast(
            vote_id=uuid.uuid4().hex,
            record=ask.message.record,
            attempt=ask.attempt,
            nonce=ask.nonce,
            digest=ask.digest,
            verdict=click.verdict,
            actor=self.rules.person(click.actor),
            channel=click.channel,
            at=self.clock(),
            reason=click.reason[:MAX_REASON],
            rule=rule.name,
            rule_hash=rule.hash,
            min_approvals=min(quorum, 10),
            expires_at=min(ask.expires_at, ask.asked_at + rule.expires_after),
            key_id="",
            signature="",
        )
        signed = votes.sign(click.ref.cluster, vote, self.signer)
        sent = envelope.wrap(signed, cluster=click.ref.cluster, analysis=ask.analysis)
        entry = envelope.encode(sent, self.signer)
        return Ballot(click.ref, signed, quorum, entry)

    async def _who_was_first(self, click: Click) -> str:
        try:
            approval = await self._believed(click)
        except (_Denied, DependencyDown):
            return ""
        if not approval.votes:
            return ""
        last = approval.votes[-1]
        return (
            f"Not recorded: a decision was already recorded ({last.verdict.value} by {card.person(last.actor)} "
            f"at {last.at:%H:%M:%S} UTC)."
        )

    def _audit(self, click: Click, approval: Approval | None, rule: Rule | None, answer: Answer) -> None:
        if answer.recorded:
            metrics.DECIDED.labels(verdict=click.verdict.value, channel=click.channel).inc()
        else:
            metrics.REFUSED.labels(reason=answer.code.value, channel=click.channel).inc()
        target = approval.ask.incident.target if approval else None
        with logs.about(approval.ask.analysis if approval else f"{click.ref.cluster}/{click.ref.uid}"):
            log.info(
                "vote",
                audit=True,
                result=answer.code.value,
                verdict=click.verdict.value,
                actor=click.actor.id,
                channel=click.channel,
                cluster=click.ref.cluster,
                target=f"{target.kind}/{target.namespace}/{target.name}" if target else "",
                digest=approval.ask.digest if approval else "",
                rule=rule.name if rule else "",
                rule_hash=rule.hash if rule else "",
            )


def _placed(click: Click, approval: Approval) -> bool:
    """Say whether the place that a click names can be compared yet."""
    post = approval.posts.get(click.channel)
    return click.place is None or (post is not None and post.place is not None)
