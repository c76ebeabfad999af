"""The record of one incident: the LogJediAnalysis resource, typed.

Field names are camelCase in the cluster and snake_case here; the schema that the API server enforces is the CRD in
``charts/logjedi/files``. Reading ignores unknown fields, so that older operators read newer records.
"""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from logjedi_contracts import messages
from logjedi_contracts.messages import Phase, RecordRef
from logjedi_contracts.model import Message
from logjedi_operator.domain.workload import WorkloadRef

GROUP = "logjedi.dev"
API_VERSION = f"{GROUP}/v1alpha1"
KIND = "LogJediAnalysis"
PLURAL = "logjedianalyses"
HISTORY_LENGTH = 20


class Part(Message):
    """A part of the record: camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


class Workload(Part):
    api_version: str
    kind: str
    name: str
    uid: str


class FailureSpec(Part):
    reason: str
    family: str
    container: str = ""
    message: str = ""
    severity: messages.Severity
    first_seen: datetime


class Spec(Part):
    """What failed. Never changes; the record's name follows from it."""

    cluster: str
    workload: Workload
    failure: FailureSpec


class EvidenceSummary(Part):
    """What the diagnosis saw, in numbers, and its most telling lines, redacted."""

    digest: str
    bytes: int
    truncated: bool = False
    redactions: int = 0
    excerpt: list[str] = Field(default_factory=list)


_NAME_LENGTHS = {"diagnoser": 32, "rule": 128, "model": 128}


class DiagnosisPart(Part):
    summary: str
    root_cause: str = ""
    recommendation: str = ""
    confidence: str = "0"
    """A decimal as text: the API conventions advise against floats."""
    diagnoser: str = "playbook"
    rule: str = ""
    model: str = ""
    fallback: str = ""
    input_tokens: int = 0
    output_tokens: int = 0

    @classmethod
    def of(cls, diagnosis: messages.Diagnosis) -> Self:
        """Take a diagnosis over, its names cut to what the schema holds: the record must be saved in any case."""
        fields = diagnosis.model_dump(exclude={"confidence"})
        cut = {name: fields[name][:length] for name, length in _NAME_LENGTHS.items()}
        return cls(**{**fields, **cut}, confidence=f"{diagnosis.confidence:.2f}")

    def message(self) -> messages.Diagnosis:
        return messages.Diagnosis(**self.model_dump(exclude={"confidence"}), confidence=float(self.confidence))


class ActionPart(Part):
    type: messages.ActionType
    patch_type: str = messages.STRATEGIC_MERGE
    patch: str
    parameters: dict[str, str] = Field(default_factory=dict)

    def message(self) -> messages.Action:
        return messages.Action(**self.model_dump())


class ChangePart(Part):
    path: str
    before: str | None = None
    after: str | None = None


class Proposal(Part):
    """One exact change, as people are asked about it. With its digest it never changes; an attempt is a new one."""

    attempt: int
    nonce: str
    digest: str
    action: ActionPart
    pre_image: str
    changes: list[ChangePart]
    diff_hash: str
    risk: messages.Risk
    proposed_at: datetime
    expires_at: datetime
    required_approvals: int = 1
    seal: str = ""
    """The operator's own signature over all of the above, so that nobody else's proposal is ever published."""

    def change_messages(self) -> list[messages.Change]:
        return [messages.Change(**change.model_dump()) for change in self.changes]


class Asked(Part):
    at: datetime
    expires_at: datetime
    channels: list[str] = Field(default_factory=list)


class ActorPart(Part):
    id: str
    name: str = ""


class Decision(Part):
    """One vote with all that its signature covers."""

    id: str
    verdict: messages.Verdict
    actor: ActorPart
    channel: str
    at: datetime
    reason: str = ""
    attempt: int
    nonce: str
    digest: str
    rule: str = ""
    rule_hash: str
    min_approvals: int
    expires_at: datetime
    key_id: str
    signature: str

    @classmethod
    def of(cls, vote: messages.VoteCast) -> Self:
        fields = vote.model_dump(exclude={"vote_id", "record"})
        return cls(id=vote.vote_id, **fields)

    def vote(self, ref: RecordRef) -> messages.VoteCast:
        """Rebuild the signed vote, so that its signature can be verified again."""
        return messages.VoteCast(vote_id=self.id, record=ref, **self.model_dump(exclude={"id"}))


class DryRun(Part):
    at: datetime
    ok: bool
    message: str = ""


class Applied(Part):
    at: datetime
    by: list[ActorPart] = Field(default_factory=list)
    resource_version: str = ""
    generation: int = 0


class Verification(Part):
    deadline: datetime
    healthy: bool | None = None
    message: str = ""


class Rollback(Part):
    at: datetime
    ok: bool
    message: str = ""


class Attempt(Part):
    """One attempt and its end, remembered."""

    attempt: int
    at: datetime
    phase: Phase
    message: str = ""
    digest: str = ""
    change: str = ""
    """Hash of the change without its nonce: an equal change is recognised."""
    summary: str = ""


class AuditHead(Part):
    """How many audit lines this record has, and the keyed hash of the last."""

    sequence: int = 0
    hash: str = ""


class Status(Part):
    """How the incident stands; every transition raises ``audit.sequence`` by one."""

    phase: Phase = Phase.DETECTED
    attempts: int = 1
    cooldown_until: datetime | None = None
    observed_at: datetime | None = None
    message: str = ""
    evidence: EvidenceSummary | None = None
    diagnosis: DiagnosisPart | None = None
    proposal: Proposal | None = None
    asked: Asked | None = None
    decisions: list[Decision] = Field(default_factory=list)
    dry_run: DryRun | None = None
    applied: Applied | None = None
    verification: Verification | None = None
    rollback: Rollback | None = None
    conditions: list[dict[str, Any]] = Field(default_factory=list)
    history: list[Attempt] = Field(default_factory=list)
    audit: AuditHead = Field(default_factory=AuditHead)


class Record(Part):
    """A LogJediAnalysis. ``uid`` and ``resource_version`` are empty before it is created."""

    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""
    created_at: datetime | None = None
    spec: Spec
    status: Annotated[Status, Field(default_factory=Status)]

    @classmethod
    def from_object(cls, obj: dict[str, Any]) -> "Record":
        """Read the API object. Raises pydantic's ``ValidationError`` for one that the CRD should have refused."""
        meta = obj["metadata"]
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta.get("uid", ""),
            resource_version=meta.get("resourceVersion", ""),
            created_at=meta.get("creationTimestamp"),
            spec=Spec.read(obj["spec"]),
            status=Status.read(obj.get("status") or {}),
        )

    def to_object(self) -> dict[str, Any]:
        """Spell the API object, with status."""
        meta: dict[str, Any] = {"name": self.name, "namespace": self.namespace}
        if self.resource_version:
            meta |= {"resourceVersion": self.resource_version, "uid": self.uid}
        dump = {"mode": "json", "by_alias": True, "exclude_none": True}
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": meta,
            "spec": self.spec.model_dump(**dump),  # type: ignore[arg-type]  # one dict for both calls
            "status": self.status.model_dump(**dump),  # type: ignore[arg-type]  # the same
        }

    @property
    def key(self) -> str:
        """``namespace/name``: the correlation id everywhere."""
        return f"{self.namespace}/{self.name}"

    @property
    def ref(self) -> RecordRef:
        return RecordRef(namespace=self.namespace, name=self.name, uid=self.uid)

    @property
    def owner(self) -> WorkloadRef:
        workload = self.spec.workload
        return WorkloadRef(workload.api_version, workload.kind, self.namespace, workload.name, workload.uid)

    @property
    def phase(self) -> Phase:
        return self.status.phase

    def with_status(self, **changes: Any) -> "Record":
        """Return the record with some status fields replaced."""
        return self.model_copy(update={"status": self.status.model_copy(update=changes)})
