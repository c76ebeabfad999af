"""What did not help is undone, exactly; what never was healthy is never called so."""

from logjedi_contracts.messages import Phase
from tests.scenario.fakes.gateway import Click
from tests.scenario.fakes.shop import BAD, GOOD, HALF_GOOD, Look, crashes, never_gets_ready, runs
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import World, answers


def _world(behaviour: object) -> World:
    world = World(clicks=[[Click()]], analyzer=answers(HALF_GOOD))
    world.shop.behaviour[HALF_GOOD] = behaviour  # type: ignore[assignment]
    return world


async def _applied(world: World) -> None:
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.VERIFYING)
    assert world.shop.image() == HALF_GOOD


@in_virtual_time
async def test_a_workload_not_healthy_by_the_deadline_is_put_back() -> None:
    world = _world(never_gets_ready)
    await _applied(world)
    record = await world.until_phase(Phase.ROLLED_BACK)
    assert world.shop.image() == BAD
    assert record.status.rollback.ok
    assert record.status.observed_at >= record.status.verification.deadline
    assert world.applied == [record.status.proposal.nonce, f"undone-{record.status.proposal.nonce}"]
    assert world.shop.attempt() == f"undone-{record.status.proposal.nonce}"


@in_virtual_time
async def test_the_undo_keeps_what_others_changed_since() -> None:
    world = _world(never_gets_ready)
    await _applied(world)
    world.shop.set_env("LOG_LEVEL", "debug")
    await world.until_phase(Phase.ROLLED_BACK)
    assert world.shop.image() == BAD
    assert world.shop.container()["env"] == [{"name": "LOG_LEVEL", "value": "debug"}]


@in_virtual_time
async def test_a_workload_that_fails_for_all_of_the_settling_time_is_put_back_before_the_deadline() -> None:
    world = _world(crashes)
    await _applied(world)
    record = await world.until_phase(Phase.ROLLED_BACK)
    assert record.status.observed_at < record.status.verification.deadline
    assert "CrashLoopBackOff" in record.status.message
    assert world.shop.image() == BAD


@in_virtual_time
async def test_a_field_that_is_no_longer_ours_is_not_undone() -> None:
    world = _world(never_gets_ready)
    await _applied(world)
    world.shop.deploy("registry.example/shop/web:1.5-typo")
    record = await world.until_phase(Phase.FAILED)
    assert "not-ours" in record.status.message
    assert world.shop.image() == "registry.example/shop/web:1.5-typo"
    assert len(world.applied) == 1


@in_virtual_time
async def test_an_undo_that_the_api_server_refuses_is_a_failure_in_its_words() -> None:
    world = _world(never_gets_ready)
    await _applied(world)
    world.server.admission = lambda *_: "the namespace is frozen"
    record = await world.until_phase(Phase.FAILED)
    assert "the namespace is frozen" in record.status.message
    assert not record.status.rollback.ok


@in_virtual_time
async def test_a_change_that_was_rolled_back_is_not_proposed_again() -> None:
    world = _world(never_gets_ready)
    await _applied(world)
    await world.until_phase(Phase.ROLLED_BACK)
    record = await world.until_phase(Phase.ADVISED)
    assert "tried-before" in record.status.message
    assert len(world.gateway.asked) == 1


@in_virtual_time
async def test_a_workload_that_is_deleted_while_it_is_verified_is_gone() -> None:
    world = _world(never_gets_ready)
    await _applied(world)
    world.shop.delete()
    await world.until_phase(Phase.GONE)


@in_virtual_time
async def test_a_pod_that_flaps_within_the_settling_time_is_never_resolved() -> None:
    def flaps(age_s: float) -> Look:
        """Up for 15 s, down for 5; the settling time is 20 s."""
        return Look(ready=age_s % 20 < 15, restarts=int(age_s // 20))

    world = _world(flaps)
    await _applied(world)
    await world.until_phase(Phase.ROLLED_BACK)
    assert "Resolved" not in world.story


@in_virtual_time
async def test_a_restart_between_two_looks_starts_the_settling_time_again() -> None:
    world = _world(lambda age_s: Look(restarts=int(age_s // 12)))
    await _applied(world)
    await world.passes(100)
    assert "Resolved" not in world.story


@in_virtual_time
async def test_a_status_older_than_the_patch_is_never_resolved() -> None:
    world = _world(runs)
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.PROPOSED)
    world.shop.behaviour[BAD] = runs
    await world.passes(2)
    world.shop.frozen = True
    await world.until(lambda: "Verifying" in world.story or "Recovered" in world.story)
    if "Verifying" in world.story:
        await world.until_phase(Phase.ROLLED_BACK)
        assert "Resolved" not in world.story


@in_virtual_time
async def test_a_controller_that_stands_still_after_the_patch_proves_nothing() -> None:
    world = World(clicks=[[Click()]])
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.APPROVED)
    world.shop.frozen = True
    await world.until_phase(Phase.ROLLED_BACK)
    assert "Resolved" not in world.story
    assert world.shop.image() == BAD


@in_virtual_time
async def test_a_workload_that_got_healthy_while_the_operator_was_down_is_not_put_back() -> None:
    world = World(clicks=[[Click()]])
    await world.start()
    await world.a_good_rollout_then_a_bad_one()
    await world.until_phase(Phase.VERIFYING)
    await world.kill()
    await world.passes(world.timing.verify.total_seconds() * 2)
    await world.start()
    await world.until_phase(Phase.RESOLVED)
    assert world.shop.image() == GOOD
    assert len(world.applied) == 1


@in_virtual_time
async def test_a_workload_that_is_healthy_only_after_the_undo_is_not_called_resolved() -> None:
    world = _world(crashes)
    await _applied(world)
    await world.until(lambda: len(world.applied) == 2)
    # the record does not know of the undo yet
    world.tamper(lambda status: status.update(phase="Verifying"))
    await world.kill()
    world.shop.behaviour[BAD] = runs
    await world.passes(60)
    await world.start()
    await world.until_phase(Phase.ROLLED_BACK)
    assert "Resolved" not in world.story


@in_virtual_time
async def test_an_undo_among_many_writes_of_others_is_done_in_the_end() -> None:
    world = _world(crashes)
    await _applied(world)
    left = [6]

    def busy(_: object, dry_run: object) -> str:
        if dry_run and left[0]:
            left[0] -= 1
            world.shop.edit(lambda obj: obj["metadata"]["labels"].update(tick=str(left[0])))
        return ""

    world.server.admission = busy
    await world.until_phase(Phase.ROLLED_BACK)
    assert world.shop.image() == BAD


@in_virtual_time
async def test_what_fails_while_a_patch_is_verified_is_that_patchs_own_failure() -> None:
    world = _world(crashes)
    await _applied(world)
    await world.until_phase(Phase.ROLLED_BACK)
    await world.passes(30)
    assert [record.spec.failure.family for record in world.records] == ["image"]
