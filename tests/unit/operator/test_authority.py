"""Whether a record may be acted on: its phase is never asked."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import signing
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Phase, Verdict
from logjedi_operator.domain import authority
from logjedi_operator.domain.record import Decision, Record
from tests.scenario.fakes import examples


def _authority(required: int = 1, gateways: signing.KeyRing = examples.GATEWAYS) -> authority.Authority:
    return authority.Authority(examples.CLUSTER, examples.OWN_KEYS, gateways, required)


def _voted(*who: str, verdict: Verdict = Verdict.APPROVE, **changes: object) -> Record:
    record = examples.proposed()
    assert record.status.proposal is not None
    votes = [examples.vote(record, record.status.proposal, name, verdict, **changes) for name in who]
    return record.with_status(decisions=[Decision.of(vote) for vote in votes])


@pytest.mark.parametrize("phase", Phase)
def test_an_approved_record_may_be_acted_on_whatever_its_phase(phase: Phase) -> None:
    proposal, by = authority.approved(_voted("alice").with_status(phase=phase), _authority())
    assert [actor.id for actor in by] == ["web:alice"]
    assert proposal == examples.proposed().status.proposal


@pytest.mark.parametrize("phase", Phase)
def test_a_record_without_votes_may_not_whatever_its_phase(phase: Phase) -> None:
    with pytest.raises(Refused, match="too few votes") as caught:
        authority.approved(examples.proposed().with_status(phase=phase), _authority())
    assert caught.value.rule == "signature"


def test_the_policys_number_is_asked_again() -> None:
    with pytest.raises(Refused):
        authority.approved(_voted("alice"), _authority(required=2))
    assert len(authority.approved(_voted("alice", "carol"), _authority(required=2))[1]) == 2


def test_a_rejection_is_no_approval() -> None:
    with pytest.raises(Refused):
        authority.approved(_voted("bob", verdict=Verdict.REJECT), _authority())


def test_votes_of_a_gateway_that_is_not_believed_any_more_count_for_nothing() -> None:
    other = signing.KeyRing([signing.Signer(Ed25519PrivateKey.generate()).public()])
    with pytest.raises(Refused, match="unknown key"):
        authority.approved(_voted("alice"), _authority(gateways=other))


def test_a_vote_that_was_altered_in_the_record_counts_for_nothing() -> None:
    record = _voted("alice")
    for field, value in {"reason": "other", "min_approvals": 2, "channel": "slack", "nonce": "f" * 32}.items():
        altered = record.status.decisions[0].model_copy(update={field: value})
        with pytest.raises(Refused):
            authority.approved(record.with_status(decisions=[altered]), _authority())


def test_votes_of_another_record_count_for_nothing() -> None:
    other = examples.proposed(uid="uid-other")
    with pytest.raises(Refused):
        authority.approved(other.with_status(decisions=_voted("alice").status.decisions), _authority())


def test_the_seal_is_asked_before_the_votes() -> None:
    record = _voted("alice")
    assert record.status.proposal is not None
    unsealed = record.status.proposal.model_copy(update={"seal": ""})
    with pytest.raises(Refused) as caught:
        authority.approved(record.with_status(proposal=unsealed), _authority())
    assert caught.value.rule == "seal"
