"""Records in the API server, with a copy of each kept from the watch and from our own writes.

Implements ``ports.records.Records``. Whichever copy is newer wins; resource versions of one resource are compared as
numbers, as client-go and Kubernetes ≥ 1.35 do (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
"""

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from logjedi_contracts import logs
from logjedi_contracts.errors import Refused
from logjedi_operator.adapters import kube
from logjedi_operator.domain.record import API_VERSION, KIND, Record
from logjedi_operator.ports.cluster import Conflict

log = logs.get(__name__)


class RecordStore:
    def __init__(self, cluster: kube.KubeCluster) -> None:
        self._cluster = cluster
        self._copies: dict[str, Record] = {}

    async def create(self, record: Record) -> Record | None:
        obj = record.to_object()
        obj.pop("status")
        try:
            answer = await self._cluster.call("POST", kube.path(API_VERSION, KIND, record.namespace), body=obj)
        except Conflict:
            return None
        return self._keep(Record.from_object(answer or {}))

    async def read(self, key: str) -> Record | None:
        namespace, _, name = key.partition("/")
        obj = await self._cluster.get(API_VERSION, KIND, namespace, name)
        if obj is None:
            self._copies.pop(key, None)
            return None
        return self._keep(_read(obj))

    def cached(self, key: str) -> Record | None:
        return self._copies.get(key)

    def known(self) -> Iterable[Record]:
        return list(self._copies.values())

    async def save(self, record: Record) -> Record:
        where = kube.path(API_VERSION, KIND, record.namespace, record.name) + "/status"
        try:
            answer = await self._cluster.call("PUT", where, body=record.to_object())
        except Refused as refusal:
            if refusal.rule == "gone":
                self._copies.pop(record.key, None)
                raise Conflict(str(refusal)) from refusal
            raise
        return self._keep(Record.from_object(answer or {}))

    async def delete(self, record: Record) -> None:
        where = kube.path(API_VERSION, KIND, record.namespace, record.name)
        await self._cluster.call("DELETE", where, missing_ok=True)
        self._copies.pop(record.key, None)

    def learn(self, event: str, obj: dict[str, Any]) -> str | None:
        """Take in what the watch says; return the record's key, or ``None`` if it cannot be read."""
        meta = obj["metadata"]
        key = f"{meta['namespace']}/{meta['name']}"
        if event == "DELETED":
            self._copies.pop(key, None)
            return key
        try:
            self._keep(_read(obj))
        except Refused as refusal:
            self._copies.pop(key, None)
            log.error("a record is left alone", correlation=key, cause=str(refusal))
            return None
        return key

    def _keep(self, record: Record) -> Record:
        there = self._copies.get(record.key)
        if there is None or there.uid != record.uid or _version(there) <= _version(record):
            self._copies[record.key] = record
        return record


def _read(obj: dict[str, Any]) -> Record:
    """Read a record. Raises ``Refused`` (rule ``unreadable``) naming the fields that are wrong, not what they hold."""
    try:
        return Record.from_object(obj)
    except ValidationError as error:
        places = "; ".join(".".join(map(str, row["loc"])) for row in error.errors(include_input=False)[:5])
        raise Refused("unreadable", f"the record cannot be read: {places}") from error


def _version(record: Record) -> int:
    return int(record.resource_version) if record.resource_version.isdigit() else 0
