"""From a bad image to a healed workload, and the other ways in which people decide."""

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import signing, votes
from logjedi_contracts.messages import Phase, VoteCast
from logjedi_operator.domain.policy import Policy
from tests.scenario.fakes.gateway import REJECT, Click
from tests.scenario.fakes.shop import BAD, GOOD
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import CLUSTER, World


async def _proposed(world: World) -> None:
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    await world.until(lambda: world.record.status.asked)


@in_virtual_time
async def test_a_bad_image_is_proposed_approved_applied_once_and_resolved() -> None:
    world = World(clicks=[[Click("alice")]])
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    record = await world.until_phase(Phase.RESOLVED)
    assert world.story == ["Analyzing", "Proposed", "Approved", "Applying", "Verifying", "Resolved"]
    assert world.gateway.phases == ["Proposed", "Approved", "Applying", "Verifying", "Resolved"]
    assert world.shop.image() == GOOD
    assert world.applied == [record.status.proposal.nonce]
    assert [actor.name for actor in record.status.applied.by] == ["alice"]


@in_virtual_time
async def test_it_counts_as_resolved_only_after_the_settling_time() -> None:
    world = World(clicks=[[Click("alice")]])
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    verifying = await world.until_phase(Phase.VERIFYING)
    resolved = await world.until_phase(Phase.RESOLVED)
    assert resolved.status.observed_at - verifying.status.applied.at >= world.timing.settle


@in_virtual_time
async def test_a_rejected_change_is_never_applied() -> None:
    world = World(clicks=[[Click("bob", REJECT)]])
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    record = await world.until_phase(Phase.REJECTED)
    assert record.status.message == "rejected by bob"
    await world.passes(120)
    assert (world.applied, world.shop.image()) == ([], BAD)


@in_virtual_time
async def test_a_rejected_change_is_not_proposed_again() -> None:
    world = World(clicks=[[Click("bob", REJECT)]])
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    record = await world.until_phase(Phase.ADVISED)
    assert "tried-before" in record.status.message
    assert "Rejected" in record.status.message
    assert len(world.gateway.asked) == 1


@in_virtual_time
async def test_one_person_voting_twice_is_one_approval() -> None:
    once, again = Click("alice"), Click("alice", after=timedelta(seconds=5))
    world = World(policy=Policy(required_approvals=2), clicks=[[once, again]])
    await _proposed(world)
    await world.until(lambda: len(world.record.status.decisions) == 2)
    await world.passes(30)
    assert (world.record.phase, world.applied) == (Phase.PROPOSED, [])


@in_virtual_time
async def test_two_people_are_two_approvals() -> None:
    clicks = [[Click("alice"), Click("alice", after=timedelta(seconds=4)), Click("carol", after=timedelta(seconds=9))]]
    world = World(policy=Policy(required_approvals=2), clicks=clicks)
    await _proposed(world)
    record = await world.until_phase(Phase.RESOLVED)
    assert [actor.name for actor in record.status.applied.by] == ["alice", "carol"]
    assert len(world.applied) == 1


@in_virtual_time
async def test_one_rejection_outweighs_an_approval() -> None:
    clicks = [[Click("alice"), Click("bob", REJECT, after=timedelta(seconds=4))]]
    world = World(policy=Policy(required_approvals=2), clicks=clicks)
    await _proposed(world)
    await world.until_phase(Phase.REJECTED)
    assert world.applied == []


@in_virtual_time
async def test_a_vote_that_is_delivered_twice_counts_once() -> None:
    world = World(policy=Policy(required_approvals=2), clicks=[[Click("alice", twice=True)]])
    await _proposed(world)
    await world.until(lambda: world.record.status.decisions)
    await world.passes(10)
    assert len(world.record.status.decisions) == 1
    assert (world.gateway.inbox, world.parked) == ({}, [])


@in_virtual_time
async def test_a_vote_that_comes_too_late_is_dropped_and_the_true_phase_is_told_again() -> None:
    world = World(clicks=[[Click("bob", REJECT), Click("alice", after=timedelta(seconds=8))]])
    await _proposed(world)
    await world.until_phase(Phase.REJECTED)
    before = len(world.gateway.heard)
    await world.passes(20)
    told = [message.phase.value for message in world.gateway.heard[before:]]
    assert told == ["Rejected"]
    assert (world.record.phase, world.applied, world.parked) == (Phase.REJECTED, [], [])


async def _sent(world: World, change: dict[str, object], *, signed: bool = True, cluster: str = CLUSTER) -> str:
    """Send a vote that was changed before (or after) it was signed; return what it was parked with."""
    vote: VoteCast = world.gateway.vote(world.gateway.asked[0])
    vote = vote.model_copy(update=change)
    if signed:
        vote = votes.sign(cluster, vote, world.gateway.signer)
    world.gateway.send(vote)
    await world.until(lambda: world.parked)
    await world.passes(30)
    assert (world.record.phase, world.applied) == (Phase.PROPOSED, [])
    return world.parked[0][1]


@in_virtual_time
async def test_a_vote_signed_by_another_key_does_not_count() -> None:
    world = World()
    await _proposed(world)
    world.gateway.signer = signing.Signer(Ed25519PrivateKey.generate())
    assert "unknown key" in await _sent(world, {})


@in_virtual_time
async def test_a_vote_that_was_changed_after_signing_does_not_count() -> None:
    world = World()
    await _proposed(world)
    assert "does not fit" in await _sent(world, {"min_approvals": 2}, signed=False)


@in_virtual_time
async def test_a_vote_for_another_cluster_does_not_count() -> None:
    world = World()
    await _proposed(world)
    assert "does not fit" in await _sent(world, {}, cluster="west")


@in_virtual_time
async def test_a_vote_for_an_older_nonce_does_not_count() -> None:
    world = World()
    await _proposed(world)
    assert "its nonce differs" in await _sent(world, {"nonce": "0" * 32})


@in_virtual_time
async def test_a_vote_for_another_digest_does_not_count() -> None:
    world = World()
    await _proposed(world)
    assert "digest" in await _sent(world, {"digest": "f" * 64})


@in_virtual_time
async def test_a_vote_for_another_attempt_does_not_count() -> None:
    world = World()
    await _proposed(world)
    assert "attempt 7" in await _sent(world, {"attempt": 7})


@in_virtual_time
async def test_a_vote_cast_after_the_expiry_does_not_count() -> None:
    world = World()
    await _proposed(world)
    late = world.gateway.asked[0].expires_at + timedelta(seconds=1)
    assert "after its own expiry" in await _sent(world, {"at": late})


@in_virtual_time
async def test_a_vote_that_outlives_the_proposal_does_not_count() -> None:
    world = World()
    await _proposed(world)
    late = world.gateway.asked[0].expires_at + timedelta(hours=1)
    assert "longer than the proposal" in await _sent(world, {"expires_at": late})


@in_virtual_time
async def test_a_vote_for_a_record_that_is_not_there_is_parked() -> None:
    world = World()
    await _proposed(world)
    ref = world.record.ref.model_copy(update={"uid": "uid-of-an-older-one"})
    assert "there is no record" in await _sent(world, {"record": ref})


@in_virtual_time
async def test_a_vote_that_is_delivered_after_the_expiry_approves_nothing() -> None:
    world = World()
    await _proposed(world)
    vote = world.gateway.vote(world.gateway.asked[0])
    await world.kill()
    await world.passes(world.timing.expiry.total_seconds() + 60)
    world.gateway.send(vote)
    await world.start()
    await world.passes(60)
    assert "Approved" not in world.story
    assert (world.story[2], world.applied) == ("Expired", [])
