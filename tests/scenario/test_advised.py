"""What cannot be put to people, or is refused, says so and changes nothing."""

from datetime import timedelta

from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse
from logjedi_contracts.errors import PermanentError
from logjedi_contracts.messages import AdviceGiven, Diagnosis, Phase
from tests.scenario.fakes.gateway import Click
from tests.scenario.fakes.shop import BAD, GOOD
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import World, answers, quick


async def _bad_image(world: World) -> None:
    await world.start()
    await world.a_good_rollout_then_a_bad_one()


@in_virtual_time
async def test_what_the_policy_refuses_becomes_advice_with_the_reason() -> None:
    world = World(analyzer=answers("elsewhere.example/evil:1"))
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED)
    assert "image-repository" in record.status.message
    assert world.gateway.asked == []
    assert [m.why_no_patch for m in world.gateway.heard if isinstance(m, AdviceGiven)] == [record.status.message]


@in_virtual_time
async def test_what_the_api_server_would_refuse_is_not_asked_about() -> None:
    world = World()
    world.server.admission = lambda _, dry_run: 'admission webhook "images" denied the request' if dry_run else ""
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED)
    assert 'admission webhook "images" denied the request' in record.status.message
    assert world.gateway.asked == []


@in_virtual_time
async def test_a_patch_that_changes_nothing_is_advice() -> None:
    world = World(analyzer=answers(BAD))
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED)
    assert "no-change" in record.status.message


@in_virtual_time
async def test_a_refusal_at_the_dry_run_before_applying_ends_in_the_servers_words() -> None:
    world = World(clicks=[[Click()]])
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.server.admission = lambda *_: "exceeded quota: compute"
    record = await world.until_phase(Phase.REFUSED)
    assert "exceeded quota: compute" in record.status.message
    assert (world.applied, world.shop.image()) == ([], BAD)


@in_virtual_time
async def test_a_refusal_of_the_patch_itself_ends_in_the_servers_words() -> None:
    world = World(clicks=[[Click()]])
    world.server.admission = lambda _, dry_run: "" if dry_run else "denied by a webhook without dry run"
    await _bad_image(world)
    record = await world.until_phase(Phase.REFUSED)
    assert "denied by a webhook without dry run" in record.status.message
    assert world.applied == []
    assert world.gateway.phases == ["Proposed", "Approved", "Applying", "Refused"]


@in_virtual_time
async def test_words_of_the_api_server_reach_people_without_secrets() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    world = World(clicks=[[Click()]])
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)
    world.server.admission = lambda *_: f"webhook called with token={secret} failed"
    record = await world.until_phase(Phase.REFUSED)
    assert secret not in record.model_dump_json()
    assert all(secret not in message.model_dump_json() for message in world.gateway.heard)
    assert secret not in str(world.audit)


@in_virtual_time
async def test_a_dry_run_that_would_change_something_else_than_was_shown_is_stale() -> None:
    world = World(clicks=[[Click()], []])
    await _bad_image(world)
    await world.until_phase(Phase.PROPOSED)

    def also_adds_a_label(obj: dict[str, object], *_: object) -> str:
        obj["metadata"]["labels"]["injected"] = "yes"  # type: ignore[index]
        return ""

    world.server.admission = also_adds_a_label
    await world.until(lambda: "Stale" in world.story)
    assert world.applied == []


@in_virtual_time
async def test_a_cause_without_a_safe_patch_is_advice() -> None:
    def knows_none(_: AnalyzeRequest) -> AnalyzeResponse:
        return AnalyzeResponse(diagnosis=Diagnosis(summary="the registry is down"), why_no_action="wait for it")

    world = World(analyzer=knows_none)
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED)
    assert record.status.message == "wait for it"
    assert record.status.diagnosis.summary == "the registry is down"


@in_virtual_time
async def test_an_unusable_answer_of_the_analyzer_is_advice_and_never_a_patch() -> None:
    def nonsense(_: AnalyzeRequest) -> AnalyzeResponse:
        raise PermanentError("the analyzer's answer does not fit the contract")

    world = World(analyzer=nonsense)
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED)
    assert "does not fit the contract" in record.status.message


@in_virtual_time
async def test_an_answer_longer_than_the_record_may_hold_is_cut_not_asked_for_again_and_again() -> None:
    asked = []

    def wordy(_: AnalyzeRequest) -> AnalyzeResponse:
        asked.append(1)
        diagnosis = Diagnosis(summary="s", rule="r" * 1000, model="m" * 1000, fallback="f" * 1024)
        return AnalyzeResponse(diagnosis=diagnosis, why_no_action="w" * 16_000)

    world = World(analyzer=wordy)
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED)
    assert (len(record.status.diagnosis.rule), len(record.status.diagnosis.model)) == (128, 128)
    assert len(asked) == 1


@in_virtual_time
async def test_after_as_many_attempts_as_are_allowed_it_is_only_advised() -> None:
    world = World(timing=quick(expiry=timedelta(minutes=2), cooldown=timedelta(minutes=1)))
    await _bad_image(world)
    record = await world.until_phase(Phase.ADVISED, within_s=3600)
    assert record.status.message == "tried 3 times: somebody has to look at it"
    assert len(world.gateway.asked) == 3
    lines = len(world.audit)
    await world.passes(7200)
    assert len(world.audit) == lines


@in_virtual_time
async def test_attempts_that_healed_do_not_count_against_a_later_failure() -> None:
    world = World(clicks=[[Click()]], timing=quick(cooldown=timedelta(minutes=1)))
    await world.start()
    world.shop.deploy(GOOD)
    for number in range(6):
        await world.passes(120)
        world.shop.deploy(f"registry.example/shop/web:2.{number}-typo")
        await world.until(lambda: world.story.count("Resolved") == number + 1)  # noqa: B023
    assert len(world.applied) == 6
