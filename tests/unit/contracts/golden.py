"""One realistic example of every message, with fixed ids, times and key; run as a module to write the files."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import analysis, canonical, digest, envelope, messages, signing, votes
from logjedi_contracts.model import Message

FOLDER = Path(__file__).parents[3] / "docs" / "messages" / "golden"
SIGNER = signing.Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
CLUSTER = "prod-eu-1"
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
ANALYSIS = "shop/checkout-image-6f2c9a1d"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NONCE = "5d41402abc4b2a76b9719d911017c592"
IMAGE = "spec.template.spec.containers[app].image"
PATCH = {"spec": {"template": {"spec": {"containers": [{"image": "ghcr.io/shop/checkout:1.8.2", "name": "app"}]}}}}

RECORD = messages.RecordRef(
    namespace="shop", name="checkout-image-6f2c9a1d", uid="0b8a3f52-6a54-4b43-9d0e-4f3c1f7f7a10"
)
TARGET = messages.Target(
    api_version="apps/v1",
    kind="Deployment",
    namespace="shop",
    name="checkout",
    uid="7c1d7d0e-52ab-4a55-8b19-0a61c5a2b9c4",
)
INCIDENT = messages.Incident(
    target=TARGET,
    reason="ImagePullBackOff",
    container="app",
    message='Back-off pulling image "ghcr.io/shop/checkout:1.8.3-rc": not found',
    severity=messages.Severity.CRITICAL,
    first_seen=NOW - timedelta(seconds=41),
    excerpt=['Failed to pull image "ghcr.io/shop/checkout:1.8.3-rc": rpc error: code = NotFound'],
    history=["attempt 1: rejected by Åsa Öberg"],
)
DIAGNOSIS = messages.Diagnosis(
    summary="The image tag 1.8.3-rc does not exist.",
    root_cause="Revision 14 names an image that the registry does not have; revision 13 ran 1.8.2.",
    recommendation="Go back to ghcr.io/shop/checkout:1.8.2.",
    confidence=0.95,
    rule="image-not-found",
)
ACTION = messages.Action(type=messages.ActionType.K8S_PATCH, patch=canonical.dumps(PATCH))
CHANGES = [
    messages.Change(path=IMAGE, before='"ghcr.io/shop/checkout:1.8.3-rc"', after='"ghcr.io/shop/checkout:1.8.2"')
]
PRE_IMAGE = canonical.dumps({IMAGE: "ghcr.io/shop/checkout:1.8.3-rc"})
DIFF_HASH = digest.of_changes(CHANGES)
DIGEST = digest.of(digest.Bound(CLUSTER, TARGET, ACTION, PRE_IMAGE, DIFF_HASH, NONCE))
ALICE = messages.Actor(id="slack:U024BE7LH", name="Alice Müller")


def proposal() -> messages.ProposalMade:
    return messages.ProposalMade(
        record=RECORD,
        attempt=2,
        nonce=NONCE,
        digest=DIGEST,
        incident=INCIDENT,
        diagnosis=DIAGNOSIS,
        action=ACTION,
        pre_image=PRE_IMAGE,
        changes=CHANGES,
        diff_hash=DIFF_HASH,
        risk=messages.Risk.LOW,
        proposed_at=NOW,
        expires_at=NOW + timedelta(hours=4),
    )


def vote() -> messages.VoteCast:
    unsigned = messages.VoteCast(
        vote_id="9f86d081884c7d65",
        record=RECORD,
        attempt=2,
        nonce=NONCE,
        digest=DIGEST,
        verdict=messages.Verdict.APPROVE,
        actor=ALICE,
        channel="slack",
        at=NOW + timedelta(minutes=3),
        reason="1.8.2 ran for two weeks",
        rule="shop",
        rule_hash="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        min_approvals=1,
        expires_at=NOW + timedelta(hours=4),
        key_id="",
        signature="",
    )
    return votes.sign(CLUSTER, unsigned, SIGNER)


def typed() -> list[Message]:
    return [
        proposal(),
        messages.AdviceGiven(
            record=RECORD,
            attempt=1,
            incident=INCIDENT,
            diagnosis=DIAGNOSIS.model_copy(update={"confidence": 0.4}),
            why_no_patch="No revision of this Deployment was ever healthy.",
        ),
        messages.ProposalAsked(
            record=RECORD,
            attempt=2,
            digest=DIGEST,
            channels=["slack", "web"],
            rule="shop",
            expires_at=NOW + timedelta(hours=4),
        ),
        vote(),
        messages.AnalysisRequested(record=RECORD, actor=ALICE),
        messages.PhaseChanged(
            record=RECORD,
            sequence=7,
            attempt=2,
            digest=DIGEST,
            phase=messages.Phase.RESOLVED,
            message="healthy for 30 s",
            at=NOW + timedelta(minutes=5),
            terminal=True,
            decided_by=[ALICE],
        ),
    ]


def request() -> analysis.AnalyzeRequest:
    return analysis.AnalyzeRequest(
        correlation=ANALYSIS,
        cluster=CLUSTER,
        target=TARGET,
        failure=analysis.Failure(
            reason="ImagePullBackOff",
            family="image",
            container="app",
            severity=messages.Severity.CRITICAL,
            first_seen=INCIDENT.first_seen,
        ),
        evidence=analysis.Evidence(
            pods=[
                analysis.PodState(
                    name="checkout-7d9f6c5b8-x2x4z",
                    phase="Pending",
                    revision="checkout-7d9f6c5b8",
                    containers=[
                        analysis.ContainerState(
                            name="app",
                            image="ghcr.io/shop/checkout:1.8.3-rc",
                            state="waiting",
                            reason="ImagePullBackOff",
                            message=INCIDENT.message,
                        )
                    ],
                )
            ],
            events=[
                analysis.EventSeen(
                    object="Pod/checkout-7d9f6c5b8-x2x4z",
                    type="Warning",
                    reason="Failed",
                    message=INCIDENT.excerpt[0],
                    count=3,
                    last_seen=NOW,
                )
            ],
            revision=analysis.Revision(
                name="checkout-5c6d8f9b7",
                revision=13,
                healthy_replicas=3,
                changes=[
                    analysis.FieldChange(
                        path=IMAGE, healthy="ghcr.io/shop/checkout:1.8.2", failing="ghcr.io/shop/checkout:1.8.3-rc"
                    )
                ],
            ),
            image_history=[
                analysis.ImageUse(container="app", image="ghcr.io/shop/checkout:1.8.3-rc", revision=14),
                analysis.ImageUse(container="app", image="ghcr.io/shop/checkout:1.8.2", revision=13, ran=True),
            ],
            redactions=2,
        ),
        history=INCIDENT.history,
        limits=analysis.Limits(paths=["image", "env", "replicas", "resources", "references"]),
    )


def response() -> analysis.AnalyzeResponse:
    action = analysis.ProposedAction(patch=PATCH, risk=messages.Risk.LOW)
    return analysis.AnalyzeResponse(diagnosis=DIAGNOSIS, action=action, rests_on=INCIDENT.excerpt)


def sealed(message: Message, number: int) -> envelope.Envelope:
    made = envelope.wrap(message, cluster=CLUSTER, analysis=ANALYSIS, traceparent=TRACE)
    return made.model_copy(update={"id": f"{number:032x}", "occurred_at": NOW + timedelta(seconds=number)})


def build() -> dict[str, dict[str, Any]]:
    """Map each file's stem to its content."""
    files: dict[str, dict[str, Any]] = {}
    for number, message in enumerate(typed(), start=1):
        made = sealed(message, number)
        files[f"{made.type}.v{made.schema_version}"] = {
            "entry": envelope.encode(made, SIGNER),
            "envelope": made.model_dump(mode="json"),
        }
    files["analyze.request.v1"] = request().model_dump(mode="json")
    files["analyze.response.v1"] = response().model_dump(mode="json")
    return files


def spelt(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for stem, content in build().items():
        (FOLDER / f"{stem}.json").write_text(spelt(content), "utf-8")
