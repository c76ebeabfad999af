"""Whatever fails for a while, in whichever step: it is tried again, and it ends as it would have."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from logjedi_contracts.errors import DependencyDown
from logjedi_contracts.messages import Phase
from logjedi_operator.domain.record import KIND
from logjedi_operator.ports.cluster import Conflict
from tests.scenario.fakes.gate import Fault, Gate
from tests.scenario.fakes.gateway import Click
from tests.scenario.fakes.shop import BAD, GOOD, HALF_GOOD, NAMESPACE, crashes
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import World, answers, quick

MAY_FAIL = ("cluster.", "records.", "analyzer.")


def _down() -> Exception:
    return DependencyDown("kubernetes", "does not answer", delay_s=1)


SHORT = quick(settle=timedelta(seconds=6), verify=timedelta(seconds=30))
"""So that a story takes few turns: there are hundreds of them."""


def healing() -> World:
    return World(clicks=[[Click()]], timing=SHORT)


def undoing() -> World:
    world = World(clicks=[[Click()]], timing=SHORT, analyzer=answers(HALF_GOOD))
    world.shop.behaviour[HALF_GOOD] = crashes
    return world


async def ends_right(world: World, *, within_s: float = 900) -> None:
    """See that the story ended as it should, with nothing done twice and no line of the audit trail missing."""
    heals = world.analyzer is None
    await world.until_phase(Phase.RESOLVED if heals else Phase.ROLLED_BACK, within_s=within_s)
    await world.passes(3)
    nonce = world.applied[0]
    assert world.applied == ([nonce] if heals else [nonce, f"undone-{nonce}"]), world.applied
    assert world.shop.image() == (GOOD if heals else BAD)
    sequences = sorted({line["sequence"] for line in world.audit})
    assert sequences == list(range(1, world.record.status.audit.sequence + 1))
    assert world.audit[-1]["hash"] == world.record.status.audit.hash
    assert not world.gateway.inbox
    assert not world.parked


async def calls_of(make: Callable[[], World]) -> list[str]:
    """Run without any fault, and list the calls."""
    world = make()
    gate = Gate()
    await world.start(gate)
    await world.a_good_rollout_then_a_bad_one()
    await ends_right(world)
    return gate.calls


def _places(calls: list[str]) -> list[tuple[str, int]]:
    """Name each call, and how many of that name came before; of looks that repeat, the first three."""
    places, before = [], {}
    for call in calls:
        count = before.get(call, 0)
        before[call] = count + 1
        if count < 3:
            places.append((call, count))
    return places


@pytest.mark.parametrize("lost", ["the call", "the answer"])
@pytest.mark.parametrize("make", [healing, undoing])
def test_one_call_that_is_not_answered_does_not_change_the_end(make: Callable[[], World], lost: str) -> None:
    calls: list[str] = []

    @in_virtual_time
    async def undisturbed() -> None:
        calls.extend(await calls_of(make))

    @in_virtual_time
    async def disturbed(call: str, before: int) -> None:
        world = make()
        fault = Fault(call, _down, times=1, skip=before, after=lost == "the answer")
        await world.start(Gate(faults=[fault]))
        await world.a_good_rollout_then_a_bad_one()
        try:
            await ends_right(world)
        except AssertionError as error:
            raise AssertionError(f"without {lost} of {call}, number {before + 1}: {error}") from error

    undisturbed()
    for call, before in _places(calls):
        if call.startswith(MAY_FAIL):
            disturbed(call, before)


@pytest.mark.parametrize("make", [healing, undoing])
def test_somebody_elses_write_before_any_of_ours_does_not_change_the_end(make: Callable[[], World]) -> None:
    calls: list[str] = []

    @in_virtual_time
    async def undisturbed() -> None:
        calls.extend(await calls_of(make))

    @in_virtual_time
    async def disturbed(call: str, before: int) -> None:
        world = make()

        def write() -> Exception:
            kind, name = (KIND, world.record.name) if call.startswith("records") else ("Deployment", "web")
            world.server.edit(
                kind, NAMESPACE, name, lambda obj: obj["metadata"].update(labels={"app": "web", "by": "us"})
            )
            return Conflict("the object has been modified")

        await world.start(Gate(faults=[Fault(call, write, times=1, skip=before)]))
        await world.a_good_rollout_then_a_bad_one()
        try:
            await ends_right(world)
        except AssertionError as error:
            raise AssertionError(f"with another's write before {call}, number {before + 1}: {error}") from error

    undisturbed()
    for call, before in _places(calls):
        if call.startswith(("records.save", "cluster.dry-run", "cluster.patch")):
            disturbed(call, before)


@pytest.mark.parametrize("dependency", ["cluster.", "records.", "analyzer."])
@pytest.mark.parametrize("phase", ["Detected", "Analyzing", "Proposed", "Approved", "Verifying"])
def test_an_outage_of_minutes_in_any_phase_is_outlasted(dependency: str, phase: str) -> None:
    @in_virtual_time
    async def story() -> None:
        world = healing()
        gate = Gate()
        await world.start(gate)
        await world.a_good_rollout_then_a_bad_one()
        await world.until(lambda: world.records and _reached(world, phase))
        outage = Fault(dependency, _down, times=10**9)
        gate.faults.append(outage)
        await world.passes(70)
        gate.faults.remove(outage)
        await ends_right(world)

    story()


def _reached(world: World, phase: str) -> bool:
    return phase in {"Detected", world.record.phase.value} or phase in world.story


@in_virtual_time
async def test_what_was_detected_while_the_api_server_refused_our_writes_is_recorded_when_it_lets_us() -> None:
    world = healing()
    await world.start(Gate(faults=[Fault("records.create", _down, times=5)]))
    await world.a_good_rollout_then_a_bad_one()
    await ends_right(world)


@in_virtual_time
async def test_a_conflict_with_another_writer_costs_no_second_analysis() -> None:
    world = healing()
    gate = Gate(faults=[Fault("cluster.dry-run", lambda: Conflict("the object has been modified"), times=2)])
    await world.start(gate)
    await world.a_good_rollout_then_a_bad_one()
    await ends_right(world)
    assert gate.calls.count("analyzer.analyze") == 1
