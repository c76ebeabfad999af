"""After a patch: watch until the workload is healthy and stays so, or undo exactly what was patched.

Healthy as Kubernetes means it for the kind, on a status not older than the patch, with no restart in the settling time.
Inconclusive at the deadline counts as failure. The undo passes the same gates as the patch did.
"""

import asyncio
import json
from dataclasses import replace
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
_TRIES = 8
_PAUSE_S = 0.05
"""Before the second try; it doubles. The last comes about 6 s after the first: a rollout writes in bursts."""


class Verifier:
    """Remembers, for each record, since when its workload has been healthy; a restart simply starts counting anew."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stability: dict[str, Stability] = {}

    def forget(self, key: str) -> None:
        """Drop what is remembered of a record that is not verified any more."""
        self._stability.pop(key, None)

    async def verify(self, record: Record) -> tuple[Record, timedelta | None]:
        """Look once; return the record and when to look again (``None``: it has ended)."""
        parts = self._parts
        try:
            # As many approvals as were asked for then: what was applied must be undone, whatever the policy asks now.
            proposal, _ = authority.approved(record, replace(authority_of(parts), required=1))
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
        if preimage.attempt_of(state.owner) == preimage.undone(proposal.nonce):
            # Killed between the undo and its record: whatever the workload does now, it does without the patch.
            return await self._undone(record, Event.UNDONE, "not healthy; rolled back", ok=True), None
        stability = health.observe(self._stability.get(record.key), verdict, now)
        self._stability[record.key] = stability
        if health.settled(stability, parts.timing.settle, now):
            took = (now - record.status.applied.at) if record.status.applied else timedelta()
            said = f"healthy {int(took.total_seconds())} s after the patch"
            return await self._end(record, Event.HEALTHY, said, healthy=True)
        deadline = record.status.verification.deadline if record.status.verification else now
        # What is healthy at the deadline may settle: the first look after an outage must not undo what has healed.
        too_late = now >= deadline and stability.healthy_since is None
        if too_late or health.failed_for_good(stability, parts.timing.settle, now):
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
        verification = record.status.verification
        if verification is not None:
            verification = verification.model_copy(update={"healthy": healthy, "message": incident.fit(message)})
        return await incident.advance(self._parts, record, event, message, verification=verification), None

    async def _undo(self, record: Record, proposal: Proposal, verdict: Health) -> Record:
        """Put back what the touched fields held; refuse to touch what is not ours any more."""
        why = f"not healthy: {verdict.message}"
        for number in range(_TRIES):
            try:
                await undo_once(self._parts, record, proposal)
            except Conflict:
                await asyncio.sleep(_PAUSE_S * 2**number)
                continue
            except Refused as refusal:
                if refusal.rule == "gone":
                    gone = f"{record.owner} is not there any more"
                    return (await self._end(record, Event.GONE, gone, healthy=None))[0]
                said = f"{why}; the undo was refused ({refusal.rule}): {refusal}"
                return await self._undone(record, Event.UNDO_FAILED, said, ok=False)
            return await self._undone(record, Event.UNDONE, f"{why}; rolled back", ok=True)
        return await self._undone(record, Event.UNDO_FAILED, f"{why}; the object keeps changing", ok=False)

    async def _undone(self, record: Record, event: Event, message: str, *, ok: bool) -> Record:
        now = self._parts.clock.now()
        deadline = record.status.verification.deadline if record.status.verification else now
        said = incident.fit(message)
        return await incident.advance(
            self._parts, record, event, message,
            verification=Verification(deadline=deadline, healthy=False, message=said),
            rollback=Rollback(at=now, ok=ok, message=said),
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
    if preimage.attempt_of(live) == preimage.undone(proposal.nonce) or not preimage.still_holds(
        proposal.pre_image, live
    ):
        return live  # undone before, by us or by somebody else
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
