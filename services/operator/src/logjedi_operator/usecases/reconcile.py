"""Work on one record: read it, take the steps that its phase calls for, say when to look again.

The only caller of the phase use cases. A restart at any point comes back here with nothing but the record, so every
step must be safe to begin again.
"""

from datetime import timedelta

from logjedi_contracts import logs
from logjedi_contracts.messages import Phase
from logjedi_operator.domain import fingerprint
from logjedi_operator.domain.record import Record
from logjedi_operator.ports.cluster import Conflict
from logjedi_operator.usecases import apply, incident, investigate
from logjedi_operator.usecases.parts import Parts
from logjedi_operator.usecases.verify import Verifier
from logjedi_operator.usecases.watch_over import Watchman

log = logs.get(__name__)
Turn = tuple[Record, timedelta | None]
_STEPS = 8
"""The longest way through the phases without waiting, with room to spare."""


class Reconciler:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._verifier = Verifier(parts)
        self._watchman = Watchman(parts)

    async def __call__(self, key: str) -> None:
        """Work on ``key`` until there is nothing to do but wait, then ask to be woken."""
        try:
            await self._work(key)
        except Conflict:
            # Our copy may be the older one, and the watch may be long in bringing the newer.
            await self._parts.records.read(key)
            raise

    async def _work(self, key: str) -> None:
        record = self._parts.records.cached(key) or await self._parts.records.read(key)
        for _ in range(_STEPS):
            self._forget_what_is_over(key, record)
            if record is None or not self._acceptable(record):
                return
            incident.complete_audit(self._parts, record)
            before = record.phase
            record, wait = await self._step(record)
            if record.phase is before:
                if wait is not None:
                    self._parts.wakeups.wake(key, after_s=max(wait.total_seconds(), 0.05))
                return
        self._parts.wakeups.wake(key, after_s=1.0)

    def _forget_what_is_over(self, key: str, record: Record | None) -> None:
        """Keep no memory of an earlier attempt, nor of a record that is gone."""
        if record is None or record.phase is not Phase.PROPOSED:
            self._watchman.forget(key)
        if record is None or record.phase is not Phase.VERIFYING:
            self._verifier.forget(key)

    def _acceptable(self, record: Record) -> bool:
        """Leave alone what cannot be ours: another cluster's record, or a name that does not follow from the spec."""
        spec = record.spec.model_dump(mode="json", by_alias=True)
        fits = record.spec.cluster == self._parts.identity.cluster and fingerprint.matches(record.name, spec)
        if not fits:
            log.error("a record does not match its spec and is left alone")
        return fits

    async def _step(self, record: Record) -> Turn:
        match record.phase:
            case Phase.DETECTED:
                return await investigate.investigate(self._parts, record), None
            case Phase.ANALYZING:
                return await investigate.resume(self._parts, record), None
            case Phase.PROPOSED:
                return await self._watchman.wait(record)
            case Phase.APPROVED | Phase.APPLYING:
                return await apply.apply(self._parts, record), None
            case Phase.VERIFYING:
                return await self._verifier.verify(record)
            case _:
                return await self._watchman.ended(record)


def tell_everything(parts: Parts) -> int:
    """Publish again what every record says: after a start, and when Redis was emptied. Returns how many."""
    records = [record for record in parts.records.known() if record.phase not in (Phase.DETECTED, Phase.ANALYZING)]
    for record in records:
        parts.teller.tell(record)
    return len(records)
