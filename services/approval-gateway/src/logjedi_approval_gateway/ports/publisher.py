"""How the operator is told that people are asked."""

from datetime import datetime
from typing import Protocol

from logjedi_approval_gateway.domain.approval import Ask
from logjedi_contracts.messages import ProposalAsked


class Publisher(Protocol):
    async def asked(self, ask: Ask, message: ProposalAsked) -> None:
        """Publish to the cluster's decisions. Raises ``DependencyDown``."""


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Return the time now, in UTC."""
