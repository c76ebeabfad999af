"""Records made by hand: a plain one, and one with every field filled."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import canonical, digest, signing, votes
from logjedi_contracts.messages import Actor, Change, Phase, Risk, Severity, Verdict, VoteCast
from logjedi_operator.domain import fingerprint, sealing
from logjedi_operator.domain.findings import Family
from logjedi_operator.domain.record import (
    ActionPart,
    ActorPart,
    Applied,
    Asked,
    Attempt,
    AuditHead,
    ChangePart,
    Decision,
    DiagnosisPart,
    DryRun,
    EvidenceSummary,
    FailureSpec,
    Proposal,
    Record,
    Rollback,
    Spec,
    Status,
    Verification,
    Workload,
)
from logjedi_operator.domain.workload import WorkloadRef

CLUSTER = "east"
NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
OPERATOR = signing.Signer(Ed25519PrivateKey.from_private_bytes(b"o" * 32))
GATEWAY = signing.Signer(Ed25519PrivateKey.from_private_bytes(b"g" * 32))
OWN_KEYS = signing.KeyRing([OPERATOR.public(CLUSTER)])
GATEWAYS = signing.KeyRing([GATEWAY.public()])
IMAGE_PATH = "spec.template.spec.containers[app].image"
NONCE = "0123456789abcdef" * 2


def record(namespace: str = "shop", name: str = "web", uid: str = "uid-record", **status: Any) -> Record:
    owner = WorkloadRef("apps/v1", "Deployment", namespace, name, f"uid-{name}")
    failure = FailureSpec(
        reason="ImagePullBackOff", family=Family.IMAGE, container="app", message="Back-off pulling image",
        severity=Severity.CRITICAL, first_seen=NOW.replace(microsecond=0),
    )  # fmt: skip
    workload = Workload(api_version=owner.api_version, kind=owner.kind, name=owner.name, uid=owner.uid)
    return Record(
        namespace=namespace,
        name=fingerprint.record_name(owner, Family.IMAGE, "app"),
        uid=uid,
        resource_version="5" if uid else "",
        spec=Spec(cluster=CLUSTER, workload=workload, failure=failure),
        status=Status(**status),
    )


def proposal(of: Record, *, nonce: str = NONCE, attempt: int = 1, required: int = 1) -> Proposal:
    """Make a proposal that fits its digest, sealed for its record."""
    containers = [{"name": "app", "image": "shop/web:1.1"}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    action = ActionPart(type="k8s_patch", patch=canonical.dumps(patch), parameters={"rule": "image"})
    changes = [Change(path=IMAGE_PATH, before='"shop/web:1.2"', after='"shop/web:1.1"')]
    pre_image = canonical.dumps({IMAGE_PATH: {"present": True, "value": "shop/web:1.2"}})
    diff_hash = digest.of_changes(changes)
    bound = digest.Bound(CLUSTER, of.owner.target(), action.message(), pre_image, diff_hash, nonce)
    made = Proposal(
        attempt=attempt, nonce=nonce, digest=digest.of(bound), action=action, pre_image=pre_image,
        changes=[ChangePart(**change.model_dump()) for change in changes], diff_hash=diff_hash, risk=Risk.LOW,
        proposed_at=NOW, expires_at=NOW + timedelta(hours=4), required_approvals=required,
    )  # fmt: skip
    return sealing.seal(made, of, OPERATOR)


def vote(of: Record, on: Proposal, who: str = "alice", verdict: Verdict = Verdict.APPROVE, **changes: Any) -> VoteCast:
    fields: dict[str, Any] = {
        "vote_id": f"vote-{who}", "record": of.ref, "attempt": on.attempt, "nonce": on.nonce, "digest": on.digest,
        "verdict": verdict, "actor": Actor(id=f"web:{who}", name=who.title()), "channel": "web",
        "at": NOW + timedelta(seconds=30), "reason": "looks right", "rule": "shop", "rule_hash": "ab" * 32,
        "min_approvals": 1, "expires_at": on.expires_at, "key_id": "", "signature": "",
    }  # fmt: skip
    return votes.sign(CLUSTER, VoteCast(**(fields | changes)), GATEWAY)


def proposed(**fields: Any) -> Record:
    """Make a record that waits for a decision."""
    plain = record(**fields)
    return plain.with_status(phase=Phase.PROPOSED, proposal=proposal(plain), observed_at=NOW, audit=_audit(3))


def approved(**fields: Any) -> Record:
    """Make a record that one person has approved."""
    waiting = proposed(**fields)
    assert waiting.status.proposal is not None
    decision = Decision.of(vote(waiting, waiting.status.proposal))
    return waiting.with_status(phase=Phase.APPROVED, decisions=[decision], audit=_audit(4))


def full(**fields: Any) -> Record:
    """Fill every field."""
    later = NOW + timedelta(minutes=5)
    return approved(**fields).with_status(
        phase=Phase.ROLLED_BACK,
        attempts=1,
        cooldown_until=later,
        message="not healthy; rolled back",
        evidence=EvidenceSummary(digest="cd" * 32, bytes=1234, truncated=True, redactions=3, excerpt=["a line", "ü"]),
        diagnosis=DiagnosisPart(
            summary="the image is not there", root_cause="a typo", recommendation="the last one", confidence="0.93",
            diagnoser="agent", rule="bad-image", model="mock", fallback="none", input_tokens=10, output_tokens=20,
        ),
        asked=Asked(at=later, expires_at=later, channels=["slack:C0123"]),
        dry_run=DryRun(at=later, ok=True, message="accepted"),
        applied=Applied(at=later, by=[ActorPart(id="web:alice", name="Alice")], resource_version="12", generation=3),
        verification=Verification(deadline=later, healthy=False, message="not healthy"),
        rollback=Rollback(at=later, ok=True, message="rolled back"),
        conditions=[{"type": "Ready", "status": "False", "reason": "RolledBack"}],
        history=[_ended(later)],
        audit=_audit(7),
    )  # fmt: skip


def _ended(at: datetime) -> Attempt:
    return Attempt(
        attempt=1, at=at, phase=Phase.ROLLED_BACK, message="m", digest="ef" * 32, change="01" * 32, summary="s"
    )


def _audit(sequence: int) -> AuditHead:
    return AuditHead(sequence=sequence, hash=f"{sequence:064x}")


def through_json(value: Record) -> Record:
    """Send a record to the API server and back."""
    return Record.from_object(json.loads(json.dumps(value.to_object())))
