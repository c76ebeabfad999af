"""The operator's ports on the fakes. Each call goes through the gate, so that it can fail or be the last."""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import ValidationError

from logjedi_analyzer.usecases.diagnose import ByPlaybook
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse
from logjedi_contracts.errors import Refused
from logjedi_operator.domain.record import KIND, Record
from logjedi_operator.ports.cluster import Conflict, ListQuery, LogQuery, PatchOrder
from tests.scenario.fakes.api_server import FakeApiServer, Object
from tests.scenario.fakes.gate import Gate


class FakeCluster:
    """Implements ``ports.cluster.Cluster``."""

    def __init__(self, server: FakeApiServer, gate: Gate) -> None:
        self._server, self._gate = server, gate

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        with self._gate(f"cluster.get {kind}"):
            found = self._server.get(kind, namespace, name)
            return {**found, "apiVersion": api_version, "kind": kind} if found else None

    async def list(self, query: ListQuery) -> list[Object]:
        with self._gate(f"cluster.list {query.kind}"):
            found = self._server.list(query.kind, query.namespace)
            return [obj for obj in found if _selected(obj, query)][: query.limit]

    async def logs(self, query: LogQuery) -> str | None:
        with self._gate("cluster.logs"):
            return self._server.logs.get((query.pod, query.container))

    async def patch(self, order: PatchOrder) -> Object:
        with self._gate("cluster.dry-run" if order.dry_run else "cluster.patch"):
            target = order.target
            body = {**order.body, "metadata": {**order.body.get("metadata", {})}}
            body["metadata"] |= {"resourceVersion": order.resource_version, "uid": target.uid}
            key = (target.kind, target.namespace, target.name)
            return self._server.patch(key, body, dry_run=order.dry_run)


def _selected(obj: Object, query: ListQuery) -> bool:
    if query.fields.startswith("involvedObject.uid="):
        return bool(obj["involvedObject"]["uid"] == query.fields.partition("=")[2])
    labels = obj["metadata"].get("labels") or {}
    terms = [term.partition("=") for term in query.labels.split(",") if term]
    return all(labels.get(key) == value for key, _, value in terms)


class FakeRecords:
    """Implements ``ports.records.Records``: the server persists, the copies die with the process."""

    def __init__(self, server: FakeApiServer, gate: Gate) -> None:
        self._server, self._gate = server, gate
        self._copies: dict[str, Record] = {}

    async def create(self, record: Record) -> Record | None:
        with self._gate("records.create"):
            obj = record.to_object()
            obj.pop("status")
            try:
                return self._keep(self._server.create(obj))
            except Conflict:
                return None

    async def read(self, key: str) -> Record | None:
        with self._gate("records.read"):
            namespace, _, name = key.partition("/")
            obj = self._server.get(KIND, namespace, name)
            if obj is None:
                self._copies.pop(key, None)
                return None
            return self._keep(obj)

    def cached(self, key: str) -> Record | None:
        return self._copies.get(key)

    def known(self) -> Iterable[Record]:
        return list(self._copies.values())

    async def save(self, record: Record) -> Record:
        with self._gate(f"records.save {record.phase}"):
            obj = record.to_object()
            there = self._server.get(KIND, record.namespace, record.name)
            if there is None:
                self._copies.pop(record.key, None)
                raise Conflict(f"{record.key} not found")
            if there["metadata"]["resourceVersion"] == record.resource_version:
                _keep_the_rules(there.get("status") or {}, obj["status"])
            return self._keep(self._server.replace(obj, status=True))

    async def delete(self, record: Record) -> None:
        with self._gate("records.delete"):
            self._server.delete(KIND, record.namespace, record.name)
            self._copies.pop(record.key, None)

    def learn(self, event: str, obj: Object) -> str | None:
        key = f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"
        if event == "DELETED":
            self._copies.pop(key, None)
            return key
        try:
            self._keep(obj)
        except Refused:
            self._copies.pop(key, None)
            return None
        return key

    def _keep(self, obj: Object) -> Record:
        try:
            record = Record.from_object(obj)
        except ValidationError as error:
            raise Refused("unreadable", f"the record cannot be read: {error.error_count()} fields") from error
        self._copies[record.key] = record
        return record


def _keep_the_rules(old: Object, new: Object) -> None:
    """Hold to the CRD's rules on a status. The spec cannot be written through the status subresource at all."""
    one, two = old.get("proposal"), new.get("proposal")
    if new.get("audit", {}).get("sequence", 0) < old.get("audit", {}).get("sequence", 0):
        raise Refused("api-server", "status.audit.sequence never goes back")
    if one and two and one["digest"] == two["digest"]:
        if one != two:
            raise Refused("api-server", "a proposal with a digest never changes; a new attempt is a new proposal")
        if any(decision not in new.get("decisions", []) for decision in old.get("decisions", [])):
            raise Refused("api-server", "decisions on a proposal are only ever added")


class FakeAnalyzer:
    """Implements ``ports.outside.Analyzer`` with the real playbook, or with what a test has written."""

    def __init__(self, gate: Gate, scripted: Callable[[AnalyzeRequest], AnalyzeResponse] | None) -> None:
        self._gate, self._scripted = gate, scripted
        self._playbook = ByPlaybook()

    async def analyze(self, request: AnalyzeRequest) -> AnalyzeResponse:
        with self._gate("analyzer.analyze"):
            sent = AnalyzeRequest.model_validate_json(request.model_dump_json())
            return self._scripted(sent) if self._scripted else await self._playbook(sent)


class FakeTeller:
    """Implements ``ports.outside.Teller``."""

    def __init__(self, gate: Gate, told: Callable[[Record], None]) -> None:
        self._gate, self._told = gate, told

    def tell(self, record: Record) -> None:
        with self._gate(f"teller.tell {record.phase}"):
            self._told(record)


class FakeAudit:
    """Implements ``ports.outside.AuditTrail``; ``lines`` outlive the process."""

    def __init__(self, gate: Gate, lines: list[dict[str, Any]]) -> None:
        self._gate, self._lines = gate, lines
        self._newest: dict[str, int] = {}

    def write(self, line: dict[str, Any]) -> None:
        with self._gate("audit.write"):
            self._lines.append(line)
            self._newest[line["recordUid"]] = line["sequence"]

    def newest(self, record_uid: str) -> int:
        return self._newest.get(record_uid, 0)
