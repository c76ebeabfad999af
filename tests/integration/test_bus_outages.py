"""Redis killed, hung, emptied and absent: what was published is handled all the same."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from logjedi_contracts import bus as buses
from logjedi_contracts.errors import DependencyDown
from tests.unit.contracts import bus_harness as harness
from tests.unit.contracts.bus_harness import STREAM, Inbox, Valkey, consuming, publish, settled, subscription


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    with harness.serving(tmp_path) as made:
        yield made


@pytest.fixture
async def bus(server: Valkey) -> AsyncIterator[buses.Bus]:
    async with buses.connect(server.url, limits=harness.QUICK) as made:
        yield made


async def test_a_redis_killed_in_the_middle_loses_nothing_and_repeats_no_effect(server: Valkey, bus: buses.Bus) -> None:
    free = asyncio.Event()
    inbox = Inbox(effect=lambda name: free.wait() if name == "slow" else asyncio.sleep(0))
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "before", "slow")
        await inbox.until(lambda i: i.done == ["before"] and "slow" in i.begun)
        server.kill()
        free.set()  # the effect is had while Redis is away: only its acknowledgement must wait
        await inbox.until(lambda i: "slow" in i.done)
        with pytest.raises(DependencyDown):
            await publish(bus, "lost to the caller, who is told")
        server.start()
        await publish(bus, "after")
        await inbox.until(lambda i: "after" in i.done)
        await settled(bus)
    assert sorted(inbox.done) == ["after", "before", "slow"]


async def test_a_consumer_may_start_before_redis(server: Valkey, bus: buses.Bus) -> None:
    server.kill()
    inbox = Inbox()
    async with consuming(bus, subscription(inbox)) as task:
        with pytest.raises(DependencyDown):
            await bus.ping()
        server.start()
        await bus.ping()
        await publish(bus, "a")
        await inbox.until(lambda i: i.done == ["a"])
        assert not task.done()


async def test_an_emptied_redis_gets_its_group_again(bus: buses.Bus) -> None:
    inbox = Inbox()
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "a")
        await inbox.until(lambda i: i.done == ["a"])
        await bus.client.flushall()
        await publish(bus, "b")
        await inbox.until(lambda i: i.done == ["a", "b"])
        await settled(bus)
    assert [group["name"] for group in await bus.client.xinfo_groups(STREAM)] == [harness.GROUP]


async def test_what_is_in_hand_while_redis_is_emptied_ends_well(bus: buses.Bus) -> None:
    free = asyncio.Event()
    inbox = Inbox(effect=lambda name: free.wait() if name == "a" else asyncio.sleep(0))
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "a")
        await inbox.until(lambda i: i.begun == ["a"])
        await bus.client.flushall()
        free.set()
        await publish(bus, "b")
        await inbox.until(lambda i: sorted(i.done) == ["a", "b"])
        await settled(bus)


async def test_a_redis_that_hangs_is_told_within_a_second(server: Valkey, bus: buses.Bus) -> None:
    await bus.ping()
    with server.hung():
        started = time.monotonic()
        with pytest.raises(DependencyDown, match="redis"):
            await publish(bus, "a")
        assert time.monotonic() - started < 1.5  # half a second, and room for a busy machine
        many = await asyncio.gather(*(publish(bus, "a") for _ in range(100)), return_exceptions=True)
        assert {type(each) for each in many} == {DependencyDown}
        assert time.monotonic() - started < 4  # also for those that wait for a free connection
    await publish(bus, "a")


async def test_a_hung_redis_says_so_within_a_second_on_a_new_connection(server: Valkey) -> None:
    async with buses.connect(server.url) as fresh:
        with server.hung():
            started = time.monotonic()
            with pytest.raises(DependencyDown):
                await fresh.ping()
            assert time.monotonic() - started < 2


async def test_a_full_redis_keeps_what_is_handled_and_what_must_be_parked(bus: buses.Bus) -> None:
    """Out of memory, Redis takes acknowledgements but no dead letters: they wait, and others are served."""
    inbox = Inbox()
    await bus.client.xadd(STREAM, {"body": "{"})
    await publish(bus, "fine")
    await bus.client.config_set("maxmemory", "1")
    async with consuming(bus, subscription(inbox)):
        await asyncio.sleep(0)
        with pytest.raises(DependencyDown, match="OutOfMemory"):
            await publish(bus, "refused")
        await bus.client.config_set("maxmemory", "0")
        await inbox.until(lambda i: i.done == ["fine"])
        await settled(bus)
    assert await bus.client.xlen(f"{STREAM}:dead") == 1
