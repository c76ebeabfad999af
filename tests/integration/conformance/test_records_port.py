"""``ports.records.Records``, and the rules that the CRD holds for every writer."""

from datetime import timedelta

import pytest

from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Phase
from logjedi_operator.adapters.kube import path
from logjedi_operator.domain import authority, sealing
from logjedi_operator.domain.record import API_VERSION, KIND, AuditHead, Decision, DiagnosisPart, Proposal, Record
from logjedi_operator.ports.cluster import Conflict
from tests.integration.conformance.sides import RealSide, Side
from tests.scenario.fakes import examples


async def created(side: Side) -> Record:
    record = await side.records.create(examples.record(side.namespace, uid=""))
    assert record is not None
    return record


def waiting(record: Record) -> Record:
    """Put a proposal and one vote on a record as it is in the cluster."""
    proposal = examples.proposal(record)
    decision = Decision.of(examples.vote(record, proposal))
    return record.with_status(
        phase=Phase.PROPOSED, proposal=proposal, decisions=[decision], observed_at=examples.NOW,
        audit=AuditHead(sequence=3, hash="a" * 64),
    )  # fmt: skip


def proposal_of(record: Record) -> Proposal:
    assert record.status.proposal is not None
    return record.status.proposal


async def test_a_new_record_has_a_uid_and_is_detected(side: Side) -> None:
    record = await created(side)
    assert record.uid
    assert (record.phase, record.status.attempts, record.status.audit.sequence) == (Phase.DETECTED, 1, 0)
    assert record.spec == examples.record(side.namespace).spec


async def test_the_name_is_taken_once(side: Side) -> None:
    await created(side)
    assert await side.records.create(examples.record(side.namespace, uid="")) is None


async def test_a_missing_record_is_none(side: Side) -> None:
    assert await side.records.read(f"{side.namespace}/missing") is None


async def test_a_record_is_known_without_a_call_once_it_was_written(side: Side) -> None:
    record = await created(side)
    assert side.records.cached(record.key) == record
    saved = await side.records.save(record.with_status(message="hello"))
    assert side.records.cached(record.key) == saved
    assert [known.key for known in side.records.known()] == [record.key]


async def test_what_was_saved_is_read(side: Side) -> None:
    record = await created(side)
    saved = await side.records.save(record.with_status(phase=Phase.ANALYZING, message="looking"))
    assert await side.records.read(record.key) == saved
    assert saved.resource_version != record.resource_version


async def test_every_field_survives(side: Side) -> None:
    record = await created(side)
    full = examples.full(namespace=side.namespace, uid=record.uid)
    saved = await side.records.save(record.model_copy(update={"status": full.status}))
    assert saved.status == full.status
    assert (await side.records.read(record.key)) == saved


async def test_seal_and_signatures_hold_after_the_way_through_the_cluster(side: Side) -> None:
    record = await created(side)
    await side.records.save(waiting(record))
    there = await side.records.read(record.key)
    assert there is not None
    sealing.check(there, examples.OWN_KEYS, examples.CLUSTER)
    keys = authority.Authority(examples.CLUSTER, examples.OWN_KEYS, examples.GATEWAYS, 1)
    _, by = authority.approved(there, keys)
    assert [actor.id for actor in by] == ["web:alice"]


async def test_the_longest_texts_that_we_write_fit(side: Side) -> None:
    record = await created(side)
    long = DiagnosisPart(
        summary="s" * 16_384, root_cause="ü" * 16_384, recommendation="r" * 16_384, diagnoser="d" * 32, rule="r" * 128,
        model="m" * 128, fallback="f" * 1024,
    )  # fmt: skip
    saved = await side.records.save(record.with_status(diagnosis=long, message="m" * 2000))
    assert saved.status.diagnosis == long


async def test_saving_an_older_version_is_a_conflict(side: Side) -> None:
    record = await created(side)
    await side.records.save(record.with_status(message="first"))
    with pytest.raises(Conflict):
        await side.records.save(record.with_status(message="second"))


async def test_saving_what_was_removed_is_a_conflict_and_forgets_it(side: Side) -> None:
    record = await created(side)
    await side.records.delete(record)
    assert await side.records.read(record.key) is None
    with pytest.raises(Conflict):
        await side.records.save(record.with_status(message="late"))
    assert side.records.cached(record.key) is None


async def test_removing_twice_is_fine(side: Side) -> None:
    record = await created(side)
    await side.records.delete(record)
    await side.records.delete(record)


async def test_a_record_made_again_is_another_one(side: Side) -> None:
    record = await created(side)
    await side.records.delete(record)
    again = await created(side)
    assert again.uid != record.uid
    with pytest.raises(Conflict):
        await side.records.save(record.with_status(message="late"))


async def test_the_spec_is_not_written_with_the_status(side: Side) -> None:
    record = await created(side)
    spec = record.spec.model_copy(update={"cluster": "west"})
    saved = await side.records.save(record.model_copy(update={"spec": spec}))
    assert saved.spec == record.spec


async def test_the_audit_sequence_never_goes_back(side: Side) -> None:
    record = await side.records.save(waiting(await created(side)))
    with pytest.raises(Refused, match="never goes back"):
        await side.records.save(record.with_status(audit=AuditHead(sequence=2, hash="b" * 64)))


async def test_a_proposal_with_a_digest_never_changes(side: Side) -> None:
    record = await side.records.save(waiting(await created(side)))
    later = proposal_of(record).model_copy(update={"expires_at": examples.NOW + timedelta(days=9)})
    with pytest.raises(Refused, match="never changes"):
        await side.records.save(record.with_status(proposal=later))


async def test_decisions_are_only_added(side: Side) -> None:
    record = await side.records.save(waiting(await created(side)))
    with pytest.raises(Refused, match="only ever added"):
        await side.records.save(record.with_status(decisions=[]))
    second = Decision.of(examples.vote(record, proposal_of(record), "carol"))
    saved = await side.records.save(record.with_status(decisions=[*record.status.decisions, second]))
    assert [decision.actor.id for decision in saved.status.decisions] == ["web:alice", "web:carol"]


async def test_a_decision_is_not_altered(side: Side) -> None:
    record = await side.records.save(waiting(await created(side)))
    altered = record.status.decisions[0].model_copy(update={"reason": "another"})
    with pytest.raises(Refused, match="only ever added"):
        await side.records.save(record.with_status(decisions=[altered]))


async def test_a_new_attempt_may_start_without_proposal_and_decisions(side: Side) -> None:
    record = await side.records.save(waiting(await created(side)))
    bare = await side.records.save(record.with_status(proposal=None, decisions=[], attempts=2))
    assert (bare.status.proposal, bare.status.decisions) == (None, [])
    again = examples.proposal(bare, nonce="f" * 32, attempt=2)
    assert (await side.records.save(bare.with_status(proposal=again))).status.proposal == again


async def test_a_record_that_makes_no_sense_is_refused_when_it_is_read(side: Side) -> None:
    record = await side.records.save(waiting(await created(side)))

    def change(status: dict[str, object]) -> None:
        status["decisions"][0]["expiresAt"] = "whenever"  # type: ignore[index]
        status.pop("proposal")

    await side.edit_record(record, change)
    with pytest.raises(Refused, match="cannot be read") as caught:
        await side.records.read(record.key)
    assert caught.value.rule == "unreadable"


@pytest.mark.cluster
@pytest.mark.parametrize("kubeconfig", ["real"], indirect=True)
async def test_the_spec_never_changes_whoever_writes_it(side: RealSide) -> None:
    record = await created(side)
    where = path(API_VERSION, KIND, record.namespace, record.name)
    obj = await side.api.call("GET", where) or {}
    obj["spec"]["failure"]["reason"] = "Another"
    with pytest.raises(Refused, match="spec of a record never changes"):
        await side.api.call("PUT", where, body=obj)
