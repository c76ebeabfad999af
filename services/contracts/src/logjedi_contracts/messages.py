"""Every message on the three streams, and the enumerations that they share.

Names are in the past tense: a message says what happened. Free text in them (summary, diff, log lines) comes from
clusters and models and is hostile until a channel has made it harmless. See docs/messages and ADR 0003.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from logjedi_contracts.model import Message

ShortText = Annotated[str, Field(max_length=1024)]
LongText = Annotated[str, Field(max_length=16_384)]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class ActionType(StrEnum):
    K8S_PATCH = "k8s_patch"
    SCALE = "scale"
    ROLLBACK = "rollback"
    RESTART = "restart"
    RECREATE = "recreate"
    REPLACE_POD = "replacePod"
    MANIFEST = "manifest"
    SCRIPT = "script"


class Phase(StrEnum):
    """Where an incident stands; see ``logjedi_operator.domain.phases`` for the moves between them."""

    DETECTED = "Detected"
    ANALYZING = "Analyzing"
    PROPOSED = "Proposed"
    APPROVED = "Approved"
    APPLYING = "Applying"
    VERIFYING = "Verifying"
    RESOLVED = "Resolved"
    ROLLED_BACK = "RolledBack"
    FAILED = "Failed"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    ADVISED = "Advised"
    STALE = "Stale"
    REFUSED = "Refused"
    RECOVERED = "Recovered"
    GONE = "Gone"
    SUPERSEDED = "Superseded"


STRATEGIC_MERGE = "application/strategic-merge-patch+json"


class Target(Message):
    """The one object that an action may touch."""

    api_version: ShortText
    kind: ShortText
    namespace: ShortText
    name: ShortText
    uid: ShortText


class RecordRef(Message):
    """The LogJediAnalysis that a message is about; it lives in the target's namespace."""

    namespace: ShortText
    name: ShortText
    uid: ShortText


class Action(Message):
    """What is to be done. ``patch`` is canonical JSON, so that equal patches have equal bytes."""

    type: ActionType
    patch_type: ShortText = STRATEGIC_MERGE
    patch: Annotated[str, Field(max_length=65_536)] = "{}"
    parameters: dict[str, str] = Field(default_factory=dict)


class Change(Message):
    """One changed path of the diff, values as canonical JSON; ``None``: absent on that side."""

    path: ShortText
    before: LongText | None
    after: LongText | None


class Actor(Message):
    """A person (or policy rule). ``id`` is ``channel:stable id``, for example ``slack:U0123`` or ``web:alice``."""

    id: ShortText
    name: ShortText = ""


class Diagnosis(Message):
    """What was found. ``confidence`` 0..1."""

    summary: LongText
    root_cause: LongText = ""
    recommendation: LongText = ""
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    diagnoser: ShortText = "playbook"
    rule: ShortText = ""
    model: ShortText = ""
    fallback: ShortText = ""
    """Why the first diagnoser did not answer; empty if it did."""
    input_tokens: int = 0
    output_tokens: int = 0


class Incident(Message):
    """What every card shows about the failure itself."""

    target: Target
    reason: ShortText
    container: ShortText = ""
    message: LongText = ""
    severity: Severity
    first_seen: AwareDatetime
    excerpt: list[LongText] = Field(default_factory=list, max_length=40)
    """The newest and most telling lines of the evidence, already redacted."""
    history: list[ShortText] = Field(default_factory=list, max_length=20)
    """What was tried before and how it ended, oldest first."""


class ProposalMade(Message):
    """Operator → gateway: please ask people about exactly this change."""

    record: RecordRef
    attempt: Annotated[int, Field(ge=1)]
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    digest: Hex64
    incident: Incident
    diagnosis: Diagnosis
    action: Action
    pre_image: Annotated[str, Field(max_length=65_536)]
    changes: Annotated[list[Change], Field(min_length=1, max_length=200)]
    diff_hash: Hex64
    risk: Risk
    proposed_at: AwareDatetime
    expires_at: AwareDatetime
    required_approvals: Annotated[int, Field(ge=1, le=10)] = 1


class AdviceGiven(Message):
    """Operator → gateway: the cause is known, no safe patch is. Nothing to approve."""

    record: RecordRef
    attempt: Annotated[int, Field(ge=1)]
    incident: Incident
    diagnosis: Diagnosis
    why_no_patch: LongText = ""


class ProposalAsked(Message):
    """Gateway → operator: the message is posted; people can decide until ``expires_at``."""

    record: RecordRef
    attempt: int
    digest: Hex64
    channels: list[ShortText] = Field(default_factory=list, max_length=20)
    rule: ShortText = ""
    expires_at: AwareDatetime


class VoteCast(Message):
    """Gateway → operator: one person's signed vote. See ``logjedi_contracts.votes`` for what is signed.

    Its times may lack a zone here: whoever counts votes refuses that one vote, instead of the whole record.
    """

    vote_id: ShortText
    record: RecordRef
    attempt: int
    nonce: ShortText
    digest: Hex64
    verdict: Verdict
    actor: Actor
    channel: ShortText
    at: datetime
    reason: Annotated[str, Field(max_length=1000)] = ""
    rule: ShortText = ""
    rule_hash: ShortText
    min_approvals: Annotated[int, Field(ge=1, le=10)]
    expires_at: datetime
    key_id: ShortText
    signature: ShortText


class AnalysisRequested(Message):
    """Gateway → operator: a person asked to look again."""

    record: RecordRef
    actor: Actor


class PhaseChanged(Message):
    """Operator → gateway: the record moved. ``sequence`` grows with each move of one record."""

    record: RecordRef
    sequence: int
    attempt: int
    digest: ShortText = ""
    phase: Phase
    message: LongText = ""
    at: AwareDatetime
    terminal: bool
    decided_by: list[Actor] = Field(default_factory=list, max_length=20)
