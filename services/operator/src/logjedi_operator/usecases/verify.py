"""After a patch: watch until the workload is healthy and stays so, or undo exactly what was patched.

Healthy as Kubernetes means it for the kind, on a status not older than the patch, with no restart in the settling time.
Inconclusive at the deadline counts as failure. The undo passes the same gates as the patch did.
"""

import json
from datetime import timedelta

from logjedi_contracts import logs
from logjedi_contracts.errors import Refused
from logjedi_operator.domain import authority, detection, diff, health, preimage
from logjedi_operator.domain.findings import Finding
from logjedi_operator.domain.health import Health, Stability, State
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import Proposal, Record, Rollback, Verification
from logjedi_operator.domain.workload import Object
from logjedi_operator.ports.cluster import Conflict, PatchOrder
from logjedi_operator.usecases import incident, workload_state
from logjedi_operator.usecases.decide import authority_of
from logjedi_operator.usecases.parts import Parts

log = logs.get(__name__)
_TRIES = 5


class Verifier:
    """Remembers, for each record, since when its workload has been healthy; a restart simply starts counting anew."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stability: dict[str, Stability] = {}

    async def verify(self, record: Record) -> tuple[Record, timedelta | None]:
        """Look once; return the record and when to look again (``None``: it has ended)."""
        parts = self._parts
        try:
            proposal, _ = authority.approved(record, authority_of(parts))
        except Refused as refusal:
            # Not ours to judge or undo: somebody else wrote this phase into the record.
            return await self._end(
                record, Event.UNDO_FAILED, f"not verified ({refusal.rule}): {refusal}", healthy=False
            )
        state = await workload_state.read(parts, record.owner)
        if state is None:
            return await self._end(record, Event.GONE, f"{record.owner} is not there any more", healthy=None)
        now = parts.clock.now()
        verdict = self._judge(record, state)
        stability = health.observe(self._stability.get(record.key), verdict, now)
        self._stability[record.key] = stability
        if health.settled(stability, parts.timing.settle, now):
            took = (now - record.status.applied.at) if record.status.applied else timedelta()
            return await self._end(record, Event.HEALTHY, f"healthy {took.seconds} s after the patch", healthy=True)
        deadline = record.status.verification.deadline if record.status.verification else now
        if now >= deadline or health.failed_for_good(stability, parts.timing.settle, now):
            self._stability.pop(record.key, None)
            return await self._undo(record, proposal, verdict), None
        return record, min(parts.timing.poll, parts.timing.settle)

    def _judge(self, record: Record, state: workload_state.WorkloadState) -> Health:
        """Healthy only if the kind's own status says so and the failure that was to be mended does not show."""
        now, applied = self._parts.clock.now(), record.status.applied
        after = health.After(generation=applied.generation, at=applied.at) if applied else health.After()
        verdict = health.assess(state.owner, state.pods, now, after=after)
        if verdict.state is not State.HEALTHY:
            return verdict
        current = health.current_pods(state.owner, state.pods, after)
        if any(
            _shows(record, finding) for pod in current for finding in detection.detect(pod, now, self._parts.graces)
        ):
            return Health(State.PROGRESSING, "the same failure still shows", verdict.restarts)
        return verdict

    async def _end(
        self, record: Record, event: Event, message: str, *, healthy: bool | None
    ) -> tuple[Record, timedelta | None]:
        self._stability.pop(record.key, None)
        verification = record.status.verification
        if verification is not None:
            verification = verification.model_copy(update={"healthy": healthy, "message": message})
        return await incident.advance(self._parts, record, event, message, verification=verification), None

    async def _undo(self, record: Record, proposal: Proposal, verdict: Health) -> Record:
        """Put back what the touched fields held; refuse to touch what is not ours any more."""
        why = f"not healthy: {verdict.message}"
        for _ in range(_TRIES):
            try:
                await undo_once(self._parts, record, proposal)
            except Conflict:
                continue
            except Refused as refusal:
                said = f"{why}; the undo was refused ({refusal.rule}): {refusal}"
                return await self._undone(record, Event.UNDO_FAILED, said, ok=False)
            return await self._undone(record, Event.UNDONE, f"{why}; rolled back", ok=True)
        return await self._undone(record, Event.UNDO_FAILED, f"{why}; the object keeps changing", ok=False)

    async def _undone(self, record: Record, event: Event, message: str, *, ok: bool) -> Record:
        now = self._parts.clock.now()
        deadline = record.status.verification.deadline if record.status.verification else now
        return await incident.advance(
            self._parts, record, event, message,
            verification=Verification(deadline=deadline, healthy=False, message=message[:2000]),
            rollback=Rollback(at=now, ok=ok, message=message[:2000]),
        )  # fmt: skip


def _shows(record: Record, finding: Finding) -> bool:
    failure = record.spec.failure
    return finding.family == failure.family and finding.container == failure.container


async def undo_once(parts: Parts, record: Record, proposal: Proposal) -> Object | None:
    """Dry-run and apply the undo. Raises ``Refused`` if a touched field is not ours any more; idempotent."""
    owner = record.owner
    live = await parts.cluster.get(owner.api_version, owner.kind, owner.namespace, owner.name)
    if live is None or live["metadata"]["uid"] != owner.uid:
        raise Refused("gone", f"{owner} is not there any more")
    if preimage.attempt_of(live) == preimage.undone(proposal.nonce):
        return live
    applied = json.loads(proposal.action.patch)
    foreign = preimage.not_ours(live, applied)
    if foreign:
        raise Refused("not-ours", f"changed by somebody else since: {', '.join(foreign)}")
    patch = preimage.undo(proposal.pre_image, proposal.nonce, live, patch=applied)
    version = live["metadata"]["resourceVersion"]
    rehearsed = await parts.cluster.patch(PatchOrder(owner, patch, version, dry_run=True))
    beyond = preimage.beyond(diff.changes(live, rehearsed), applied)
    if beyond:
        raise Refused("undo-differs", f"the API server would change more than the patch did: {', '.join(beyond)}")
    return await parts.cluster.patch(PatchOrder(owner, patch, version, dry_run=False))
