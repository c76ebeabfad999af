"""``POST /analyze``: what the operator sends and what the analyzer answers.

Everything in a request is already redacted: names behind references and secret values are pseudonyms such as
``<configmap-1>`` or ``<redacted-3>``, equal values having equal pseudonyms within one request. What rules need to know
about masked names (is one a letter away from another?) comes as facts in ``references``. A patch may hold
a pseudonym only where it came from or where it was offered; the operator resolves or refuses it.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from logjedi_contracts.messages import ActionType, Diagnosis, LongText, Risk, Severity, ShortText, Target
from logjedi_contracts.model import Message


class ContainerKind(StrEnum):
    INIT = "init"
    MAIN = "main"
    SIDECAR = "sidecar"
    EPHEMERAL = "ephemeral"


class Failure(Message):
    """What was detected, on the root owner."""

    reason: ShortText
    """The kubelet's or controller's own word: ``ImagePullBackOff``, ``OOMKilled``, ``ProgressDeadlineExceeded`` …"""
    family: ShortText
    """The cause family: image, crash, config, rollout, quota, job, scheduling, start."""
    container: ShortText = ""
    message: LongText = ""
    severity: Severity = Severity.WARNING
    first_seen: AwareDatetime


class ContainerState(Message):
    """One container of one pod. ``state`` and ``last_state``: running, waiting, terminated or empty."""

    name: ShortText
    kind: ContainerKind = ContainerKind.MAIN
    image: LongText = ""
    ready: bool = False
    restarts: int = 0
    state: ShortText = ""
    reason: ShortText = ""
    message: LongText = ""
    exit_code: int | None = None
    last_state: ShortText = ""
    last_reason: ShortText = ""
    last_message: LongText = ""
    last_exit_code: int | None = None


class PodState(Message):
    name: ShortText
    phase: ShortText = ""
    reason: ShortText = ""
    message: LongText = ""
    revision: ShortText = ""
    """Name of the ReplicaSet (or hash of the ControllerRevision) that made it."""
    conditions: list[dict[str, Any]] = Field(default_factory=list)
    containers: list[ContainerState] = Field(default_factory=list)


class EventSeen(Message):
    """Events of one reason and text on one object, counted; newest last in a list."""

    object: ShortText
    """``Kind/name``."""
    type: ShortText = "Normal"
    reason: ShortText = ""
    message: LongText = ""
    count: int = 1
    last_seen: AwareDatetime | None = None


class LogTail(Message):
    """The newest lines of one container's log, oldest first."""

    pod: ShortText
    container: ShortText
    previous: bool = False
    lines: list[LongText] = Field(default_factory=list)
    truncated: bool = False


class FieldChange(Message):
    """One field that differs between two pod templates.

    ``path`` is the patch path below the workload, list items by merge key:
    ``spec.template.spec.containers[app].image``, ``…containers[app].env[PORT].value``. Values are JSON, or absent.
    """

    path: ShortText
    healthy: Any = None
    failing: Any = None
    in_healthy: bool = True
    in_failing: bool = True


class Revision(Message):
    """A revision that was healthy, and how the failing one differs from it."""

    name: ShortText
    revision: int
    healthy_replicas: int = 0
    """Replicas that are, or are known to have been, ready."""
    changes: list[FieldChange] = Field(default_factory=list)


class ImageUse(Message):
    """An image that a revision used for a container, newest revision first in a list."""

    container: ShortText
    image: LongText
    revision: int
    ran: bool = False
    """A pod of that revision was seen ready, or the revision was fully available."""


class Candidate(Message):
    """An existing name that could have been meant. ``distance``: edits between the real names, case folded last."""

    name: ShortText
    distance: int
    same_folded: bool = False
    """Equal once case and separators (``-``, ``_``, ``.``) are folded."""


class Reference(Message):
    """A reference of the pod template to another object, or to a key in it.

    ``path`` is the patch path of the field that names it (``…env[MODE].valueFrom.configMapKeyRef.key``).
    """

    path: ShortText
    kind: ShortText
    """``ConfigMap``, ``Secret``, ``PersistentVolumeClaim``, ``ServiceAccount``, ``ConfigMapKey``, ``SecretKey``."""
    name: ShortText
    """Pseudonym of the value at ``path``."""
    container: ShortText = ""
    optional: bool = False
    exists: bool | None = None
    """``None``: not known (Secrets, without the right to read them)."""
    candidates: list[Candidate] = Field(default_factory=list)
    """Nearest first; at most five."""


class Owner(Message):
    """Who else manages the object: ``helm``, ``argocd``, ``flux``, ``hpa`` …; advise there, do not patch."""

    manager: ShortText
    name: ShortText = ""


class Evidence(Message):
    """All that is known about one incident, redacted and capped; caps keep the newest."""

    workload: dict[str, Any] = Field(default_factory=dict)
    """The root owner: apiVersion, kind, metadata (name, namespace, labels, annotations), spec, status."""
    pods: list[PodState] = Field(default_factory=list)
    events: list[EventSeen] = Field(default_factory=list)
    logs: list[LogTail] = Field(default_factory=list)
    revision: Revision | None = None
    image_history: list[ImageUse] = Field(default_factory=list)
    references: list[Reference] = Field(default_factory=list)
    owners: list[Owner] = Field(default_factory=list)
    truncated: bool = False
    redactions: int = 0
    notes: list[LongText] = Field(default_factory=list)
    """What could not be collected, and why."""


class Limits(Message):
    """What the policy would let through, so that no proposal is made in vain. Quantities as Kubernetes spells them."""

    actions: list[ActionType] = Field(default_factory=lambda: [ActionType.K8S_PATCH])
    paths: list[ShortText] = Field(default_factory=list)
    memory: ShortText = "8Gi"
    cpu: ShortText = "8"
    step: float = 2.0
    """The largest factor by which a resource may grow at once."""


class Budget(Message):
    """What this analysis may spend on a model. ``calls`` 0: the playbook alone."""

    calls: int = 3
    tokens: int = 60_000


class AnalyzeRequest(Message):
    """One incident to explain."""

    schema_version: int = 1
    correlation: ShortText = ""
    cluster: ShortText = ""
    target: Target
    failure: Failure
    evidence: Evidence = Field(default_factory=Evidence)
    history: list[ShortText] = Field(default_factory=list)
    limits: Limits = Field(default_factory=Limits)
    budget: Budget = Field(default_factory=Budget)


class ProposedAction(Message):
    """A minimal patch. ``patch`` is a strategic-merge patch of the target, as an object."""

    type: ActionType = ActionType.K8S_PATCH
    patch: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, str] = Field(default_factory=dict)
    risk: Risk = Risk.MEDIUM


class AnalyzeResponse(Message):
    """A cause, and either a minimal action or the honest statement that no safe one is known."""

    diagnosis: Diagnosis
    action: ProposedAction | None = None
    why_no_action: LongText = ""
    """Set when ``action`` is absent: what a person would have to do."""
    rests_on: list[Annotated[str, Field(max_length=1024)]] = Field(default_factory=list)
    """The lines of evidence that the diagnosis rests on."""
