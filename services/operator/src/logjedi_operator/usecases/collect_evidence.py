"""Collect everything that explains one finding, in at most twelve calls, and mask it.

Called by the analysis of one incident. Three rounds: the owner; lists; events and logs of what the lists showed. Each
round runs in parallel. A call that fails becomes a note in the evidence, never a failed analysis; only the owner itself
must be readable, for without it there is nothing to explain and nothing to patch.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from logjedi_contracts.errors import LogJediError, Refused
from logjedi_operator.domain.evidence import chosen, masking, references, revisions, states
from logjedi_operator.domain.evidence.masking import Collected
from logjedi_operator.domain.evidence.raw import Raw, RawLog
from logjedi_operator.domain.findings import Finding
from logjedi_operator.domain.workload import Object, pod_spec, pod_spec_path
from logjedi_operator.ports.cluster import ClusterReader, ListQuery, LogQuery

__all__ = ["Collected", "Options", "collect"]

_JOB_LABEL: Final = "batch.kubernetes.io/job-name"
_CRONJOB_JOBS: Final = 3
_REFERRED: Final = ("ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount")
_SCALED: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
_MANY_LINES: Final = 10_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """Caps and rights of one collection."""

    max_log_lines: int = 200
    """Newest lines per log; 0: as many as ``max_log_bytes`` holds."""
    max_log_bytes: int = 65_536
    max_pods: int = 5
    max_calls: int = 12
    list_limit: int = 500
    call_timeout: timedelta = timedelta(seconds=10)
    read_secrets: bool = False
    """Whether Secrets may be listed; only names and keys are kept of them, values never."""


async def collect(reader: ClusterReader, finding: Finding, options: Options | None = None) -> Collected:
    """Collect and mask the evidence for ``finding`` on its (root) owner.

    Raises ``Refused`` (rule ``gone``) if the owner is no longer there, and what the reader raises for it.
    """
    settings, owner = options or Options(), finding.owner
    live = await reader.get(owner.api_version, owner.kind, owner.namespace, owner.name)
    if live is None or (owner.uid and live["metadata"].get("uid") != owner.uid):
        raise Refused("gone", f"{owner} is no longer there")
    collection = _Collection(reader, settings, Raw(finding, live, max_lines=settings.max_log_lines))
    await collection.lists()
    await collection.details()
    return masking.mask(collection.raw)


class _Calls:
    """Makes the calls: counts them, gives each its time, turns a failure into a note."""

    def __init__(self, reader: ClusterReader, options: Options, namespace: str) -> None:
        self._reader = reader
        self._options = options
        self._namespace = namespace
        self.left = options.max_calls - 1
        """The owner's own read was the first."""
        self.notes: list[str] = []
        self.full: set[str] = set()
        """Kinds of which there are more than one list holds."""

    async def list(self, api_version: str, kind: str, *, labels: str = "", fields: str = "") -> list[Object] | None:
        """List objects; ``None`` if that failed or no call is left."""
        query = ListQuery(api_version, kind, self._namespace, labels, fields, self._options.list_limit)
        found = await self._tried(f"list {kind}", lambda: self._reader.list(query))
        if found is not None and len(found) >= query.limit:
            self.full.add(kind)
        return found

    async def log(self, wanted: chosen.WantedLog) -> RawLog | None:
        """Read a log's tail, a line more than is kept, so that a cut shows."""
        lines = self._options.max_log_lines + 1 if self._options.max_log_lines else _MANY_LINES
        size = self._options.max_log_bytes
        query = LogQuery(self._namespace, wanted.pod, wanted.container, wanted.previous, lines, size)
        run = "previous log" if wanted.previous else "log"
        text = await self._tried(f"{run} of {wanted.container}", lambda: self._reader.logs(query))
        if not text:
            return None
        kept = text.encode()[-size:].decode(errors="replace")
        cut = len(text.encode()) >= size
        return RawLog(wanted.pod, wanted.container, wanted.previous, kept, cut)

    async def _tried(self, what: str, call: Callable[[], Awaitable[_T]]) -> _T | None:
        if self.left <= 0:
            self.notes.append(f"{what}: not asked, {self._options.max_calls} calls are enough for one incident")
            return None
        self.left -= 1
        try:
            async with asyncio.timeout(self._options.call_timeout.total_seconds()):
                return await call()
        except TimeoutError:
            self.notes.append(f"{what}: no answer within {self._options.call_timeout.total_seconds():g} s")
        except (LogJediError, OSError) as error:
            self.notes.append(f"{what}: {error}")
        return None


class _Collection:
    """One collection under way."""

    def __init__(self, reader: ClusterReader, options: Options, raw: Raw) -> None:
        self._options = options
        self._owner = raw.finding.owner
        self._calls = _Calls(reader, options, raw.finding.owner.namespace)
        self.raw = raw

    async def lists(self) -> None:
        """Read pods, ReplicaSets, autoscalers and the objects of each kind that the template refers to."""
        raw, calls, kind = self.raw, self._calls, self._owner.kind
        raw.named = references.find(pod_spec(raw.live), pod_spec_path(kind))
        kinds = [k for k in _REFERRED if any(n.kind == k for n in raw.named)]
        kinds = [k for k in kinds if k != "Secret" or self._options.read_secrets]
        pods, replicasets, scalers, *existing = await asyncio.gather(
            self._pods(),
            calls.list("apps/v1", "ReplicaSet", labels=states.selector(raw.live)) if kind == "Deployment" else _none(),
            calls.list("autoscaling/v2", "HorizontalPodAutoscaler") if kind in _SCALED else _none(),
            *(calls.list("v1", k) for k in kinds),
        )
        raw.autoscalers = scalers or []
        raw.replicasets = [rs for rs in replicasets or [] if states.belongs(rs, self._owner)]
        self._keep_pods(pods or [])
        for k, objects in zip(kinds, existing, strict=True):
            self._keep_names(k, objects)
        self._keep_hints()

    async def details(self) -> None:
        """Read events and logs, the most telling first, as far as the number of calls goes."""
        raw = self.raw
        uids, logs = chosen.event_subjects(raw), chosen.logs(raw)
        order: list[str | chosen.WantedLog] = [*uids[:1], *logs[:2], *uids[1:], *logs[2:]]
        room = max(self._calls.left, 0)
        raw.truncated |= len(order) > room
        for found in await asyncio.gather(*(self._detail(wanted) for wanted in order[:room])):
            if isinstance(found, RawLog):
                raw.logs.append(found)
            else:
                raw.events += found or []
        self._keep_denials()
        raw.notes += self._calls.notes

    async def _detail(self, wanted: str | chosen.WantedLog) -> RawLog | list[Object] | None:
        if isinstance(wanted, chosen.WantedLog):
            return await self._calls.log(wanted)
        return await self._calls.list("v1", "Event", fields=f"involvedObject.uid={wanted}")

    async def _pods(self) -> list[Object] | None:
        """Read the owner's pods by its own selector, matchExpressions included; without a selector there are none."""
        raw, kind = self.raw, self._owner.kind
        if kind == "Pod":
            return [raw.live]
        if kind == "CronJob":
            return await self._pods_of_cronjob()
        labels = states.selector(raw.live)
        return await self._calls.list("v1", "Pod", labels=labels) if labels else []

    async def _pods_of_cronjob(self) -> list[Object] | None:
        jobs = [job for job in await self._calls.list("batch/v1", "Job") or [] if states.belongs(job, self._owner)]
        newest = sorted(jobs, key=lambda job: str(job["metadata"].get("creationTimestamp")))[-_CRONJOB_JOBS:]
        if not newest:
            return []
        self.raw.jobs = newest
        names = ",".join(job["metadata"]["name"] for job in newest)
        return await self._calls.list("v1", "Pod", labels=f"{_JOB_LABEL} in ({names})")

    def _keep_pods(self, pods: list[Object]) -> None:
        raw, most = self.raw, self._options.max_pods
        mine = states.owned(pods, self._owner, [*raw.replicasets, *raw.jobs])
        ordered = states.worst_first(mine, raw.finding, datetime.now(UTC))
        raw.pods, raw.truncated = ordered[:most], raw.truncated or len(ordered) > most

    def _keep_names(self, kind: str, objects: list[Object] | None) -> None:
        """Keep names and keys alone. A list that is full proves only what is in it."""
        existing = self.raw.existing
        if objects is None:
            return
        for obj in objects:
            existing.keys[kind, obj["metadata"]["name"]] = {*(obj.get("data") or {}), *(obj.get("binaryData") or {})}
        names = {obj["metadata"]["name"] for obj in objects}
        if kind in self._calls.full:
            existing.hinted.setdefault(kind, set()).update(names)
            self._calls.notes.append(f"more than {self._options.list_limit} objects of kind {kind}: not all were read")
        else:
            existing.names[kind] = names

    def _keep_hints(self) -> None:
        """Names that healthy revisions use: all that is known of Secrets without the right to read them."""
        for ran in revisions.newest_first(self.raw.live, self.raw.replicasets):
            for named in references.find(pod_spec(ran.replicaset), "") if ran.healthy else ():
                kind = f"{named.kind}:{named.parent}" if named.parent else named.kind
                self.raw.existing.hinted.setdefault(kind, set()).add(named.name)

    def _keep_denials(self) -> None:
        raw = self.raw
        texts = [raw.finding.message, *(str(event.get("message") or "") for event in raw.events)]
        texts += [one.message for pod in raw.pods for one in states.state(pod).containers if one.state == "waiting"]
        for text in texts:
            raw.existing.denied.update(references.denials(text))


async def _none() -> None:
    """Stand in for a call that is not needed."""
