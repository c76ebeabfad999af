"""A proposal that waits for people may end by itself; what has ended may come back."""

from datetime import timedelta

from logjedi_contracts.messages import Actor, AnalysisRequested, Phase
from tests.scenario.fakes.gateway import Click
from tests.scenario.fakes.shop import ALSO_BAD, BAD, GOOD, NAMESPACE, runs
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import World, answers, quick


async def _bad_image(world: World) -> None:
    await world.start()
    await world.a_good_rollout_then_a_bad_one()


@in_virtual_time
async def test_a_proposal_that_nobody_decides_on_expires() -> None:
    world = World()
    await _bad_image(world)
    record = await world.until_phase(Phase.EXPIRED, within_s=4000)
    assert record.status.message == "nobody decided in time"
    assert world.gateway.phases[-1] == "Expired"
    assert record.status.observed_at - record.status.proposal.expires_at < timedelta(seconds=10)


@in_virtual_time
async def test_a_workload_that_gets_healthy_by_itself_closes_its_proposal() -> None:
    world = World()
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.behaviour[BAD] = runs
    await world.until_phase(Phase.RECOVERED)
    assert world.applied == []
    assert world.gateway.phases == ["Proposed", "Recovered"]


@in_virtual_time
async def test_a_workload_that_is_deleted_closes_its_proposal() -> None:
    world = World()
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.delete()
    await world.until_phase(Phase.GONE)
    assert world.gateway.phases[-1] == "Gone"


@in_virtual_time
async def test_a_workload_that_is_deleted_and_made_again_is_another_one() -> None:
    world = World()
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.delete()
    world.shop.deploy(BAD)
    await world.until_phase(Phase.GONE)
    assert world.applied == []


@in_virtual_time
async def test_a_change_of_a_touched_field_makes_it_stale_and_is_asked_about_anew() -> None:
    world = World(clicks=[[Click(after=timedelta(seconds=60))], [Click("carol")]])
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.deploy(ALSO_BAD)
    await world.until_phase(Phase.RESOLVED)
    first, second = world.gateway.asked
    assert "Stale" in world.story
    assert first.nonce != second.nonce
    assert world.applied == [second.nonce]
    assert world.shop.image() == GOOD


@in_virtual_time
async def test_people_are_told_that_a_proposal_is_stale_before_they_click() -> None:
    world = World()
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.deploy(ALSO_BAD)
    await world.until(lambda: len(world.gateway.asked) == 2, within_s=60)
    assert world.gateway.phases == ["Proposed", "Stale", "Proposed"]


@in_virtual_time
async def test_a_change_of_another_field_does_not_disturb() -> None:
    world = World(clicks=[[Click(after=timedelta(seconds=30))]])
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.set_env("LOG_LEVEL", "debug")
    await world.until_phase(Phase.RESOLVED)
    assert world.shop.container()["env"] == [{"name": "LOG_LEVEL", "value": "debug"}]
    assert world.shop.image() == GOOD
    assert len(world.applied) == 1


@in_virtual_time
async def test_stale_proposals_end_after_as_many_attempts_as_are_allowed() -> None:
    world = World()
    await _bad_image(world)
    for number in range(20):
        await world.passes(60)
        if world.shop.image() != f"registry.example/shop/web:9.{number}":
            world.shop.deploy(f"registry.example/shop/web:9.{number}")
    assert len(world.gateway.asked) == world.timing.attempts
    assert world.record.phase is Phase.ADVISED


@in_virtual_time
async def test_a_proposal_is_published_again_until_it_is_posted() -> None:
    world = World()
    world.gateway.posts = False
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    await world.passes(65)
    heard = len(world.gateway.proposals)
    assert 5 <= heard <= 8
    world.gateway.posts = True
    await world.until(lambda: world.record.status.asked)
    await world.passes(10)
    asked = len(world.gateway.proposals)
    await world.passes(120)
    assert len(world.gateway.proposals) == asked


@in_virtual_time
async def test_a_failure_that_is_there_again_after_the_cooldown_is_taken_up_again() -> None:
    world = World(analyzer=answers(GOOD))
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.shop.behaviour[BAD] = runs
    record = await world.until_phase(Phase.RECOVERED)
    del world.shop.behaviour[BAD]
    await world.until(lambda: world.record.phase is Phase.PROPOSED)
    again = world.record
    assert again.status.attempts == 2
    assert again.status.observed_at - record.status.observed_at >= world.timing.cooldown
    assert len(world.gateway.asked) == 2


@in_virtual_time
async def test_a_new_attempt_says_nothing_of_the_people_who_decided_on_the_last() -> None:
    world = World(clicks=[[Click()], []], analyzer=answers("registry.example/shop/web:1.4", GOOD))
    await _bad_image(world)
    await world.until_phase(Phase.ROLLED_BACK)
    before = len(world.audit)
    await world.until(lambda: len(world.gateway.asked) == 2, within_s=1200)
    assert [line["event"] for line in world.audit[before:]] == ["returned", "analysis-started", "proposed"]
    assert [line["actors"] for line in world.audit[before:]] == [[], [], []]
    assert world.audit[before]["digest"] == ""


@in_virtual_time
async def test_a_person_may_ask_for_another_look() -> None:
    world = World(timing=quick(cooldown=timedelta(hours=5)))
    await _bad_image(world)
    await world.until_phase(Phase.EXPIRED, within_s=4000)
    world.gateway.send(AnalysisRequested(record=world.record.ref, actor=Actor(id="web:alice")))
    await world.until_phase(Phase.PROPOSED)
    assert world.record.status.attempts == 2
    assert len(world.gateway.asked) == 2


@in_virtual_time
async def test_a_finished_record_is_removed_after_its_retention_time() -> None:
    world = World(clicks=[[Click()]], timing=quick(retention=timedelta(minutes=10)))
    await _bad_image(world)
    await world.until_phase(Phase.RESOLVED)
    await world.until(lambda: not world.records, within_s=1500)


@in_virtual_time
async def test_a_hundred_pods_of_one_deployment_make_one_record() -> None:
    world = World()
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    bad = next(p for p in world.server.list("Pod", NAMESPACE) if p["spec"]["containers"][0]["image"] == BAD)
    for number in range(100):
        meta = {**bad["metadata"], "name": f"web-copy-{number}"}
        meta.pop("uid")
        world.server.create({**bad, "metadata": meta})
    await world.passes(60)
    assert len(world.records) == 1
