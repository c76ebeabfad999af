"""Write access to records approves nothing: phases authorise nothing, signatures do, each time anew."""

import json
from collections.abc import Callable
from datetime import timedelta

from logjedi_contracts.messages import Phase
from logjedi_operator.domain.policy import Policy
from logjedi_operator.domain.record import KIND, Decision
from tests.scenario.fakes.api_server import Object
from tests.scenario.fakes.gateway import Click
from tests.scenario.fakes.shop import BAD, GOOD, HALF_GOOD, NAMESPACE, crashes, never_gets_ready
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import World, answers

EVIL = "elsewhere.example/evil:1"


async def _proposed(world: World) -> None:
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    await world.until(lambda: world.record.status.asked)


async def _forged(phase: Phase, **changes: object) -> World:
    world = World()
    await _proposed(world)
    world.tamper(lambda status: status.update(phase=phase.value, **changes))
    await world.until(lambda: world.record.phase is not phase)
    assert (world.applied, world.shop.image()) == ([], BAD)
    return world


@in_virtual_time
async def test_a_record_that_only_says_approved_changes_nothing() -> None:
    world = await _forged(Phase.APPROVED)
    assert world.record.phase is Phase.REFUSED
    assert "no valid approval" in world.record.status.message


@in_virtual_time
async def test_a_record_that_only_says_applying_changes_nothing() -> None:
    world = await _forged(Phase.APPLYING)
    assert world.record.phase is Phase.REFUSED


@in_virtual_time
async def test_a_record_that_only_says_verifying_undoes_nothing() -> None:
    long_ago = "2026-11-23T11:00:00Z"
    world = await _forged(Phase.VERIFYING, verification={"deadline": long_ago}, applied={"at": long_ago})
    assert world.record.phase is Phase.FAILED


@in_virtual_time
async def test_a_made_up_pre_image_is_never_put_back() -> None:
    world = World(clicks=[[Click()]], analyzer=answers(HALF_GOOD))
    world.shop.behaviour[HALF_GOOD] = never_gets_ready
    await _proposed(world)
    await world.until_phase(Phase.VERIFYING)
    path = "spec.template.spec.containers[app].image"
    crafted = json.dumps({path: {"present": True, "value": EVIL}})
    world.tamper(lambda status: status["proposal"].update(preImage=crafted))
    await world.until_phase(Phase.FAILED)
    assert world.shop.image() == HALF_GOOD
    assert len(world.applied) == 1


async def _tampered_after_approval(change: Callable[[Object], None]) -> World:
    """Alter an approved proposal while the operator is down, as someone with write access to records could."""
    world = World(clicks=[[Click(after=timedelta(hours=2))]])
    await _proposed(world)
    vote = world.gateway.vote(world.gateway.asked[0])
    await world.kill()
    decision = Decision.of(vote).model_dump(mode="json", by_alias=True)
    world.tamper(lambda status: status.update(phase="Approved", decisions=[decision]))
    world.tamper(change)
    await world.start()
    await world.until(lambda: world.record.phase is not Phase.APPROVED)
    return world


@in_virtual_time
async def test_an_approved_record_is_carried_out_after_a_restart() -> None:
    world = await _tampered_after_approval(lambda _: None)
    await world.until_phase(Phase.RESOLVED)
    assert (world.shop.image(), len(world.applied)) == (GOOD, 1)


async def _is_refused(change: Callable[[Object], None]) -> None:
    world = await _tampered_after_approval(change)
    assert world.record.phase is Phase.REFUSED, world.describe()
    await world.passes(60)
    assert (world.applied, world.shop.image()) == ([], BAD)


@in_virtual_time
async def test_a_tampered_patch_is_refused() -> None:
    def change(status: Object) -> None:
        action = status["proposal"]["action"]
        action["patch"] = action["patch"].replace(GOOD, EVIL)

    await _is_refused(change)


@in_virtual_time
async def test_a_tampered_digest_is_refused() -> None:
    await _is_refused(lambda status: status["proposal"].update(digest="f" * 64))


@in_virtual_time
async def test_a_tampered_nonce_is_refused() -> None:
    await _is_refused(lambda status: status["proposal"].update(nonce="0" * 32))


@in_virtual_time
async def test_a_proposal_without_our_seal_is_refused() -> None:
    await _is_refused(lambda status: status["proposal"].update(seal=""))


@in_virtual_time
async def test_a_prolonged_expiry_is_refused() -> None:
    await _is_refused(lambda status: status["proposal"].update(expiresAt="2027-01-01T00:00:00Z"))


@in_virtual_time
async def test_a_lowered_number_of_approvals_is_refused() -> None:
    await _is_refused(lambda status: status["proposal"].update(requiredApprovals=3))


@in_virtual_time
async def test_an_altered_vote_is_refused() -> None:
    await _is_refused(lambda status: status["decisions"][0]["actor"].update(id="web:mallory"))


@in_virtual_time
async def test_a_copied_vote_is_no_second_person() -> None:
    world = World(policy=Policy(required_approvals=2), clicks=[[Click()]])
    await _proposed(world)
    await world.until(lambda: world.record.status.decisions)

    def change(status: Object) -> None:
        copied = {**status["decisions"][0], "id": "another"}
        status.update(phase="Approved", decisions=[status["decisions"][0], copied])

    world.tamper(change)
    await world.until_phase(Phase.REFUSED)
    assert world.applied == []


@in_virtual_time
async def test_a_proposal_of_somebody_else_is_never_published() -> None:
    world = World()
    world.gateway.posts = False
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    await world.kill()

    def change(status: Object) -> None:
        status["proposal"]["action"]["patch"] = status["proposal"]["action"]["patch"].replace(GOOD, EVIL)

    world.tamper(change)
    world.gateway.posts = True
    await world.start()
    await world.until_phase(Phase.REFUSED)
    assert EVIL not in str(world.gateway.heard)


@in_virtual_time
async def test_an_approval_cannot_be_used_a_second_time() -> None:
    world = World(clicks=[[Click()]], analyzer=answers(HALF_GOOD))
    world.shop.behaviour[HALF_GOOD] = crashes
    await _proposed(world)
    await world.until_phase(Phase.ROLLED_BACK)
    for phase in ("Approved", "Applying"):
        world.tamper(lambda status: status.update(phase=phase, history=[]))  # noqa: B023
        await world.until_phase(Phase.REFUSED)
        assert "used before" in world.record.status.message
    assert len(world.applied) == 2


@in_virtual_time
async def test_an_old_approval_is_not_carried_out_by_saying_applying() -> None:
    world = World(clicks=[[]])
    await _proposed(world)
    world.server.admission = lambda *_: "not today"
    world.gateway.send(world.gateway.vote(world.gateway.asked[0]))
    await world.until_phase(Phase.REFUSED)
    world.server.admission = None
    world.tamper(lambda status: status.update(phase="Applying", history=[]))
    await world.kill()
    await world.passes(2 * world.timing.expiry.total_seconds())
    await world.start()
    await world.until(lambda: world.record.phase is not Phase.APPLYING)
    await world.passes(30)
    assert world.applied == []


@in_virtual_time
async def test_a_record_whose_name_does_not_match_its_spec_is_left_alone() -> None:
    world = World(clicks=[[Click()]])
    await _proposed(world)
    await world.kill()
    real = world.server.get(KIND, NAMESPACE, world.record.name)
    assert real is not None
    forged = {**real, "metadata": {"name": "web-image-000000000000", "namespace": NAMESPACE}}
    world.server.create(forged)
    before = world.server.get(KIND, NAMESPACE, "web-image-000000000000")
    heard = len(world.gateway.heard)
    await world.start()
    await world.until(lambda: any(record.phase is Phase.RESOLVED for record in world.records))
    assert world.server.get(KIND, NAMESPACE, "web-image-000000000000") == before
    told = {message.record.name for message in world.gateway.heard[heard:]}
    assert "web-image-000000000000" not in told


@in_virtual_time
async def test_a_record_of_another_cluster_is_left_alone() -> None:
    world = World()
    await _proposed(world)
    name = world.record.name
    await world.kill()
    world.server.edit(KIND, NAMESPACE, name, lambda obj: obj["spec"].update(cluster="west"))
    before = world.server.get(KIND, NAMESPACE, name)
    await world.start()
    await world.passes(2 * world.timing.expiry.total_seconds())
    assert world.server.get(KIND, NAMESPACE, name) == before
