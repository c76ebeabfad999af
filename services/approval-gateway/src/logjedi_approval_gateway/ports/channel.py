"""A chat: two pure translations (card to payload, payload to click) and a sender.

Senders raise ``DependencyDown`` where waiting can help, and ``ChannelRefused`` where it cannot. Neither may ever
change a decision.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from logjedi_approval_gateway.domain.approval import Place
from logjedi_approval_gateway.domain.card import Card, Step
from logjedi_approval_gateway.domain.decision import Click
from logjedi_contracts.errors import PermanentError

Payload = dict[str, Any]


class ChannelRefused(PermanentError):
    """The chat will not take this message, now or later: archived, deleted, not invited."""


class Channel(Protocol):
    """One chat. ``name`` is the channel's word in actors, rules and metrics."""

    name: str

    def render(self, card: Card) -> Payload:
        """Translate a card."""

    def parse(self, payload: Mapping[str, Any]) -> Click:
        """Translate a believed request's content. Raises ``MessageRejected``."""

    async def post(self, payload: Payload) -> Place:
        """Send a new message."""

    async def find(self, payload: Payload) -> Place | None:
        """Look for a message that was posted just before we were killed."""

    async def update(self, place: Place, payload: Payload) -> None:
        """Replace a message in place."""

    async def reply(self, place: Place, steps: Sequence[Step]) -> None:
        """Tell what happened in the message's thread."""

    async def tell(self, click: Click, sentence: str) -> None:
        """Tell the clicker alone."""
