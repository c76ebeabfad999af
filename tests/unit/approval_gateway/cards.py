"""Approvals and cards in every state, for tests of what is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

from logjedi_approval_gateway.domain import card
from logjedi_approval_gateway.domain.approval import Approval, Ask, Ref, State
from logjedi_contracts.messages import AdviceGiven, ProposalMade
from tests.unit.approval_gateway import samples


def ask(message: ProposalMade | AdviceGiven | None = None, **changed: Any) -> Ask:
    made = message or samples.proposal()
    now = datetime.now(UTC)
    known: dict[str, Any] = {
        "ref": Ref(samples.CLUSTER, made.record.uid),
        "analysis": f"{made.record.namespace}/{made.record.name}",
        "message": made,
        "asked_at": now,
        "expires_at": now + timedelta(hours=1),
        "rule": "shop",
        "approvers": ("Alice", "slack:U2"),
    }
    return Ask(**(known | changed))


def approval(message: ProposalMade | AdviceGiven | None = None, **changed: Any) -> Approval:
    known: dict[str, Any] = {"ask": ask(message), "state": State.OPEN}
    return Approval(**(known | changed))


def drawn(message: ProposalMade | AdviceGiven | None = None, **changed: Any) -> card.Card:
    return card.of(approval(message, **changed))
