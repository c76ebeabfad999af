"""The record and the API object that it is."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from logjedi_contracts import votes
from logjedi_contracts.messages import Diagnosis, Phase
from logjedi_operator.domain.record import Attempt, Decision, DiagnosisPart, Record
from tests.scenario.fakes import examples
from tests.scenario.fakes.examples import through_json

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
ATTEMPTS = st.builds(Attempt, attempt=st.integers(1, 9), at=TIMES, phase=st.sampled_from(Phase), message=TEXT)


def test_every_field_survives_the_way_through_json() -> None:
    full = examples.full()
    assert through_json(full) == full
    empty = [name for name, value in full.status if value in (None, [], "")]
    assert empty == []


@given(phase=st.sampled_from(Phase), at=TIMES, message=TEXT, history=st.lists(ATTEMPTS, max_size=3))
def test_any_status_survives(phase: Phase, at: datetime, message: str, history: list[Attempt]) -> None:
    record = examples.record(phase=phase, observed_at=at, message=message, history=history)
    assert through_json(record) == record


def test_fields_are_camel_case_in_the_cluster() -> None:
    obj = examples.full().to_object()
    assert {"apiVersion", "kind", "metadata", "spec", "status"} == obj.keys()
    assert {"cooldownUntil", "observedAt", "dryRun"} <= obj["status"].keys()
    assert {"preImage", "diffHash", "requiredApprovals"} <= obj["status"]["proposal"].keys()


def test_absent_fields_are_left_out() -> None:
    assert "proposal" not in examples.record().to_object()["status"]


def test_unknown_fields_are_ignored_at_any_depth() -> None:
    obj = json.loads(json.dumps(examples.full().to_object()))
    for part in (obj, obj["spec"], obj["spec"]["failure"], obj["status"], obj["status"]["proposal"]):
        part["fromTheFuture"] = {"a": 1}
    assert Record.from_object(obj) == examples.full()


def test_a_record_without_status_is_detected() -> None:
    obj = examples.record().to_object()
    del obj["status"]
    assert Record.from_object(obj).phase is Phase.DETECTED


def test_a_record_without_its_spec_cannot_be_read() -> None:
    obj = examples.record().to_object()
    del obj["spec"]["workload"]
    with pytest.raises(ValidationError):
        Record.from_object(obj)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
@pytest.mark.parametrize("micros", [0, 1, 123_000, 999_999])
def test_a_votes_signature_holds_after_the_way_through_the_record(zone: timezone, micros: int) -> None:
    record = examples.proposed()
    assert record.status.proposal is not None
    at = examples.NOW.replace(microsecond=micros).astimezone(zone)
    vote = examples.vote(record, record.status.proposal, at=at)
    there = through_json(record.with_status(decisions=[Decision.of(vote)]))
    back = there.status.decisions[0].vote(there.ref)
    assert back == vote
    votes.verify(examples.CLUSTER, back, examples.GATEWAYS)


def test_a_diagnosis_is_cut_to_what_the_schema_holds() -> None:
    part = DiagnosisPart.of(Diagnosis(summary="s", rule="r" * 1024, model="m" * 1024, diagnoser="d" * 1024))
    assert (len(part.rule), len(part.model), len(part.diagnoser)) == (128, 128, 32)


def test_a_diagnosis_survives_as_message() -> None:
    said = Diagnosis(summary="s", confidence=0.93, rule="bad-image", input_tokens=3)
    assert DiagnosisPart.of(said).message() == said


def test_the_record_knows_its_owner_and_key() -> None:
    record = examples.record()
    assert (record.key, str(record.owner)) == (f"shop/{record.name}", "Deployment shop/web")
