"""What was read of one incident, before anything is masked. Stays in the operator."""

from dataclasses import dataclass, field

from logjedi_operator.domain.evidence.references import Existing, Named
from logjedi_operator.domain.findings import Finding
from logjedi_operator.domain.workload import Object


@dataclass(frozen=True, slots=True)
class RawLog:
    """One container's log as the API server sent it; ``cut``: older lines exist."""

    pod: str
    container: str
    previous: bool
    text: str
    cut: bool = False


@dataclass(slots=True)
class Raw:
    """Filled by the use case; ``pods`` worst first, ``replicasets`` and ``jobs`` the owner's alone."""

    finding: Finding
    live: Object
    pods: list[Object] = field(default_factory=list)
    replicasets: list[Object] = field(default_factory=list)
    jobs: list[Object] = field(default_factory=list)
    autoscalers: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    logs: list[RawLog] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    existing: Existing = field(default_factory=Existing)
    notes: list[str] = field(default_factory=list)
    truncated: bool = False
    max_lines: int = 0
