"""Keeps what the cluster said became of a record, so that every message tells the end of the story."""

from collections.abc import Callable
from dataclasses import dataclass

from logjedi_approval_gateway.domain.approval import Ref
from logjedi_approval_gateway.ports.store import ApprovalStore
from logjedi_contracts import logs
from logjedi_contracts.envelope import Envelope
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import PhaseChanged

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class FollowOutcome:
    store: ApprovalStore
    wake: Callable[[], None]

    async def __call__(self, sent: Envelope, changed: PhaseChanged) -> None:
        """Keep the phase, also before its proposal came; one that comes late never overwrites a newer one."""
        if sent.analysis != f"{changed.record.namespace}/{changed.record.name}":
            raise MessageRejected("the envelope names another record than the message in it")
        await self.store.advance(Ref.of(sent.cluster, changed.record), changed)
        log.info("phase", phase=changed.phase.value, sequence=changed.sequence, attempt=changed.attempt)
        self.wake()
