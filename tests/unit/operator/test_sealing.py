"""The operator's seal: whatever is altered in a sealed proposal, it is refused."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import signing
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import ActionType, Phase, Risk
from logjedi_operator.domain import sealing
from logjedi_operator.domain.record import ActionPart, ChangePart, Proposal, Record
from tests.scenario.fakes import examples

LATER = examples.NOW + timedelta(days=30)
ALTERED: dict[str, Any] = {
    "nonce": "f" * 32,
    "digest": "f" * 64,
    "action": ActionPart(type="k8s_patch", patch='{"spec":{"replicas":0}}'),
    "pre_image": "{}",
    "changes": [ChangePart(path="spec.replicas", before="1", after="0")],
    "diff_hash": "f" * 64,
    "risk": Risk.HIGH,
    "proposed_at": LATER,
    "expires_at": LATER,
    "required_approvals": 2,
    "seal": "0123456789abcdef:AAAA",
}


def _check(record: Record, cluster: str = examples.CLUSTER) -> Proposal:
    return sealing.check(record, examples.OWN_KEYS, cluster)


def _with(proposal: Proposal, record: Record) -> Record:
    return record.with_status(proposal=proposal)


def test_what_we_sealed_is_ours_also_after_the_way_through_the_cluster() -> None:
    record = examples.proposed()
    assert _check(examples.through_json(record)) == record.status.proposal


def test_every_field_of_a_proposal_is_tried() -> None:
    assert ALTERED.keys() == Proposal.model_fields.keys() - {"attempt"}


@pytest.mark.parametrize("field", ALTERED)
def test_each_altered_field_is_refused(field: str) -> None:
    record = examples.proposed()
    assert record.status.proposal is not None
    altered = record.status.proposal.model_copy(update={field: ALTERED[field]})
    with pytest.raises(Refused) as caught:
        _check(_with(altered, record))
    assert caught.value.rule == "seal"


@pytest.mark.parametrize("part", ["type", "patch_type", "patch", "parameters"])
def test_each_part_of_the_action_is_sealed(part: str) -> None:
    record = examples.proposed()
    proposal = record.status.proposal
    assert proposal is not None
    others: dict[str, Any] = {"parameters": {"rule": "other"}, "type": ActionType.RESTART}
    other = others.get(part, "other")
    altered = proposal.model_copy(update={"action": proposal.action.model_copy(update={part: other})})
    with pytest.raises(Refused):
        _check(_with(altered, record))


def test_a_proposal_of_another_attempt_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        _check(examples.proposed().with_status(attempts=2))
    assert caught.value.rule == "proposal"


def test_no_proposal_is_refused() -> None:
    with pytest.raises(Refused):
        _check(examples.record())


def test_a_seal_of_another_record_is_refused() -> None:
    proposal = examples.proposed().status.proposal
    assert proposal is not None
    for other in (examples.record(uid="uid-other"), examples.record(name="other"), examples.record(namespace="other")):
        with pytest.raises(Refused):
            _check(_with(proposal, other))


def test_a_seal_by_another_key_is_refused() -> None:
    record = examples.proposed()
    assert record.status.proposal is not None
    forged = sealing.seal(record.status.proposal, record, signing.Signer(Ed25519PrivateKey.generate()))
    with pytest.raises(Refused) as caught:
        _check(_with(forged, record))
    assert caught.value.rule == "seal"


def test_a_seal_for_another_cluster_is_refused() -> None:
    with pytest.raises(Refused):
        _check(examples.proposed(), cluster="west")


def test_a_sealed_proposal_must_still_fit_its_digest() -> None:
    """Our own seal on what does not fit: a defect of ours must not be carried out either."""
    record = examples.proposed()
    assert record.status.proposal is not None
    wrong = record.status.proposal.model_copy(update={"digest": "f" * 64})
    with pytest.raises(Refused) as caught:
        _check(_with(sealing.seal(wrong, record, examples.OPERATOR), record))
    assert caught.value.rule == "digest"


def test_it_expires_at_the_earlier_of_both_times() -> None:
    proposal = examples.proposed().status.proposal
    assert proposal is not None
    ends, sooner = proposal.expires_at, proposal.expires_at - timedelta(hours=1)
    assert not sealing.expired(proposal, None, ends - timedelta(seconds=1))
    assert sealing.expired(proposal, None, ends)
    assert sealing.expired(proposal, sooner, sooner)
    assert sealing.expired(proposal, ends + timedelta(hours=1), ends)


def test_a_proposal_that_is_not_ours_must_not_be_told() -> None:
    record = examples.proposed()
    assert sealing.publishable(record, examples.OWN_KEYS, examples.CLUSTER) == ""
    assert record.status.proposal is not None
    forged = _with(record.status.proposal.model_copy(update={"risk": Risk.HIGH}), record)
    assert sealing.publishable(forged, examples.OWN_KEYS, examples.CLUSTER)
    assert sealing.publishable(record, examples.OWN_KEYS, "west")
    assert sealing.publishable(record.model_copy(update={"name": "other"}), examples.OWN_KEYS, examples.CLUSTER)
    ended = record.with_status(phase=Phase.EXPIRED)
    assert sealing.publishable(ended, examples.OWN_KEYS, examples.CLUSTER) == ""
