"""The stream of this cluster's decisions: from a believed message to the use case that takes it."""

from logjedi_contracts import envelope
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import AnalysisRequested, ProposalAsked, VoteCast
from logjedi_operator.usecases import decide
from logjedi_operator.usecases.parts import Parts


class Decisions:
    """Handler of the subscription. Whatever is not for us, or of another kind, is rejected and so parked."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, received: envelope.Received) -> None:
        if received.envelope.cluster != self._parts.identity.cluster:
            raise MessageRejected(f"a message for cluster {received.envelope.cluster!r}")
        match received.message:
            case VoteCast() as vote:
                await decide.receive_vote(self._parts, vote)
            case ProposalAsked() as asked:
                await decide.receive_asked(self._parts, asked)
            case AnalysisRequested() as request:
                await decide.receive_request(self._parts, request.record)
            case other:
                raise MessageRejected(f"{type(other).__name__} has no place on this stream")
