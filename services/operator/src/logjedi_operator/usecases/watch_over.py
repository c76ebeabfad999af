"""Look after incidents that wait: for a decision, for their cooldown, for the end of their retention time.

A proposal ends by itself when its workload heals, goes, or its time is over, so that nobody approves a patch for a
healthy or absent workload. An ended incident whose failure is still there is taken up again after its cooldown.
"""

from datetime import timedelta
from typing import Final

from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Phase
from logjedi_operator.domain import detection, fingerprint, health, sealing
from logjedi_operator.domain.findings import Family, Finding
from logjedi_operator.domain.health import Stability, State
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import Record
from logjedi_operator.usecases import incident, workload_state
from logjedi_operator.usecases.decide import authority_of
from logjedi_operator.usecases.parts import Parts

_REPUBLISH: Final = timedelta(seconds=10)
"""How often a proposal is published again until the gateway says that it is posted."""
_AT_ONCE: Final = frozenset({Phase.STALE})
"""Taken up again without a cooldown: the object changed under a proposal, so a new one is due."""


class Watchman:
    """Remembers since when the workloads of waiting incidents have been healthy."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stability: dict[str, Stability] = {}

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
        ended = await self._ended_by_itself(record)
        if ended is not None:
            return ended
        if asked is None:
            parts.teller.tell(record)
            return record, _REPUBLISH
        return record, min(parts.timing.poll * 6, asked.expires_at - now + timedelta(seconds=1))

    async def _ended_by_itself(self, record: Record) -> tuple[Record, timedelta | None] | None:
        parts, now = self._parts, self._parts.clock.now()
        state = await workload_state.read(parts, record.owner)
        if state is None:
            return await self._end(record, Event.GONE, f"{record.owner} is not there any more")
        verdict = health.assess(state.owner, state.pods, now)
        if verdict.state is State.HEALTHY and still_failing(parts, record, state):
            verdict = health.Health(State.PROGRESSING, "the failure still shows", verdict.restarts)
        stability = health.observe(self._stability.get(record.key), verdict, now)
        self._stability[record.key] = stability
        if health.settled(stability, parts.timing.settle, now):
            return await self._end(record, Event.RECOVERED, "the workload got healthy by itself")
        if stability.healthy_since is not None:
            return record, parts.timing.poll
        return None

    async def _end(self, record: Record, event: Event, message: str) -> tuple[Record, timedelta | None]:
        self._stability.pop(record.key, None)
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
        if record.status.attempts > parts.timing.attempts:
            return record, parts.timing.retention
        state = await workload_state.read(parts, record.owner)
        if state is None or not still_failing(parts, record, state):
            return record, parts.timing.retention
        message = "the object changed: looking again" if record.phase in _AT_ONCE else "the failure is there again"
        again = await incident.advance(
            parts, record, Event.RETURNED, message, attempts=record.status.attempts + 1, asked=None
        )
        return again, timedelta(0)


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
