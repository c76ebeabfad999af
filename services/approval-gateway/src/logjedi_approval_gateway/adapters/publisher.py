"""Tells operators on their decisions stream that people are asked, and trims what the gateway has read."""

from datetime import UTC, datetime

from redis.exceptions import RedisError

from logjedi_approval_gateway.domain.approval import Ask
from logjedi_contracts import envelope, streams
from logjedi_contracts.bus import Bus
from logjedi_contracts.errors import DependencyDown
from logjedi_contracts.messages import ProposalAsked
from logjedi_contracts.signing import Signer


class BusPublisher:
    """Implements ``Publisher``."""

    def __init__(self, bus: Bus, signer: Signer) -> None:
        self._bus = bus
        self._signer = signer

    async def asked(self, ask: Ask, message: ProposalAsked) -> None:
        sent = envelope.wrap(message, cluster=ask.ref.cluster, analysis=ask.analysis)
        await self._bus.publish(streams.decisions(ask.ref.cluster), sent, self._signer)

    async def trim(self) -> int:
        """Drop what every group has read from the streams that come to gateways."""
        try:
            return sum([await self._bus.trim(stream) for stream in (streams.PROPOSALS, streams.OUTCOMES)])
        except RedisError as error:
            raise DependencyDown("redis", str(error) or type(error).__name__) from error


def now() -> datetime:
    return datetime.now(UTC)
