"""Publishes what records say, in order, until Redis takes it. Implements ``ports.outside.Teller``.

Told nothing of the cluster: the record is the truth and is published again after a restart or an emptied Redis, so the
queue may live in memory. Kubernetes Events follow the same way.
"""

import asyncio
from collections import OrderedDict

from pydantic import ValidationError

from logjedi_contracts import bus, canonical, envelope, logs, signing, streams
from logjedi_contracts.errors import LogJediError, PermanentError, TemporaryError
from logjedi_contracts.messages import PhaseChanged
from logjedi_contracts.model import Message
from logjedi_operator.adapters import kube
from logjedi_operator.domain import sealing
from logjedi_operator.domain.record import API_VERSION, KIND, Record
from logjedi_operator.usecases import tell

log = logs.get(__name__)
_LONGEST = 10_000
_BAD = frozenset({"Failed", "RolledBack", "Refused", "Stale", "Expired"})


class StreamTeller:
    def __init__(self, messages: bus.Bus, signer: signing.Signer, cluster: str) -> None:
        self._bus, self._signer, self._cluster = messages, signer, cluster
        self._own_keys = signing.KeyRing([signer.public(cluster)])
        self._queue: OrderedDict[tuple[str, str], Record] = OrderedDict()
        """By uid and resourceVersion: what waits already is not queued again, so an outage fills it by no more."""
        self._filled = asyncio.Event()

    def tell(self, record: Record) -> None:
        self._queue.setdefault((record.uid, record.resource_version), record)
        if len(self._queue) > _LONGEST:
            self._queue.popitem(last=False)
        self._filled.set()

    async def serve(self) -> None:
        """Publish until cancelled; what could not be published stays first in the queue."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                waiting, record = next(iter(self._queue.items()))
                try:
                    await self._publish(record)
                except (PermanentError, ValueError) as error:
                    # Somebody else's hand in a record: what cannot be ours is told to nobody, and stops nothing.
                    log.error("a record is not published", correlation=record.key, cause=_brief(error))
                except TemporaryError as error:
                    log.warning("not published yet, trying again", cause=str(error), waiting=len(self._queue))
                    await asyncio.sleep(min(error.delay_s, 2.0))
                    continue
                self._queue.pop(waiting, None)

    async def _publish(self, record: Record) -> None:
        problem = sealing.publishable(record, self._own_keys, self._cluster)
        if problem:
            raise PermanentError(problem)
        for message in tell.messages_for(record):
            sent = envelope.wrap(message, cluster=self._cluster, analysis=record.key)
            await self._bus.publish(_stream(message), sent, self._signer)


class EventTeller:
    """Leaves a Kubernetes Event on the record for each phase, so that ``kubectl describe lja`` tells the story."""

    def __init__(self, cluster: kube.KubeCluster) -> None:
        self._cluster = cluster
        self._queue: asyncio.Queue[Record] = asyncio.Queue(maxsize=_LONGEST)
        self._told: OrderedDict[str, int] = OrderedDict()

    def tell(self, record: Record) -> None:
        sequence = record.status.audit.sequence
        if self._told.get(record.uid) == sequence or self._queue.full():
            return
        self._told[record.uid] = sequence
        if len(self._told) > _LONGEST:
            self._told.popitem(last=False)
        self._queue.put_nowait(record)

    async def serve(self) -> None:
        """Write Events until cancelled; one that is refused or not answered is dropped: the record tells it too."""
        while True:
            record = await self._queue.get()
            try:
                await self._cluster.call("POST", kube.path("v1", "Event", record.namespace), body=_event(record))
            except LogJediError as error:
                log.info("an Event was not written", cause=str(error))


class Tellers:
    """Tells several at once."""

    def __init__(self, *tellers: StreamTeller | EventTeller) -> None:
        self._tellers = tellers

    def tell(self, record: Record) -> None:
        for teller in self._tellers:
            teller.tell(record)


def _brief(error: Exception) -> str:
    """Name the fields that do not fit, and not what they hold."""
    if isinstance(error, ValidationError):
        return "; ".join(".".join(map(str, row["loc"])) for row in error.errors(include_input=False)[:5])
    return str(error) if isinstance(error, PermanentError) else type(error).__name__


def _stream(message: Message) -> str:
    return streams.OUTCOMES if isinstance(message, PhaseChanged) else streams.PROPOSALS


def _event(record: Record) -> dict[str, object]:
    # Its name follows from what it says: told again after a restart, it is the same Event, and the API server says 409.
    said = canonical.sha256([record.uid, record.status.audit.sequence])[:12]
    at = (record.status.observed_at or record.spec.failure.first_seen).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{record.name[:40].rstrip('-.')}.{said}", "namespace": record.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION, "kind": KIND, "namespace": record.namespace, "name": record.name,
            "uid": record.uid, "resourceVersion": record.resource_version,
        },
        "reason": record.phase.value,
        "message": record.status.message[:1024] or record.phase.value,
        "type": "Warning" if record.phase.value in _BAD else "Normal",
        "source": {"component": "logjedi-operator"},
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }  # fmt: skip
