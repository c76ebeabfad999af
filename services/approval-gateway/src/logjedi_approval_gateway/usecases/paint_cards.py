"""Brings every chat message to the newest state of its approval, however often it has to try.

The store keeps a list of approvals whose messages are behind. For each, this posts what is missing, updates what is
old and tells new phases in the thread; then it tells the operator that people are asked. A chat that is down
delays messages and nothing else. Safe to run in several replicas: an approval is painted under a lease.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from logjedi_approval_gateway.domain import card
from logjedi_approval_gateway.domain.approval import Approval, Place, Post, Ref, State
from logjedi_approval_gateway.ports.channel import Channel, ChannelRefused
from logjedi_approval_gateway.ports.publisher import Publisher
from logjedi_approval_gateway.ports.store import ApprovalStore
from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown, MessageRejected
from logjedi_contracts.messages import ProposalAsked

log = logs.get(__name__)
PAGE = "web"
FRESH = timedelta(seconds=10)
"""A proposal younger than this is taken to be asked for the first time. Arbitrary."""
REFUSED_AGAIN_S = 300.0
"""A chat that refused a message (not invited, archived) is asked again this much later, while people can decide."""


@dataclass(slots=True)
class PaintCards:
    """``link`` makes the page's address of an approval, or nothing; ``holder`` names this replica."""

    store: ApprovalStore
    channels: Sequence[Channel]
    publisher: Publisher
    link: Callable[[Ref], str]
    holder: str
    _failures: dict[Ref, int] = field(default_factory=dict)

    async def __call__(self, ref: Ref) -> None:
        """Paint one approval, or put it off. Raises ``DependencyDown`` for the store alone."""
        if not await self.store.lease(ref, self.holder):
            return
        try:
            await self._paint(ref)
        finally:
            await self.store.release(ref, self.holder)

    async def _paint(self, ref: Ref) -> None:
        try:
            approval = await self.store.load(ref)
        except MessageRejected as error:
            log.error("stored approval is not believed, its message stays as it is", uid=ref.uid, cause=str(error))
            await self.store.postpone(ref, REFUSED_AGAIN_S)
            return
        if approval is None:
            await self.store.drop(ref)
            return
        with logs.about(approval.ask.analysis):
            delays = [await self._try(channel, approval) for channel in self.channels]
            await self._tell_operator(approval, waiting=any(0 < delay < REFUSED_AGAIN_S for delay in delays))
            await self._settle(approval, max(delays, default=0.0))

    async def _try(self, channel: Channel, approval: Approval) -> float:
        """Paint one channel; return in how many seconds to try again, 0 for never."""
        try:
            await self._show(channel, approval)
        except DependencyDown as error:
            if error.dependency != channel.name:
                raise  # the store, not the chat
            failures = self._failures[approval.ask.ref] = self._failures.get(approval.ask.ref, 0) + 1
            log.warning("message is not up to date, trying again", channel=channel.name, cause=error.cause)
            return float(max(error.delay_s, min(60.0, 0.5 * 2 ** min(failures, 8))))
        except ChannelRefused as error:
            return await self._give_up(channel, approval, error)
        return 0.0

    async def _show(self, channel: Channel, approval: Approval) -> None:
        payload = channel.render(card.of(approval, link=self.link(approval.ask.ref)))
        post = approval.posts.get(channel.name)
        if post is None or post.place is None:
            post = await self._post(channel, approval, payload)
        elif post.version < approval.version:
            await channel.update(post.place, payload)
            post = replace(post, version=approval.version, error="")
            await self.store.keep_post(approval.ask, channel.name, post)
        if post is not None:
            await self._reply(channel, approval, post)

    async def _post(self, channel: Channel, approval: Approval, payload: dict[str, object]) -> Post | None:
        """Post once: a mark is written first, so that whoever finds it looks before posting again."""
        place = await self._left_behind(channel, approval, payload)
        if place is None:
            if not _worth_posting(approval):
                return None
            await self.store.keep_post(approval.ask, channel.name, Post())
            place = await channel.post(payload)
        post = Post(place, approval.version, approval.phases[-1].sequence if approval.phases else -1)
        await self.store.keep_post(approval.ask, channel.name, post)
        log.info("posted", channel=channel.name)
        return post

    async def _left_behind(self, channel: Channel, approval: Approval, payload: dict[str, object]) -> Place | None:
        """Find, and bring up to date, a message that was posted before, and that the store does not know (any more)."""
        mark = approval.posts.get(channel.name)
        if mark is None and not _may_be_forgotten(approval):
            return None
        if mark is not None and mark.error:
            return None
        place = await channel.find(payload)
        if place is not None:
            await channel.update(place, payload)
        return place

    async def _reply(self, channel: Channel, approval: Approval, post: Post) -> None:
        """Tell in the thread what is new since the last time."""
        told = [step for step in card.of(approval).timeline if step.sequence > post.replied]
        if not told or post.place is None:
            return
        await channel.reply(post.place, told)
        post = replace(post, replied=told[-1].sequence)
        await self.store.keep_post(approval.ask, channel.name, post)

    async def _give_up(self, channel: Channel, approval: Approval, error: ChannelRefused) -> float:
        post = approval.posts.get(channel.name) or Post()
        log.error("chat refused the message; decide on the page", channel=channel.name, cause=str(error))
        kept = replace(post, version=approval.version, error=str(error)[:200])
        await self.store.keep_post(approval.ask, channel.name, kept)
        return REFUSED_AGAIN_S if approval.state is State.OPEN and post.place is None else 0.0

    async def _tell_operator(self, approval: Approval, *, waiting: bool) -> None:
        proposal = approval.ask.proposal
        superseded = approval.ask.ref.attempt is not None
        if proposal is None or approval.told_operator or waiting or superseded:
            return
        current = await self.store.load(approval.ask.ref) or approval
        channels = [PAGE, *(name for name, post in sorted(current.posts.items()) if post.place is not None)]
        message = ProposalAsked(
            record=proposal.record,
            attempt=proposal.attempt,
            digest=proposal.digest,
            channels=channels,
            rule=approval.ask.rule,
            expires_at=approval.ask.expires_at,
        )
        await self.publisher.asked(approval.ask, message)
        await self.store.keep_told(approval.ask)

    async def _settle(self, approval: Approval, delay_s: float) -> None:
        ref = approval.ask.ref
        if delay_s > 0:
            await self.store.postpone(ref, delay_s)
            return
        self._failures.pop(ref, None)
        await self.store.settle(approval)


def _may_be_forgotten(approval: Approval) -> bool:
    """A proposal that comes long after it was made was probably asked before, in a Redis that has since lost it."""
    proposal = approval.ask.proposal
    return proposal is not None and approval.ask.asked_at - proposal.proposed_at > FRESH


def _worth_posting(approval: Approval) -> bool:
    """What ended before anybody was shown it need not be shown."""
    return approval.state in (State.OPEN, State.ADVICE)
