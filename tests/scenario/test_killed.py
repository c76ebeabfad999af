"""Killed before or after any port call whatever, and started again with nothing but what persists: the same end."""

from collections.abc import Callable, Iterator

import pytest

from tests.scenario.fakes.gate import Gate
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import World
from tests.scenario.test_outages import calls_of, ends_right, healing, undoing

READS = ("cluster.get", "cluster.list", "cluster.logs", "cluster.dry-run", "records.read")


async def _killed_at(make: Callable[[], World], number: int, *, after: bool) -> bool:
    """Tell whether there was a call of that number to be killed at."""
    world = make()
    gate = Gate(kill_at=number, kill_after=after)
    operator = await world.start(gate)
    await world.a_good_rollout_then_a_bad_one()
    try:
        await world.until(lambda: operator.died.is_set() or world.record_has_ended, within_s=900)
        if operator.died.is_set():
            await world.restart()
        await ends_right(world)
    except AssertionError as error:
        where = gate.calls[-1] if gate.calls else "nothing"
        raise AssertionError(f"killed {'after' if after else 'before'} call {number} ({where}): {error}") from error
    return gate.dead


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("make", [healing, undoing])
def test_killed_at_any_call_it_ends_the_same(make: Callable[[], World], *, after: bool) -> None:
    calls: list[str] = []

    @in_virtual_time
    async def undisturbed() -> None:
        calls.extend(await calls_of(make))

    @in_virtual_time
    async def story(number: int) -> None:
        assert await _killed_at(make, number, after=after)

    undisturbed()
    numbers = list(_moments(calls, after=after))
    assert len(numbers) > 20
    for number in numbers:
        story(number)


def _moments(calls: list[str], *, after: bool) -> Iterator[int]:
    """Number the calls at which being killed makes a difference.

    After a read is before the next call; and of reads that repeat, the first two stand for all.
    """
    for number, call in enumerate(calls, start=1):
        reads = call.startswith(READS)
        if not reads or (calls[:number].count(call) <= 2 and not after):
            yield number


@in_virtual_time
async def test_killed_again_and_again_it_ends_the_same() -> None:
    world = healing()
    operator = await world.start(Gate(kill_at=7))
    await world.a_good_rollout_then_a_bad_one()
    for number in range(8, 60):
        await world.until(lambda: operator.died.is_set() or world.record_has_ended, within_s=900)  # noqa: B023
        if world.record_has_ended:
            break
        await world.kill()
        operator = await world.start(Gate(kill_at=number, kill_after=bool(number % 2)))
    if operator.died.is_set():
        await world.restart()
    await ends_right(world)
