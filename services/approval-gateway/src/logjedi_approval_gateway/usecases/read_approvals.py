"""Reads approvals for the page: the list, open ones first, and one of them."""

from collections.abc import Callable
from dataclasses import dataclass

from logjedi_approval_gateway.domain import card
from logjedi_approval_gateway.domain.approval import Approval, Ref, State
from logjedi_approval_gateway.domain.rules import Rules
from logjedi_approval_gateway.ports.store import ApprovalStore
from logjedi_approval_gateway.usecases import receive_proposal
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import Actor

_SEVERITY = {"critical": 0, "warning": 1, "info": 2}
LISTED = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """One approval, as one viewer sees it."""

    card: card.Card
    may_decide: bool


@dataclass(frozen=True, slots=True)
class ReadApprovals:
    store: ApprovalStore
    rules: Rules
    link: Callable[[Ref], str]

    async def all(self) -> list[card.Card]:
        """List the newest approvals: open first, then what is under way, then what is over."""
        found = sorted(await self.store.recent(LISTED), key=_order)
        return [card.of(approval, link=self.link(approval.ask.ref)) for approval in found]

    async def one(self, ref: Ref, viewer: Actor | None) -> Shown | None:
        """Read one, and whether ``viewer`` may decide it; ``None`` if it is not there or not believed."""
        try:
            approval = await self.store.load(ref)
        except MessageRejected:
            return None
        if approval is None:
            return None
        return Shown(card.of(approval, link=self.link(ref)), self._may_decide(approval, viewer))

    def _may_decide(self, approval: Approval, viewer: Actor | None) -> bool:
        proposal = approval.ask.proposal
        if proposal is None or viewer is None:
            return False
        rule = self.rules.find(receive_proposal.subject(approval.ask.ref.cluster, proposal))
        return rule is not None and self.rules.may_decide(rule, viewer)


def _order(approval: Approval) -> tuple[int, int, float]:
    group = 0 if approval.state is State.OPEN else 2 if approval.finished else 1
    severity = _SEVERITY[approval.ask.incident.severity.value] if group == 0 else 0
    return group, severity, -approval.ask.asked_at.timestamp()
