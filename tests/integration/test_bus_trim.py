"""Only what every group has read and acknowledged goes, unless a stream outgrows its cap."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from logjedi_contracts import bus as buses
from logjedi_contracts.errors import DependencyDown
from tests.unit.contracts import bus_harness as harness
from tests.unit.contracts.bus_harness import GROUP, STREAM, Inbox, Valkey, consuming, publish, settled, subscription

CAP = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with harness.serving(tmp_path_factory.mktemp("valkey")) as made:
        yield made


@pytest.fixture
async def bus(server: Valkey) -> AsyncIterator[buses.Bus]:
    async with harness.emptied(server, replace(harness.QUICK, backlog=CAP)) as made:
        yield made


async def ids(bus: buses.Bus) -> list[str]:
    rows: Any = await bus.client.xrange(STREAM)
    return [entry_id for entry_id, _ in rows]


async def read(bus: buses.Bus, group: str, count: int, *, acknowledge: int) -> list[str]:
    """Read as a group would, acknowledging the newest ``acknowledge`` of them."""
    answer: Any = await bus.client.xreadgroup(group, "one", {STREAM: ">"}, count=count)
    [[_, rows]] = answer
    got = [entry_id for entry_id, _ in rows]
    for entry_id in got[len(got) - acknowledge :]:
        await bus.client.xack(STREAM, group, entry_id)
    return got


async def test_a_stream_that_is_not_there_is_no_error(bus: buses.Bus) -> None:
    assert await bus.trim(STREAM) == 0


async def test_nothing_goes_while_a_stream_has_no_group(bus: buses.Bus) -> None:
    sent = await publish(bus, "a", "b")
    assert await bus.trim(STREAM) == 0
    assert await ids(bus) == sent


async def test_nothing_goes_that_a_new_group_has_not_read(bus: buses.Bus) -> None:
    sent = await publish(bus, "a", "b")
    await bus.client.xgroup_create(STREAM, "new", id="0")
    assert await bus.trim(STREAM) == 0
    assert await ids(bus) == sent


async def test_what_is_read_and_acknowledged_goes_up_to_the_last_delivered(bus: buses.Bus) -> None:
    sent = await publish(bus, *"abcde")
    await bus.client.xgroup_create(STREAM, GROUP, id="0")
    await read(bus, GROUP, 3, acknowledge=3)
    assert await bus.trim(STREAM) == 2
    assert await ids(bus) == sent[2:]


async def test_the_oldest_pending_stays_with_all_that_follows(bus: buses.Bus) -> None:
    sent = await publish(bus, *"abcde")
    await bus.client.xgroup_create(STREAM, GROUP, id="0")
    await read(bus, GROUP, 1, acknowledge=1)
    await read(bus, GROUP, 3, acknowledge=2)  # b pends, c and d are acknowledged
    assert await bus.trim(STREAM) == 1
    assert await ids(bus) == sent[1:]


async def test_the_slowest_of_all_groups_decides(bus: buses.Bus) -> None:
    sent = await publish(bus, *"abcde")
    for group in (GROUP, "slow"):
        await bus.client.xgroup_create(STREAM, group, id="0")
    await read(bus, GROUP, 5, acknowledge=5)
    await read(bus, "slow", 2, acknowledge=2)
    assert await bus.trim(STREAM) == 1
    assert await ids(bus) == sent[1:]


async def test_ids_are_compared_as_numbers(bus: buses.Bus) -> None:
    for entry_id in ("9-9", "9-10", "10-1"):
        await bus.client.xadd(STREAM, {"body": "{"}, id=entry_id)
    for group in (GROUP, "slow"):
        await bus.client.xgroup_create(STREAM, group, id="0")
    await read(bus, GROUP, 3, acknowledge=3)
    await read(bus, "slow", 2, acknowledge=2)
    await bus.trim(STREAM)
    assert await ids(bus) == ["9-10", "10-1"]


@pytest.mark.parametrize("groups", [[], [GROUP]])
async def test_beyond_the_cap_the_oldest_go_with_an_alarm(bus: buses.Bus, groups: list[str]) -> None:
    sent = await publish(bus, *(f"m{number}" for number in range(CAP + 5)))
    for group in groups:
        await bus.client.xgroup_create(STREAM, group, id="0")
    labels = {"stream": STREAM}
    before = REGISTRY.get_sample_value("logjedi_messages_dropped_total", labels) or 0.0
    with capture_logs() as logged:
        assert await bus.trim(STREAM) == 5
    assert await ids(bus) == sent[5:]
    assert REGISTRY.get_sample_value("logjedi_messages_dropped_total", labels) == before + 5
    assert REGISTRY.get_sample_value("logjedi_stream_length", labels) == CAP
    assert [(line["log_level"], line["dropped"]) for line in logged] == [("error", 5)]


async def test_a_restarted_consumer_gets_past_what_was_dropped_while_it_was_pending(bus: buses.Bus) -> None:
    hanging, after = Inbox(effect=lambda _: asyncio.Event().wait()), Inbox()
    names = [f"m{number}" for number in range(CAP)]
    async with consuming(bus, subscription(hanging, concurrency=CAP)):
        await publish(bus, *names)
        await hanging.until(lambda i: len(i.begun) == CAP)
    await publish(bus, *(f"n{number}" for number in range(CAP - 2)))  # drops all but two of the pending ones
    assert await bus.trim(STREAM) == CAP - 2
    async with consuming(bus, subscription(after)):
        await after.until(lambda i: len(i.done) == CAP)
        await settled(bus)
    assert {"m18", "m19"} <= set(after.done)
    assert await bus.trim(STREAM) == CAP - 1


async def test_what_is_no_stream_is_told(bus: buses.Bus) -> None:
    await bus.client.set(STREAM, "a string")
    with pytest.raises(DependencyDown, match="WRONGTYPE"):
        await bus.trim(STREAM)
