"""Look after incidents that wait: for a decision, for their cooldown, for the end of their retention time.

A proposal ends by itself when its workload heals, goes, or its time is over, so that nobody approves a patch for a
healthy or absent workload. An ended incident whose failure is still there is taken up again after its cooldown.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Phase
from logjedi_operator.domain import detection, fingerprint, health, preimage, sealing
from logjedi_operator.domain.findings import Family, Finding
from logjedi_operator.domain.health import Stability, State
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import Proposal, Record
from logjedi_operator.usecases import incident, workload_state
from logjedi_operator.usecases.decide import authority_of
from logjedi_operator.usecases.parts import Parts

_REPUBLISH: Final = timedelta(seconds=10)
"""How often a proposal is published again until the gateway says that it is posted."""
_AT_ONCE: Final = frozenset({Phase.STALE})
"""Taken up again without a cooldown: the object changed under a proposal, so a new one is due."""


@dataclass(slots=True)
class _Seen:
    """What is remembered of one waiting proposal."""

    stability: Stability | None = None
    published: datetime | None = None
    changed: datetime | None = None
    """Since when the object has not been as it was shown."""


class Watchman:
    """Remembers since when the workloads of waiting incidents have been healthy; a restart starts counting anew."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._seen: dict[str, _Seen] = {}

    def forget(self, key: str) -> None:
        """Drop what is remembered of a record that does not wait any more."""
        self._seen.pop(key, None)

    async def wait(self, record: Record) -> tuple[Record, timedelta | None]:
        """Look at an incident that waits for people; return it and when to look again."""
        parts, now = self._parts, self._parts.clock.now()
        try:
            proposal = sealing.check(record, authority_of(parts).own, parts.identity.cluster)
        except Refused as refusal:
            return await self._end(record, Event.REFUSED, f"refused ({refusal.rule}): {refusal}")
        asked = record.status.asked
        if sealing.expired(proposal, asked.expires_at if asked else None, now):
            return await self._end(record, Event.EXPIRED, "nobody decided in time")
        seen = self._seen.setdefault(record.key, _Seen())
        ended = await self._ended_by_itself(record, proposal, seen)
        if ended is not None:
            return ended
        settling = seen.changed is not None or (seen.stability is not None and seen.stability.healthy_since is not None)
        wait = min(parts.timing.poll * (1 if settling else 6), proposal.expires_at - now + timedelta(seconds=1))
        if asked is None:
            return record, min(wait, self._publish(record, seen, now))
        return record, min(wait, asked.expires_at - now + timedelta(seconds=1))

    def _publish(self, record: Record, seen: _Seen, now: datetime) -> timedelta:
        """Publish again if it is time; return when it is next. The workload's own events wake us far more often."""
        if seen.published is None or now >= seen.published + _REPUBLISH:
            self._parts.teller.tell(record)
            seen.published = now
        return seen.published + _REPUBLISH - now

    async def _ended_by_itself(
        self, record: Record, proposal: Proposal, seen: _Seen
    ) -> tuple[Record, timedelta | None] | None:
        parts, now = self._parts, self._parts.clock.now()
        state = await workload_state.read(parts, record.owner)
        if state is None:
            return await self._end(record, Event.GONE, f"{record.owner} is not there any more")
        changed = preimage.still_holds(proposal.pre_image, state.owner)
        if self._stale(record, state, seen, changed=bool(changed)):
            return await self._end(record, Event.STALE, f"changed since it was shown: {', '.join(changed)}")
        verdict = health.assess(state.owner, state.pods, now)
        if verdict.state is State.HEALTHY and still_failing(parts, record, state):
            verdict = health.Health(State.PROGRESSING, "the failure still shows", verdict.restarts)
        seen.stability = health.observe(seen.stability, verdict, now)
        if health.settled(seen.stability, parts.timing.settle, now):
            return await self._end(record, Event.RECOVERED, "the workload got healthy by itself")
        return None

    def _stale(self, record: Record, state: workload_state.WorkloadState, seen: _Seen, *, changed: bool) -> bool:
        """A change that heals ends the incident as recovered, so it gets a moment to show whether it does.

        Meanwhile a click does no harm: the apply finds the change as well.
        """
        now = self._parts.clock.now()
        seen.changed = (seen.changed or now) if changed else None
        patience = self._parts.graces.pending
        return seen.changed is not None and now >= seen.changed + patience and still_failing(self._parts, record, state)

    async def _end(self, record: Record, event: Event, message: str) -> tuple[Record, timedelta | None]:
        return await incident.advance(self._parts, record, event, message), None

    async def ended(self, record: Record) -> tuple[Record, timedelta | None]:
        """Look at an ended incident: take it up again, keep it, or remove it after its retention time."""
        parts, now = self._parts, self._parts.clock.now()
        ended_at = record.status.observed_at or record.created_at or now
        if now >= ended_at + parts.timing.retention:
            await parts.records.delete(record)
            return record, None
        until = record.status.cooldown_until
        if record.phase not in _AT_ONCE and until is not None and now < until:
            return record, until - now
        return await self._again(record)

    async def _again(self, record: Record) -> tuple[Record, timedelta | None]:
        parts = self._parts
        if record.phase is Phase.ADVISED and incident.tried(record) >= parts.timing.attempts:
            return record, parts.timing.retention
        state = await workload_state.read(parts, record.owner)
        if state is None or not still_failing(parts, record, state):
            return record, parts.timing.retention
        message = "the object changed: looking again" if record.phase in _AT_ONCE else "the failure is there again"
        return await incident.take_up_again(parts, record, message), timedelta(0)


def still_failing(parts: Parts, record: Record, state: workload_state.WorkloadState) -> bool:
    """Tell whether the very failure of a record shows on its workload now."""
    now = parts.clock.now()
    return any(
        _same(record, finding)
        for obj in [*state.pods, state.owner]
        for finding in detection.detect(obj, now, parts.graces)
        if finding.is_due(now)
    )


def _same(record: Record, finding: Finding) -> bool:
    name = fingerprint.record_name(record.owner, Family(finding.family), finding.container)
    return name == record.name
