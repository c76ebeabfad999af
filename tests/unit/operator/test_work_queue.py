"""The work queue, in virtual time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from logjedi_contracts.errors import PermanentError, TemporaryError
from logjedi_operator.adapters.work_queue import WorkQueue
from tests.scenario.fakes.virtual_time import in_virtual_time


class Worker:
    """Notes when it worked on what; ``does`` is what it does."""

    def __init__(self, does: Callable[[str], Awaitable[None]] | None = None, *, workers: int = 1) -> None:
        self.queue = WorkQueue()
        self.turns: list[tuple[float, str]] = []
        self._does = does
        self._tasks = [asyncio.get_running_loop().create_task(self.queue.serve(self)) for _ in range(workers)]

    async def __call__(self, key: str) -> None:
        self.turns.append((round(asyncio.get_running_loop().time(), 2), key))
        if self._does:
            await self._does(key)


@in_virtual_time
async def test_woken_twice_before_its_turn_is_one_turn() -> None:
    worker = Worker()
    worker.queue.wake("a")
    worker.queue.wake("a")
    worker.queue.wake("b")
    await asyncio.sleep(1)
    assert worker.turns == [(0, "a"), (0, "b")]


@in_virtual_time
async def test_a_delayed_key_has_its_turn_when_it_is_due() -> None:
    worker = Worker()
    worker.queue.wake("a", after_s=30)
    await asyncio.sleep(29)
    assert worker.turns == []
    await asyncio.sleep(2)
    assert worker.turns == [(30, "a")]


@in_virtual_time
async def test_the_sooner_of_two_delays_wins_in_either_order() -> None:
    worker = Worker()
    for first, second in ((30, 5), (5, 30)):
        worker.queue.wake(f"{first}", after_s=first)
        worker.queue.wake(f"{first}", after_s=second)
    await asyncio.sleep(100)
    assert worker.turns == [(5, "30"), (5, "5")]


@in_virtual_time
async def test_woken_while_it_is_worked_on_it_has_one_more_turn() -> None:
    async def slowly(_: str) -> None:
        await asyncio.sleep(10)

    worker = Worker(slowly, workers=3)
    worker.queue.wake("a")
    await asyncio.sleep(1)
    worker.queue.wake("a")
    worker.queue.wake("a")
    await asyncio.sleep(50)
    assert worker.turns == [(0, "a"), (10, "a")]


@in_virtual_time
async def test_no_two_workers_have_the_same_key_at_once() -> None:
    busy: set[str] = set()

    async def alone(key: str) -> None:
        assert key not in busy
        busy.add(key)
        await asyncio.sleep(1)
        busy.discard(key)

    worker = Worker(alone, workers=4)
    for _ in range(30):
        worker.queue.wake("a")
        worker.queue.wake("a", after_s=0.1)
        worker.queue.wake("b")
        await asyncio.sleep(0.3)
    assert len(worker.turns) > 10


@in_virtual_time
async def test_a_temporary_error_brings_it_back_after_growing_delays() -> None:
    async def fails(_: str) -> None:
        raise TemporaryError("down", delay_s=1)

    worker = Worker(fails)
    worker.queue.wake("a")
    await asyncio.sleep(200)
    turns = [turn for turn, _ in worker.turns]
    assert turns[:5] == [0, 1, 3, 7, 15]
    assert max(later - sooner for sooner, later in itertools.pairwise(turns)) <= 60


@in_virtual_time
async def test_a_success_forgets_the_failures() -> None:
    left = [3]

    async def fails_at_first(_: str) -> None:
        if left[0]:
            left[0] -= 1
            raise TemporaryError("down", delay_s=1)

    worker = Worker(fails_at_first)
    worker.queue.wake("a")
    await asyncio.sleep(20)
    left[0] = 1
    worker.queue.wake("a")
    await asyncio.sleep(20)
    assert worker.turns[-1][0] - worker.turns[-2][0] == 1
    assert worker.queue._failures == {}


@in_virtual_time
async def test_a_defect_or_a_permanent_error_in_one_key_stops_no_other_and_is_tried_again() -> None:
    async def breaks(key: str) -> None:
        if key == "defect":
            raise ZeroDivisionError
        if key == "permanent":
            raise PermanentError("no")

    worker = Worker(breaks)
    for key in ("defect", "permanent", "fine"):
        worker.queue.wake(key)
    await asyncio.sleep(70)
    assert [key for _, key in worker.turns] == ["defect", "permanent", "fine", "defect", "permanent"]


@in_virtual_time
async def test_nothing_is_kept_of_keys_that_are_done() -> None:
    worker = Worker()
    for number in range(100):
        worker.queue.wake(f"key-{number}", after_s=number % 3)
    await asyncio.sleep(10)
    queue = worker.queue
    assert len(worker.turns) == 100
    assert not any([queue._queued, queue._active, queue._again, queue._timers, queue._failures])
