"""Apply exactly what was approved: authority, staleness, policy, dry run, then the same patch for real.

Written before it is done, and recognisable after: the patch itself carries the attempt's nonce as an annotation, so a
restart at any point finds out whether it was applied, and never applies it twice. See ADR 0010.
"""

import json
from typing import Any

from logjedi_contracts import digest, logs
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Actor, Change, Phase
from logjedi_operator.domain import authority, diff, preimage, sealing
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import ActorPart, Applied, DryRun, Proposal, Record, Verification
from logjedi_operator.domain.workload import Object
from logjedi_operator.ports.cluster import Conflict, PatchOrder
from logjedi_operator.usecases import allow, incident
from logjedi_operator.usecases.decide import authority_of
from logjedi_operator.usecases.parts import Parts

log = logs.get(__name__)
_TRIES = 5


class Stale(Exception):  # a decision inside this use case, not an error for others
    """The object is not any more what people were shown."""


async def apply(parts: Parts, record: Record) -> Record:
    """Carry an ``Approved`` or ``Applying`` record on to ``Verifying``, or end it as what stood in the way."""
    for _ in range(_TRIES):
        try:
            return await _apply_once(parts, record)
        except Conflict as conflict:
            log.info("the object changed meanwhile, reading it again", cause=str(conflict))
        except Refused as refusal:
            if refusal.rule == "gone":
                return await incident.advance(parts, record, Event.GONE, f"{record.owner} is not there any more")
            return await incident.advance(parts, record, Event.REFUSED, f"refused ({refusal.rule}): {refusal}")
        except Stale as stale:
            return await incident.advance(parts, record, Event.STALE, str(stale))
        again = await parts.records.read(record.key)
        if again is None or again.phase not in (Phase.APPROVED, Phase.APPLYING):
            return again or record
        record = again
    return await incident.advance(parts, record, Event.STALE, "the object keeps changing")


async def _apply_once(parts: Parts, record: Record) -> Record:
    proposal, by = authority.approved(record, authority_of(parts))
    owner = record.owner
    live = await parts.cluster.get(owner.api_version, owner.kind, owner.namespace, owner.name)
    if live is None or live["metadata"]["uid"] != owner.uid:
        raise Refused("gone", f"{owner} is not there any more")
    patch: dict[str, Any] = json.loads(proposal.action.patch)
    if preimage.attempt_of(live) == proposal.nonce or _went_through(record, proposal, live, patch):
        return await _applied(parts, record, live, by)
    _refuse_second_use(record, proposal, live)
    if sealing.expired(proposal, None, parts.clock.now()):
        if record.phase is Phase.APPROVED:
            return await incident.advance(parts, record, Event.EXPIRED, "the approval came to effect too late")
        raise Stale("its time was over before it was applied")
    await _check(parts, proposal, live)
    await _rehearse(parts, record, proposal, live, patch)
    if record.phase is Phase.APPROVED:
        done = DryRun(at=parts.clock.now(), ok=True, message="the API server accepts exactly the approved change")
        record = await incident.advance(parts, record, Event.APPLY_STARTED, "applying", dry_run=done)
    version = live["metadata"]["resourceVersion"]
    answer = await parts.cluster.patch(PatchOrder(owner, patch, version, dry_run=False))
    return await _applied(parts, record, answer, by)


def _went_through(record: Record, proposal: Proposal, live: Object, patch: dict[str, Any]) -> bool:
    """Tell whether our patch is in the object though another incident's attempt has left its own mark there since."""
    changed = preimage.still_holds(proposal.pre_image, live)
    return record.phase is Phase.APPLYING and bool(changed) and preimage.applied(live, patch)


def _refuse_second_use(record: Record, proposal: Proposal, live: Object) -> None:
    """An approval is good for one time: raise ``Refused`` if this very proposal has had its end already."""
    ended = any(past.digest == proposal.digest for past in record.status.history)
    if ended or preimage.attempt_of(live) == preimage.undone(proposal.nonce):
        raise Refused("used-before", "this approval was used before, and the change undone or refused")


async def _check(parts: Parts, proposal: Proposal, live: Object) -> None:
    """Raise ``Stale`` or ``Refused`` unless the object is as shown and the policy of today allows the change."""
    changed = preimage.still_holds(proposal.pre_image, live)
    if changed:
        raise Stale(f"changed since it was shown: {', '.join(changed)}")
    await allow.check(parts, live, proposal.action.message(), proposal.nonce)


async def _rehearse(parts: Parts, record: Record, proposal: Proposal, live: Object, patch: dict[str, Any]) -> None:
    """Dry-run; the server's answer must be the very diff that was approved."""
    version = live["metadata"]["resourceVersion"]
    answer = await parts.cluster.patch(PatchOrder(record.owner, patch, version, dry_run=True))
    changes: list[Change] = diff.changes(live, answer)
    if digest.of_changes(changes) != proposal.diff_hash:
        raise Stale("the API server would now change something else than was shown")


async def _applied(parts: Parts, record: Record, answer: Object, by: list[Actor]) -> Record:
    """Record that the patch is in the cluster, and start the verification's clock."""
    if record.phase is Phase.APPROVED:
        record = await incident.advance(parts, record, Event.APPLY_STARTED, "applying")
    now = parts.clock.now()
    meta = answer["metadata"]
    applied = Applied(
        at=now,
        by=[ActorPart(id=actor.id, name=actor.name) for actor in by],
        resource_version=meta.get("resourceVersion", ""),
        generation=meta.get("generation", 0),
    )
    deadline = Verification(deadline=now + parts.timing.verify, message="waiting for the rollout")
    return await incident.advance(
        parts, record, Event.APPLIED, "applied, waiting for the workload to get healthy",
        applied=applied, verification=deadline,
    )  # fmt: skip
