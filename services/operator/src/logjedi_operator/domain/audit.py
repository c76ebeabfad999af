"""The audit chain: one line for each transition, each line bound to the one before it.

A line's keyed hash covers the line and the hash before it; the newest hash stands in the record's status. So a
missing or changed line shows, and nobody without the key can make up a fitting one.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from logjedi_contracts import canonical
from logjedi_contracts.messages import Phase
from logjedi_operator.domain.phases import LED_BY
from logjedi_operator.domain.record import AuditHead, Record


def line(record: Record, *, event: str, at: datetime, cluster: str, policy: str) -> dict[str, Any]:
    """Spell out who did what to what: a flat JSON object. ``record`` is as it was after the transition."""
    status, owner = record.status, record.owner
    return {
        "at": at.isoformat(),
        "cluster": cluster,
        "record": record.key,
        "recordUid": record.uid,
        "sequence": status.audit.sequence + 1,
        "event": event,
        "phase": status.phase.value,
        "attempt": status.attempts,
        "target": str(owner),
        "targetUid": owner.uid,
        "digest": status.proposal.digest if status.proposal else "",
        "action": status.proposal.action.type.value if status.proposal else "",
        "actors": [decision.actor.id for decision in status.decisions],
        "channels": sorted({decision.channel for decision in status.decisions}),
        "policy": policy,
        "result": status.message,
    }


def again(record: Record, *, cluster: str, policy: str) -> dict[str, Any] | None:
    """Tell a record's newest line once more, for whoever was killed between saving the record and writing the line.

    The same row with the same hash, marked ``repeated``; ``None`` if nothing was audited yet.
    """
    status = record.status
    if not status.audit.sequence or status.observed_at is None:
        return None
    # votes that wait for others are added to a proposal without a line of their own
    decisions = [] if status.phase is Phase.PROPOSED else status.decisions
    before = record.with_status(audit=AuditHead(sequence=status.audit.sequence - 1), decisions=decisions)
    row = line(before, event=LED_BY[status.phase].value, at=status.observed_at, cluster=cluster, policy=policy)
    return {**row, "hash": status.audit.hash, "repeated": True}


def chain(head: AuditHead, row: dict[str, Any], key: bytes) -> AuditHead:
    """Bind ``row`` to the chain whose head is ``head``; return the new head."""
    covered = head.hash + "\n" + canonical.dumps(row)
    return AuditHead(sequence=head.sequence + 1, hash=hmac.new(key, covered.encode(), hashlib.sha256).hexdigest())
