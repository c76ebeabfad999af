"""What the demo shows while it runs and at its end: read from the records alone, as ``kubectl get lja`` would."""

import json
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from logjedi_operator.adapters.kube import KubeCluster
from logjedi_operator.domain.record import API_VERSION, KIND, Record
from logjedi_operator.ports.cluster import ListQuery
from tests.demo.workloads import Sample

_COLOURS = {
    "Proposed": "yellow", "Approved": "cyan", "Applying": "cyan", "Verifying": "cyan", "Resolved": "green",
    "RolledBack": "red", "Failed": "red", "Refused": "red", "Rejected": "red", "Advised": "magenta",
}  # fmt: skip


async def records(cluster: KubeCluster, namespace: str) -> list[Record]:
    """Read the demo's records, oldest first."""
    found = await cluster.list(ListQuery(API_VERSION, KIND, namespace))
    return sorted((Record.from_object(obj) for obj in found), key=lambda record: record.name)


def of(sample: Sample, found: list[Record]) -> Record | None:
    """Pick the sample's record; the newest if it failed in several ways."""
    own = [record for record in found if record.spec.workload.name == sample.name]
    return max(own, key=lambda record: str(record.status.observed_at), default=None)


def live(samples: list[Sample], found: list[Record]) -> Table:
    """Draw where each workload stands."""
    table = Table(title="kubectl get lja -A", title_justify="left")
    for column in ("workload", "what is wrong", "reason", "phase", "message"):
        table.add_column(column, overflow="fold")
    for sample in samples:
        record = of(sample, found)
        phase = record.phase.value if record else "waiting to be detected"
        colour = _COLOURS.get(phase, "white")
        reason = record.spec.failure.reason if record else ""
        message = escape(record.status.message) if record else ""
        table.add_row(sample.name, sample.title, reason, f"[{colour}]{phase}[/]", message)
    return table


def end(samples: list[Sample], found: list[Record]) -> Table:
    """Draw the closing table: workload, cause, patch, who approved, how soon it was healed."""
    table = Table(title="what happened", title_justify="left")
    for column in ("workload", "cause", "patch", "approved by", "end", "healed in"):
        table.add_column(column, overflow="fold")
    for sample in samples:
        record = of(sample, found)
        if record is None:
            table.add_row(sample.name, "not detected", "", "", "", "")
            continue
        cause = record.status.diagnosis.summary if record.status.diagnosis else record.spec.failure.reason
        names = ", ".join(actor.name or actor.id for actor in record.status.applied.by) if record.status.applied else ""
        table.add_row(sample.name, escape(cause), escape(patch(record)), names, record.phase.value, healed_in(record))
    return table


def patch(record: Record) -> str:
    """Spell the change as rows of ``path: before → after``, without our own bookkeeping."""
    proposal = record.status.proposal
    rows = [row for row in proposal.changes if not row.path.startswith("metadata.")] if proposal else []
    return "\n".join(f"{row.path.rsplit('.', 1)[-1]}: {_plain(row.before)} → {_plain(row.after)}" for row in rows)


def healed_in(record: Record) -> str:
    """Seconds from the first sign of the failure to the verdict that it is healed."""
    if record.phase.value != "Resolved" or record.status.observed_at is None:
        return ""
    return f"{(record.status.observed_at - record.spec.failure.first_seen).total_seconds():.0f} s"


def _plain(value: str | None) -> str:
    if value is None:
        return "nothing"
    spelt: Any = json.loads(value)
    return spelt if isinstance(spelt, str) else value


@dataclass(slots=True)
class Lines:
    """For screens that cannot be redrawn: one line whenever a record moves."""

    console: Console
    _seen: dict[str, int] = field(default_factory=dict)

    def show(self, found: list[Record]) -> None:
        for record in found:
            if self._seen.get(record.name) != record.status.audit.sequence:
                self._seen[record.name] = record.status.audit.sequence
                said = escape(f"{record.spec.workload.name}: {record.phase.value}: {record.status.message}")
                self.console.print(f"  {said}")
