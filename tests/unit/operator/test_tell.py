"""What a record becomes on the streams: messages that fit the contracts."""

import pytest

from logjedi_contracts import digest
from logjedi_contracts.messages import AdviceGiven, Phase, PhaseChanged, ProposalMade
from logjedi_operator.domain import phases
from logjedi_operator.usecases import tell
from tests.scenario.fakes import examples


def test_a_waiting_record_is_a_proposal_and_a_phase() -> None:
    proposal, phase = tell.messages_for(examples.proposed())
    assert isinstance(proposal, ProposalMade)
    assert isinstance(phase, PhaseChanged)
    assert phase.phase is Phase.PROPOSED


def test_the_gateway_finds_the_same_digest() -> None:
    proposal = tell.messages_for(examples.proposed())[0]
    assert isinstance(proposal, ProposalMade)
    assert digest.of_proposal(examples.CLUSTER, proposal) == proposal.digest
    assert digest.of_changes(proposal.changes) == proposal.diff_hash


def test_advice_says_why_there_is_no_patch() -> None:
    advice, _ = tell.messages_for(examples.record(phase=Phase.ADVISED, message="no other image is known"))
    assert isinstance(advice, AdviceGiven)
    assert advice.why_no_patch == "no other image is known"
    assert advice.diagnosis.summary


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("make", [examples.record, examples.approved, examples.full])
def test_any_record_in_any_phase_can_be_told(phase: Phase, make: object) -> None:
    messages = tell.messages_for(make().with_status(phase=phase))  # type: ignore[operator]
    changed = messages[-1]
    assert isinstance(changed, PhaseChanged)
    assert changed.terminal == (phase in phases.TERMINAL)
    for message in messages:
        assert type(message).model_validate_json(message.model_dump_json()) == message


def test_who_decided_is_told() -> None:
    changed = tell.messages_for(examples.approved())[-1]
    assert isinstance(changed, PhaseChanged)
    assert [actor.id for actor in changed.decided_by] == ["web:alice"]


def test_signatures_and_seals_stay_in_the_record() -> None:
    record = examples.approved().with_status(phase=Phase.PROPOSED)
    told = "".join(message.model_dump_json() for message in tell.messages_for(record))
    assert record.status.proposal is not None
    assert record.status.proposal.seal not in told
    assert record.status.decisions[0].signature not in told


def test_the_longest_record_still_fits() -> None:
    history = [examples.full().status.history[0].model_copy(update={"message": "m" * 4096})] * 20
    record = examples.full().with_status(phase=Phase.PROPOSED, history=history, message="m" * 4096)
    assert len(tell.messages_for(record)) == 2
