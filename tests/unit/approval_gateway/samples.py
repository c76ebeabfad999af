"""Made-up incidents and proposals, with digests that fit their content."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from logjedi_contracts import digest, messages

CLUSTER = "prod-eu"
_numbers = itertools.count(1)


def target(**changed: Any) -> messages.Target:
    known = {
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop-front",
        "name": "checkout",
        "uid": "u-1",
    }
    return messages.Target(**(known | changed))


def incident(**changed: Any) -> messages.Incident:
    known: dict[str, Any] = {
        "target": target(),
        "reason": "ImagePullBackOff",
        "container": "app",
        "message": 'Back-off pulling image "registry.example/shop/web:1.2"',
        "severity": messages.Severity.CRITICAL,
        "first_seen": datetime.now(UTC) - timedelta(minutes=3),
        "excerpt": [
            "2026-11-23T03:11:52Z Pulling image registry.example/shop/web:1.2",
            "2026-11-23T03:11:53Z Failed to pull image: manifest for registry.example/shop/web:1.2 not found",
            "2026-11-23T03:11:53Z Error: ErrImagePull",
            "2026-11-23T03:12:05Z Back-off pulling image registry.example/shop/web:1.2",
        ],
        "history": ["attempt 1: raised the memory limit, rolled back after 2 min"],
    }
    return messages.Incident(**(known | changed))


def diagnosis(**changed: Any) -> messages.Diagnosis:
    known: dict[str, Any] = {
        "summary": "Revision 7 of checkout names an image tag that the registry does not have.",
        "root_cause": "The tag 1.2 of registry.example/shop/web does not exist; 1.1 ran until 03:11 today.",
        "recommendation": "Go back to tag 1.1, which the registry still has, and publish 1.2 before rolling out again.",
        "confidence": 0.95,
        "rule": "image.restore",
    }
    return messages.Diagnosis(**(known | changed))


def changes() -> list[messages.Change]:
    return [
        messages.Change(
            path="spec.template.spec.containers[app].image",
            before='"registry.example/shop/web:1.2"',
            after='"registry.example/shop/web:1.1"',
        )
    ]


def record(uid: str | None = None) -> messages.RecordRef:
    number = next(_numbers)
    return messages.RecordRef(namespace="shop-front", name=f"checkout-{number}", uid=uid or f"uid-{number}")


def proposal(*, cluster: str = CLUSTER, **changed: Any) -> messages.ProposalMade:
    """Build a proposal; ``digest`` and ``diff_hash`` fit unless they are given."""
    now = datetime.now(UTC)
    known: dict[str, Any] = {
        "record": record(),
        "attempt": 1,
        "nonce": secrets.token_hex(16),
        "digest": "0" * 64,
        "incident": incident(),
        "diagnosis": diagnosis(),
        "action": messages.Action(type=messages.ActionType.K8S_PATCH, patch='{"spec":{}}'),
        "pre_image": '{"image":"registry.example/shop/web:1.2"}',
        "changes": changes(),
        "risk": messages.Risk.LOW,
        "proposed_at": now,
        "expires_at": now + timedelta(hours=1),
    } | changed
    known.setdefault("diff_hash", digest.of_changes(known["changes"]))
    made = messages.ProposalMade(**known)
    return made if "digest" in changed else made.model_copy(update={"digest": digest.of_proposal(cluster, made)})


def advice(**changed: Any) -> messages.AdviceGiven:
    known: dict[str, Any] = {
        "record": record(),
        "attempt": 1,
        "incident": incident(reason="CrashLoopBackOff"),
        "diagnosis": diagnosis(summary="The application exits with 3.", recommendation="Read its log."),
        "why_no_patch": "Nothing in the workload's definition is known to cause it.",
    }
    return messages.AdviceGiven(**(known | changed))


def phase(made: messages.ProposalMade, name: messages.Phase, sequence: int, **changed: Any) -> messages.PhaseChanged:
    known: dict[str, Any] = {
        "record": made.record,
        "sequence": sequence,
        "attempt": made.attempt,
        "digest": made.digest,
        "phase": name,
        "message": "",
        "at": datetime.now(UTC),
        "terminal": False,
    }
    return messages.PhaseChanged(**(known | changed))
