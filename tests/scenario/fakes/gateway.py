"""The approval gateway and its people: asks once for each digest, signs votes, keeps what is not acknowledged."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import signing, votes
from logjedi_contracts.messages import Actor, PhaseChanged, ProposalAsked, ProposalMade, Verdict, VoteCast
from logjedi_contracts.model import Message
from logjedi_operator.ports.outside import Clock

APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT


@dataclass(frozen=True, slots=True)
class Click:
    """Somebody clicks, so long after the message was posted. ``twice``: the stream delivers the vote twice."""

    who: str = "alice"
    verdict: Verdict = APPROVE
    after: timedelta = timedelta(seconds=2)
    twice: bool = False


@dataclass
class FakeGateway:
    """``clicks``: what people do on each new message, one list for each in turn; the last list is for all later."""

    cluster: str
    clock: Clock
    signer: signing.Signer = field(default_factory=lambda: signing.Signer(Ed25519PrivateKey.generate()))
    clicks: list[Sequence[Click]] = field(default_factory=list)
    posts: bool = True
    """Whether it takes proposals at all; else it is down, and says nothing."""
    asked: list[ProposalMade] = field(default_factory=list)
    heard: list[Message] = field(default_factory=list)
    inbox: dict[int, Message] = field(default_factory=dict)
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def hear(self, messages: list[Message]) -> None:
        self.heard += messages
        for message in messages:
            if isinstance(message, ProposalMade) and self.posts:
                self._ask(message)

    def _ask(self, proposal: ProposalMade) -> None:
        asked = ProposalAsked(
            record=proposal.record, attempt=proposal.attempt, digest=proposal.digest, expires_at=proposal.expires_at
        )
        self.send(asked)
        if any(proposal.digest == known.digest for known in self.asked):
            return
        self.asked.append(proposal)
        turn = min(len(self.asked), len(self.clicks)) - 1
        for click in self.clicks[turn] if turn >= 0 else ():
            asyncio.get_running_loop().call_later(click.after.total_seconds(), self._click, proposal, click)

    def _click(self, proposal: ProposalMade, click: Click) -> None:
        vote = self.vote(proposal, click.who, click.verdict)
        for _ in range(2 if click.twice else 1):
            self.send(vote)

    def vote(
        self, proposal: ProposalMade, who: str = "alice", verdict: Verdict = APPROVE, *, at: datetime | None = None
    ) -> VoteCast:
        unsigned = VoteCast(
            vote_id=f"vote-{next(self._numbers)}", record=proposal.record, attempt=proposal.attempt,
            nonce=proposal.nonce, digest=proposal.digest, verdict=verdict, actor=Actor(id=f"web:{who}", name=who),
            channel="web", at=at or self.clock.now(), rule="shop", rule_hash="0" * 64, min_approvals=1,
            expires_at=proposal.expires_at, key_id="", signature="",
        )  # fmt: skip
        return votes.sign(self.cluster, unsigned, self.signer)

    def send(self, message: Message) -> None:
        self.inbox[next(self._numbers)] = message
        self.filled.set()

    @property
    def phases(self) -> list[str]:
        """Tell the phases as people saw them, repetitions left out."""
        told = [message.phase.value for message in self.heard if isinstance(message, PhaseChanged)]
        return [phase for phase, _ in itertools.groupby(told)]

    @property
    def proposals(self) -> list[ProposalMade]:
        """List every publication, repetitions too."""
        return [message for message in self.heard if isinstance(message, ProposalMade)]
