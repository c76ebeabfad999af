"""Whoever can write to Redis or to records can approve nothing: only signatures count, on real parts."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logjedi_contracts import envelope, signing, streams, votes
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Actor, Phase, Risk, Verdict, VoteCast
from logjedi_operator.domain import sealing
from logjedi_operator.domain.record import Applied, Decision, Record, Verification
from tests.integration.world import World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]


def vote_on(record: Record, signer: signing.Signer, cluster_name: str = "test") -> VoteCast:
    """A well-formed approval of a record's proposal, signed by ``signer``."""
    proposal = record.status.proposal
    assert proposal is not None
    now = datetime.now(UTC)
    unsigned = VoteCast(
        vote_id=secrets.token_hex(16),
        record=record.ref,
        attempt=proposal.attempt,
        nonce=proposal.nonce,
        digest=proposal.digest,
        verdict=Verdict.APPROVE,
        actor=Actor(id="slack:U0ALICE", name="alice"),
        channel="slack",
        at=now,
        rule="development",
        rule_hash="0" * 64,
        min_approvals=1,
        expires_at=min(proposal.expires_at, now + timedelta(hours=1)),
        key_id="",
        signature="",
    )
    return votes.sign(cluster_name, unsigned, signer)


async def put_on_stream(world: World, vote: VoteCast, signer: signing.Signer) -> None:
    """Write a vote straight into Redis, in an envelope signed by ``signer``."""
    analysis = f"{vote.record.namespace}/{vote.record.name}"
    fields = envelope.encode(envelope.wrap(vote, cluster="test", analysis=analysis), signer)
    async with world.redis() as client:
        await client.xadd(streams.decisions("test"), dict(fields))


async def parked(world: World) -> int:
    async with world.redis() as client:
        return int(await client.xlen(streams.dead(streams.decisions("test"))))


async def asked_about_worker(world: World) -> Record:
    await world.create_sample("configmap-key.yaml")
    return await world.asked("worker")


async def nothing_happens(world: World, phase: Phase) -> None:
    generation = (await world.deployment("worker"))["metadata"]["generation"]

    async def untouched() -> bool:
        live = await world.deployment("worker")
        return live["metadata"]["generation"] == generation and (await world.record("worker")).phase == phase

    await world.stays("nothing is applied", untouched, for_s=2.5)


async def test_a_vote_with_made_up_signatures_in_redis_counts_for_nothing(world: World) -> None:
    record = await asked_about_worker(world)
    before = await parked(world)
    stranger = signing.generate()

    await put_on_stream(world, vote_on(record, stranger), stranger)

    async def is_parked() -> bool:
        return await parked(world) == before + 1

    await world.until("the forged vote is parked with its error", is_parked)
    await nothing_happens(world, Phase.PROPOSED)


async def test_a_vote_by_another_key_in_a_true_envelope_counts_for_nothing(world: World) -> None:
    record = await asked_about_worker(world)
    before = await parked(world)

    await put_on_stream(world, vote_on(record, signing.generate()), world.key_of("gateway"))

    async def is_parked() -> bool:
        return await parked(world) == before + 1

    await world.until("the vote is parked", is_parked)
    await nothing_happens(world, Phase.PROPOSED)


async def test_the_operators_own_key_cannot_vote(world: World) -> None:
    record = await asked_about_worker(world)
    operator = world.key_of("operator")
    await put_on_stream(world, vote_on(record, operator), operator)
    await nothing_happens(world, Phase.PROPOSED)


async def test_a_vote_for_another_cluster_counts_for_nothing(world: World) -> None:
    record = await asked_about_worker(world)
    gateway = world.key_of("gateway")
    await put_on_stream(world, vote_on(record, gateway, cluster_name="production"), gateway)
    await nothing_happens(world, Phase.PROPOSED)


async def test_an_old_approval_is_worthless_for_an_equal_proposal(world: World) -> None:
    """The same change is proposed twice; the approval of the first, truly signed, is sent for the second."""
    first = await asked_about_worker(world)
    old = vote_on(first, world.key_of("gateway"))
    await world.patch_deployment("worker", refers_to("INTERVALS"))
    other = await world.asked_again("worker", first)
    await world.patch_deployment("worker", refers_to("INTERVALL"))
    second = await world.asked_again("worker", other)
    assert changes_of(second) == changes_of(first), "the same change"
    assert second.uid == first.uid

    await put_on_stream(world, old, world.key_of("gateway"))

    await nothing_happens(world, Phase.PROPOSED)
    assert not (await world.record("worker")).status.decisions


def refers_to(key: str) -> dict[str, Any]:
    """The patch of the worker that makes it refer to ``key``."""
    env = [{"name": "INTERVAL", "valueFrom": {"configMapKeyRef": {"name": "worker-settings", "key": key}}}]
    return {"spec": {"template": {"spec": {"containers": [{"name": "worker", "env": env}]}}}}


def changes_of(record: Record) -> list[tuple[str, str | None, str | None]]:
    proposal = record.status.proposal
    assert proposal is not None
    return [(row.path, row.before, row.after) for row in proposal.changes if row.path.startswith("spec.")]


async def test_a_record_that_says_approved_without_a_signature_changes_nothing(world: World) -> None:
    record = await asked_about_worker(world)
    await world.write_status(record.with_status(phase=Phase.APPROVED, message="approved by nobody"))
    refused = await world.in_phase("worker", "Refused")
    assert "no valid approval" in refused.status.message
    await nothing_happens(world, Phase.REFUSED)


@pytest.mark.parametrize("phase", [Phase.APPROVED, Phase.APPLYING])
async def test_a_made_up_decision_in_the_record_changes_nothing(world: World, phase: Phase) -> None:
    record = await asked_about_worker(world)
    made_up = Decision.of(vote_on(record, signing.generate()))
    await world.write_status(record.with_status(phase=phase, decisions=[made_up]))
    await world.in_phase("worker", "Refused")
    await nothing_happens(world, Phase.REFUSED)


async def test_a_record_that_says_verifying_without_a_signature_undoes_nothing(world: World) -> None:
    record = await asked_about_worker(world)
    now = datetime.now(UTC)
    await world.write_status(
        record.with_status(
            phase=Phase.VERIFYING,
            applied=Applied(at=now),
            verification=Verification(deadline=now - timedelta(minutes=1)),
        )
    )
    ended = await world.in_phase("worker", "Failed")
    assert "not verified" in ended.status.message
    await nothing_happens(world, Phase.FAILED)


async def test_somebody_elses_proposal_in_the_record_is_never_published(world: World) -> None:
    """A proposal that the operator did not seal is refused, even if it is whole and its digest fits."""
    record = await asked_about_worker(world)
    proposal = record.status.proposal
    assert proposal is not None
    foreign = sealing.seal(
        proposal.model_copy(update={"nonce": "f" * 32, "digest": "e" * 64}), record, signing.generate()
    )
    await world.write_status(record.with_status(proposal=foreign, asked=None, decisions=[]))
    refused = await world.in_phase("worker", "Refused")
    assert "not the operator's" in refused.status.message
    await nothing_happens(world, Phase.REFUSED)


async def test_nobody_can_rewrite_a_proposal_or_the_count_of_its_transitions(world: World) -> None:
    """The API server itself keeps the record tidy: the CRD's rules."""
    record = await asked_about_worker(world)
    proposal = record.status.proposal
    assert proposal is not None
    with pytest.raises(Refused, match="a proposal with a digest never changes"):
        await world.write_status(record.with_status(proposal=proposal.model_copy(update={"risk": Risk.HIGH})))
    with pytest.raises(Refused, match="never goes back"):
        await world.write_status(record.with_status(audit=record.status.audit.model_copy(update={"sequence": 0})))


async def test_nobody_can_cut_the_history_of_attempts(world: World) -> None:
    """The history says which approvals were used; without it an old one could be used again."""
    first = await asked_about_worker(world)
    await world.patch_deployment("worker", refers_to("INTERVALS"))
    second = await world.asked_again("worker", first)
    assert [past.phase for past in second.status.history] == [Phase.STALE]
    with pytest.raises(Refused, match="only ever added to"):
        await world.write_status(second.with_status(history=[]))


async def test_a_true_vote_still_counts_after_all_that(world: World) -> None:
    """The control: with the gateway's own key the very same message does approve."""
    record = await asked_about_worker(world)
    gateway = world.key_of("gateway")
    await put_on_stream(world, vote_on(record, gateway), gateway)
    await world.in_phase("worker", "Resolved")
