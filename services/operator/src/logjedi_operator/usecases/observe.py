"""Turn what the watch says into records: detect, attribute, wait for the grace time, record once.

Called for every event of a watched object. Holds in memory only what waits for its grace time; the record's name is
the dedupe key, so that a hundred pods, a second replica or a restart cannot make a second record.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from logjedi_contracts import logs
from logjedi_contracts.errors import LogJediError, TemporaryError
from logjedi_contracts.messages import Phase
from logjedi_operator.domain import detection, fingerprint, phases, redaction
from logjedi_operator.domain.findings import Finding, is_explained
from logjedi_operator.domain.ownership import Owners, Unknown
from logjedi_operator.domain.record import FailureSpec, Record, Spec, Status, Workload
from logjedi_operator.domain.workload import Object, WorkloadRef, controller
from logjedi_operator.usecases.parts import Parts

log = logs.get(__name__)
_REFUSED_DELAY_S = 60.0


_OURS: Final = frozenset({Phase.APPROVED, Phase.APPLYING, Phase.VERIFYING})


class BeingMended(TemporaryError):
    """A patch of ours is under way on the workload: what fails meanwhile is judged, and undone, with that patch."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which namespaces are watched; exclusion wins."""

    watch: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def holds(self, namespace: str) -> bool:
        return namespace not in self.exclude and (not self.watch or namespace in self.watch)


@dataclass(slots=True)
class Observer:
    """Knows the owners, and which objects wait to be looked at again."""

    parts: Parts
    scope: Scope
    owners: Owners = field(default_factory=Owners)
    _waiting: dict[str, asyncio.TimerHandle | asyncio.Task[None]] = field(default_factory=dict)
    """By uid: the timer of an object that is to be looked at again, or that look itself."""

    async def see(self, event: str, obj: Object) -> None:
        """Take in one watch event; ``event`` is ADDED, MODIFIED, DELETED or empty for the initial list."""
        ref = WorkloadRef.of(obj)
        if not self.scope.holds(ref.namespace):
            return
        self._cancel(ref.uid)
        if event == "DELETED":
            self.owners.forget(ref.uid)
        else:
            self.owners.learn(obj)
            await self._look_safely(obj)
        self._wake_records(obj)

    async def _look(self, obj: Object) -> None:
        now = self.parts.clock.now()
        findings = detection.detect(obj, now, self.parts.graces)
        for finding in findings:
            if finding.is_due(now):
                await self._report(finding, obj)
        due = [finding.due for finding in findings if finding.due and finding.due > now]
        if due:
            self._look_again(obj, (min(due) - now).total_seconds())

    def _look_again(self, obj: Object, after_s: float) -> None:
        """Look at the object once more as it is now; a newer event of it comes first and cancels this."""
        loop = asyncio.get_running_loop()
        self._waiting[obj["metadata"]["uid"]] = loop.call_later(after_s + 0.05, self._spawn, obj)

    def _spawn(self, obj: Object) -> None:
        uid = obj["metadata"]["uid"]
        task = asyncio.get_running_loop().create_task(self._look_safely(obj))
        self._waiting[uid] = task
        task.add_done_callback(lambda done: self._waiting.pop(uid) if self._waiting.get(uid) is done else None)

    async def _look_safely(self, obj: Object) -> None:
        try:
            await self._look(obj)
        except LogJediError as error:
            # No other event may ever come for it, so it is looked at again even where waiting can hardly help (403).
            delay_s = error.delay_s if isinstance(error, TemporaryError) else _REFUSED_DELAY_S
            log.warning("looking again later", object=str(WorkloadRef.of(obj)), cause=str(error))
            self._look_again(obj, delay_s)

    def _cancel(self, uid: str) -> None:
        """Drop a look that waits or is under way: what it looks at is old news, or gone."""
        waiting = self._waiting.pop(uid, None)
        if waiting is not None:
            waiting.cancel()

    async def _report(self, finding: Finding, obj: Object) -> None:
        """Put a due finding on its root owner and make sure that there is a record of it."""
        attributed = self.owners.attribute(finding, obj)
        if isinstance(attributed, Unknown):
            attributed = await self._learn_owner(attributed, finding, obj)
        if attributed is None or self._explained(attributed):
            return
        name = fingerprint.record_name(attributed.owner, attributed.family, attributed.container)
        there = self.parts.records.cached(f"{attributed.owner.namespace}/{name}")
        if there is None:
            self._wait_for_patch(attributed.owner)
            await self._record(attributed, name)
        elif there.phase in phases.TERMINAL:
            self.parts.wakeups.wake(there.key)

    def _wait_for_patch(self, owner: WorkloadRef) -> None:
        """Raise ``BeingMended`` while a patch of ours is judged, and until the pods of one that was undone are gone."""
        gone_at = self.parts.clock.now() - self.parts.timing.settle
        for record in self.parts.records.known():
            undone = record.phase is Phase.ROLLED_BACK and (record.status.observed_at or gone_at) > gone_at
            if record.spec.workload.uid == owner.uid and (undone or record.phase in _OURS):
                raise BeingMended(f"a patch of {owner} is being verified", delay_s=10)

    async def _learn_owner(self, unknown: Unknown, finding: Finding, obj: Object) -> Finding | None:
        """Fetch owners that the watch has not shown yet, at most two steps up."""
        for _ in range(2):
            ref = unknown.ref
            owner = await self.parts.cluster.get(ref.api_version, ref.kind, ref.namespace, ref.name)
            if owner is None or owner["metadata"]["uid"] != ref.uid:
                return None
            self.owners.learn(owner)
            answer = self.owners.attribute(finding, obj)
            if not isinstance(answer, Unknown):
                return answer
            unknown = answer
        return None

    def _explained(self, finding: Finding) -> bool:
        """A workload's own status is no news while a cause below it is on record."""
        now = self.parts.clock.now()
        families = [
            record.spec.failure.family
            for record in self.parts.records.known()
            if record.spec.workload.uid == finding.owner.uid and _current(record, now)
        ]
        return is_explained(finding, families)

    async def _record(self, finding: Finding, name: str) -> None:
        now = self.parts.clock.now()
        record = await self.parts.records.create(new_record(self.parts.identity.cluster, finding, name, now))
        if record is None:
            return
        log.info(
            "failure detected", correlation=record.key, workload=str(finding.owner), reason=finding.reason,
            container=finding.container, severity=finding.severity.value,
        )  # fmt: skip
        self.parts.wakeups.wake(record.key)

    def _wake_records(self, obj: Object) -> None:
        """Let the open records of the object's owner look again: it may have healed, failed anew or gone."""
        owner = controller(obj)
        root = self.owners.root(obj)
        uids = {obj["metadata"]["uid"], owner.uid if owner else "", "" if isinstance(root, Unknown) else root.uid}
        for record in self.parts.records.known():
            if record.spec.workload.uid in uids and record.phase not in phases.TERMINAL:
                self.parts.wakeups.wake(record.key, after_s=0.2)


def _current(record: Record, now: datetime) -> bool:
    """Tell whether an incident is open, or ended so recently that its cooldown still runs."""
    until = record.status.cooldown_until
    return record.phase not in phases.TERMINAL or (until is not None and now < until)


def new_record(cluster: str, finding: Finding, name: str, now: datetime) -> Record:
    """Make the record of a finding; its name follows from its spec."""
    owner = finding.owner
    return Record(
        namespace=owner.namespace,
        name=name,
        spec=Spec(
            cluster=cluster,
            workload=Workload(api_version=owner.api_version, kind=owner.kind, name=owner.name, uid=owner.uid),
            failure=FailureSpec(
                reason=finding.reason,
                family=finding.family,
                container=finding.container,
                message=redaction.scrub_text(finding.message)[:2000],
                severity=finding.severity,
                first_seen=finding.since or now,
            ),
        ),
        status=Status(),
    )
