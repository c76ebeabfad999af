"""Stream entries to use cases: one handler a stream."""

from logjedi_approval_gateway.usecases.follow_outcome import FollowOutcome
from logjedi_approval_gateway.usecases.receive_proposal import ReceiveProposal
from logjedi_contracts import messages, signing, streams
from logjedi_contracts.bus import Subscription
from logjedi_contracts.envelope import Received
from logjedi_contracts.errors import MessageRejected


def proposals(receive: ReceiveProposal, keys: signing.KeyRing, consumer: str) -> Subscription:
    async def handle(received: Received) -> None:
        match received.message:
            case messages.ProposalMade() as proposal:
                await receive.proposal(received.envelope, proposal)
            case messages.AdviceGiven() as advice:
                await receive.advice(received.envelope, advice)
            case _:
                raise MessageRejected(f"{received.envelope.type} has no place among proposals")

    return Subscription(streams.PROPOSALS, streams.GATEWAY_GROUP, consumer, handle, keys)


def outcomes(follow: FollowOutcome, keys: signing.KeyRing, consumer: str) -> Subscription:
    async def handle(received: Received) -> None:
        if not isinstance(received.message, messages.PhaseChanged):
            raise MessageRejected(f"{received.envelope.type} has no place among outcomes")
        await follow(received.envelope, received.message)

    return Subscription(streams.OUTCOMES, streams.GATEWAY_GROUP, consumer, handle, keys)
