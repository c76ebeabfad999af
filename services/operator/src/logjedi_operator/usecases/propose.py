"""From a suggested patch to a proposal that people can be asked about: resolve, allow, dry-run, bind, seal.

A suggestion that policy or the API server refuses becomes advice: nobody is asked to approve what would not be
applied. What is shown is the live object against the server's own dry-run answer, never the suggestion's words.
"""

import json
import secrets
from dataclasses import dataclass, replace
from typing import Any

from logjedi_contracts import canonical, digest, paths
from logjedi_contracts.analysis import ProposedAction
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import STRATEGIC_MERGE, Action, Change, Phase, Risk
from logjedi_operator.domain import diff, preimage, redaction, sealing
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import ActionPart, ChangePart, Proposal, Record
from logjedi_operator.domain.workload import Object
from logjedi_operator.ports.cluster import Conflict, PatchOrder
from logjedi_operator.usecases import allow, incident
from logjedi_operator.usecases.collect_evidence import Collected
from logjedi_operator.usecases.parts import Parts

MOST_CHANGES = 200
LONGEST = 65_536
"""Characters of a patch or pre-image that record and messages hold."""
_TRIES = 5
_NOT_AGAIN = frozenset({Phase.ROLLED_BACK, Phase.FAILED, Phase.REJECTED})
"""Ends after which an equal change is not proposed again."""


async def propose(parts: Parts, record: Record, collected: Collected, suggested: ProposedAction) -> Record:
    """End in ``Proposed``, or in ``Advised`` with the reason why the suggestion cannot be put to people."""
    try:
        proposal = await _try(parts, record, collected, suggested)
    except Refused as refusal:
        return await incident.advance(parts, record, Event.ADVISED, f"no safe patch ({refusal.rule}): {refusal}")
    return await incident.advance(
        parts, record, Event.PROPOSED, f"waiting for approval of {proposal.digest[: digest.SHOWN_DIGITS]}",
        proposal=proposal, asked=None, decisions=[], dry_run=None, applied=None, verification=None, rollback=None,
    )  # fmt: skip


async def _try(parts: Parts, record: Record, collected: Collected, suggested: ProposedAction) -> Proposal:
    """Make the proposal on the object as it is now, without another analysis if only others' fields have changed.

    Raises ``Conflict`` if a touched field changed since the evidence was collected: then it must be looked at again.
    """
    for _ in range(_TRIES):
        try:
            return await _make(parts, record, collected, suggested)
        except Conflict:
            collected = await _renewed(parts, record, collected, suggested)
    raise Conflict("the object keeps changing")


async def _renewed(parts: Parts, record: Record, collected: Collected, suggested: ProposedAction) -> Collected:
    owner = record.owner
    live = await parts.cluster.get(owner.api_version, owner.kind, owner.namespace, owner.name)
    if live is None or live["metadata"]["uid"] != owner.uid:
        raise Conflict(f"{owner} is not there any more")
    patch = redaction.resolve(suggested.patch, collected.pseudonyms)
    changed = preimage.still_holds(preimage.capture(collected.live, patch), live)
    if changed:
        raise Conflict(f"changed since the evidence was collected: {', '.join(changed)}")
    return replace(collected, live=live)


async def _make(parts: Parts, record: Record, collected: Collected, suggested: ProposedAction) -> Proposal:
    live = collected.live
    nonce = secrets.token_hex(16)
    patch = preimage.with_attempt(redaction.resolve(suggested.patch, collected.pseudonyms), nonce)
    action = Action(
        type=suggested.type, patch_type=STRATEGIC_MERGE, patch=canonical.dumps(patch), parameters=suggested.parameters
    )
    _refuse_repetition(parts, record, action.patch, nonce)
    await allow.check(parts, live, action, nonce)
    changes = await dry_run(parts, record, live, patch)
    draft = _Draft(action, nonce, changes, suggested.risk, preimage.capture(live, patch))
    if len(draft.pre_image) > LONGEST:
        raise Refused("too-large", f"what it replaces is longer than {LONGEST} characters, more than can be kept")
    return _bind(parts, record, draft)


async def dry_run(parts: Parts, record: Record, live: Object, patch: dict[str, Any]) -> list[Change]:
    """Ask the API server what the patch would change. Raises ``Refused`` for nothing, or a no."""
    version = live["metadata"]["resourceVersion"]
    answer = await parts.cluster.patch(PatchOrder(record.owner, patch, version, dry_run=True))
    changes = diff.changes(live, answer)
    if not any(change.path != preimage.ATTEMPT_PATH for change in changes):
        raise Refused("no-change", "the patch would change nothing")
    if len(changes) > MOST_CHANGES:
        raise Refused("too-large", f"the patch would change {len(changes)} fields, more than can be shown")
    return changes


@dataclass(frozen=True, slots=True)
class _Draft:
    """A change that policy and API server let through, not yet bound."""

    action: Action
    nonce: str
    changes: list[Change]
    risk: Risk
    pre_image: str


def _refuse_repetition(parts: Parts, record: Record, patch: str, nonce: str) -> None:
    """Remember for the workload, not for this cause alone: what was undone for one may not return for another."""
    change = incident.change_hash(patch, nonce)
    others = [other for other in parts.records.known() if other.key != record.key and other.owner == record.owner]
    for past in (past for known in (record, *others) for past in known.status.history):
        if past.change == change and past.phase in _NOT_AGAIN:
            raise Refused("tried-before", f"attempt {past.attempt} was the same change: {past.phase}: {past.message}")


def _bind(parts: Parts, record: Record, draft: _Draft) -> Proposal:
    """Compute digest and seal over everything that people are shown and that will be done."""
    secret = _secret_paths(draft)
    if secret:
        raise Refused("secret-value", f"it would put a secret value on record: {', '.join(secret)}")
    diff_hash = digest.of_changes(draft.changes)
    bound = digest.Bound(
        parts.identity.cluster, record.owner.target(), draft.action, draft.pre_image, diff_hash, draft.nonce
    )
    now = parts.clock.now()
    proposal = Proposal(
        attempt=record.status.attempts,
        nonce=draft.nonce,
        digest=digest.of(bound),
        action=ActionPart(**draft.action.model_dump()),
        pre_image=draft.pre_image,
        changes=[ChangePart(**change.model_dump()) for change in draft.changes],
        diff_hash=diff_hash,
        risk=draft.risk,
        proposed_at=now,
        expires_at=now + parts.timing.expiry,
        required_approvals=parts.policy.required_approvals,
    )
    return sealing.seal(proposal, record, parts.identity.signer)


def _secret_paths(draft: _Draft) -> list[str]:
    """List where patch, pre-image or diff hold a value that redaction masks; also one that is merely repeated."""
    touched = [*paths.leaves(json.loads(draft.action.patch))]
    held = [(path, row.get("value")) for path, row in json.loads(draft.pre_image).items()]
    found = {path for path, value in [*touched, *held] if redaction.is_secret_path(path, value)}
    masked = redaction.mask_changes(draft.changes)
    return sorted(found | {row.path for row, shown in zip(draft.changes, masked, strict=True) if row != shown})
