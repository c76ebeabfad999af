"""Reads approvals for the page: the list, open ones first, and one of them."""

from collections.abc import Callable
from dataclasses import dataclass

from logjedi_approval_gateway.domain import card
from logjedi_approval_gateway.domain.approval import Approval, Ref, State
from logjedi_approval_gateway.ports.store import ApprovalStore
from logjedi_contracts.errors import MessageRejected

_SEVERITY = {"critical": 0, "warning": 1, "info": 2}
LISTED = 200


@dataclass(frozen=True, slots=True)
class ReadApprovals:
    store: ApprovalStore
    link: Callable[[Ref], str]

    async def all(self) -> list[card.Card]:
        """List the newest approvals: open first, then what is under way, then what is over."""
        found = sorted(await self.store.recent(LISTED), key=_order)
        return [card.of(approval, link=self.link(approval.ask.ref)) for approval in found]

    async def one(self, ref: Ref) -> card.Card | None:
        """Read one; ``None`` if it is not there or not believed."""
        try:
            approval = await self.store.load(ref)
        except MessageRejected:
            return None
        return card.of(approval, link=self.link(ref)) if approval else None


def _order(approval: Approval) -> tuple[int, int, float]:
    group = 0 if approval.state is State.OPEN else 2 if approval.finished else 1
    severity = _SEVERITY[approval.ask.incident.severity.value] if group == 0 else 0
    return group, severity, -approval.ask.asked_at.timestamp()
