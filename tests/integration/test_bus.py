"""At least once, acknowledged last, parked only what waiting cannot help: on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from logjedi_contracts import bus as buses
from logjedi_contracts import envelope, signing, streams
from logjedi_contracts.errors import ConfigurationError, PermanentError, Refused, TemporaryError
from tests.unit.contracts import bus_harness as harness
from tests.unit.contracts.bus_harness import STREAM, Inbox, Valkey, consuming, publish, settled, subscription


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with harness.serving(tmp_path_factory.mktemp("valkey")) as made:
        yield made


@pytest.fixture
async def bus(server: Valkey) -> AsyncIterator[buses.Bus]:
    async with harness.emptied(server, harness.QUICK) as made:
        yield made


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Outside a service structlog draws tracebacks with all variables, which takes longer than Redis is waited for."""
    with capture_logs():
        yield


@pytest.fixture
async def claiming(server: Valkey) -> AsyncIterator[buses.Bus]:
    async with harness.emptied(server, harness.CLAIMING) as made:
        yield made


async def parked(bus: buses.Bus) -> list[dict[str, str]]:
    async def some() -> bool:
        return bool(await bus.client.xlen(streams.dead(STREAM)))

    await harness.until(some)
    rows: Any = await bus.client.xrange(streams.dead(STREAM))
    return [fields for _, fields in rows]


async def test_what_is_published_is_handled_and_acknowledged(bus: buses.Bus) -> None:
    inbox = Inbox()
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "a", "b", "c")
        await inbox.until(lambda i: len(i.done) == 3)
        await settled(bus)
    assert sorted(inbox.done) == ["a", "b", "c"]
    assert await bus.client.xlen(streams.dead(STREAM)) == 0


async def test_what_was_published_before_the_first_reader_is_read(bus: buses.Bus) -> None:
    await publish(bus, "early")
    inbox = Inbox()
    async with consuming(bus, subscription(inbox)):
        await inbox.until(lambda i: i.done == ["early"])


async def test_two_groups_read_everything_each_and_two_replicas_share(bus: buses.Bus) -> None:
    one, two, other = Inbox(), Inbox(), Inbox()
    async with (
        consuming(bus, subscription(one, "one")),
        consuming(bus, subscription(two, "two")),
        consuming(bus, subscription(other, group="other")),
    ):
        names = [f"m{number}" for number in range(40)]
        await publish(bus, *names)
        await other.until(lambda i: len(i.done) == 40)
        await settled(bus)
    assert sorted(one.done + two.done) == sorted(names) == sorted(other.done)


async def test_a_consumer_killed_in_the_middle_finds_its_message_again_at_once(bus: buses.Bus) -> None:
    hanging, after = Inbox(effect=lambda _: asyncio.Event().wait()), Inbox()
    async with consuming(bus, subscription(hanging)):
        await publish(bus, *(f"m{number}" for number in range(40)))
        await hanging.until(lambda i: len(i.begun) == 8)
    assert await harness.pending(bus) >= 8
    assert hanging.done == []
    async with consuming(bus, subscription(after)):
        await after.until(lambda i: len(i.done) == 40)
        await settled(bus)
    assert len(set(after.done)) == 40


async def test_a_cancelled_consumer_ends_wherever_it_stands(bus: buses.Bus) -> None:
    """redis-py may lose a cancellation that comes while it sends; the harness asserts that the task ends."""
    for turns in range(40):
        await publish(bus, "a")
        async with consuming(bus, subscription(Inbox())):
            for _ in range(turns):
                await asyncio.sleep(0)


async def test_what_a_dead_consumer_left_is_claimed_by_another(claiming: buses.Bus) -> None:
    bus = claiming
    hanging, other = Inbox(effect=lambda _: asyncio.Event().wait()), Inbox()
    async with consuming(bus, subscription(hanging, "dead")):
        await publish(bus, "left")
        await hanging.until(lambda i: i.begun == ["left"])
    async with consuming(bus, subscription(other, "alive")):
        await other.until(lambda i: i.done == ["left"])
        await settled(bus)


async def test_a_message_in_hand_is_not_handled_twice_by_its_own_consumer(claiming: buses.Bus) -> None:
    """Its claim time passes while the handler works, so the consumer's own claims find it."""
    bus = claiming
    free = asyncio.Event()
    inbox = Inbox(effect=lambda name: free.wait() if name == "slow" else asyncio.sleep(0))
    async with consuming(bus, subscription(inbox)):
        [slow] = await publish(bus, "slow")
        await inbox.until(lambda i: i.begun == ["slow"])

        async def claimed() -> bool:
            rows = await bus.client.xpending_range(STREAM, harness.GROUP, slow, slow, 1)
            return int(rows[0]["times_delivered"]) >= 3

        await harness.until(claimed)
        free.set()
        await settled(bus)
    assert inbox.begun == ["slow"]


async def test_what_may_work_later_is_tried_again_and_never_parked(bus: buses.Bus) -> None:
    inbox = Inbox()

    async def down(_: str) -> None:
        if len(inbox.begun) <= 20:
            raise TemporaryError("the API server does not answer", delay_s=0.005)

    inbox.effect = down
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "patient")
        await inbox.until(lambda i: i.done == ["patient"])
        await settled(bus)
    assert len(inbox.begun) == 21
    assert await bus.client.xlen(streams.dead(STREAM)) == 0


async def test_what_waits_for_its_next_try_holds_up_nobody(bus: buses.Bus) -> None:
    async def effect(name: str) -> None:
        if name.startswith("waits"):
            raise TemporaryError("later", delay_s=60)

    inbox = Inbox(effect=effect)
    async with consuming(bus, subscription(inbox, concurrency=2)):
        await publish(bus, *(f"waits{number}" for number in range(30)), "goes")
        await inbox.until(lambda i: i.done == ["goes"])
    assert await harness.pending(bus) == 30


@pytest.mark.parametrize("error", [ConnectionError("reset"), TimeoutError()])
async def test_an_outage_that_an_adapter_did_not_translate_is_no_defect(bus: buses.Bus, error: Exception) -> None:
    inbox = Inbox()

    async def effect(_: str) -> None:
        if len(inbox.begun) == 1:
            raise error

    inbox.effect = effect
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "a")
        await inbox.until(lambda i: i.done == ["a"])


@pytest.mark.parametrize(
    "error", [KeyError("a secret"), FileNotFoundError("a secret"), ExceptionGroup("g", [ValueError()])]
)
async def test_a_defect_is_tried_a_few_times_then_parked_without_its_text(bus: buses.Bus, error: Exception) -> None:
    async def effect(name: str) -> None:
        if name == "poison":
            raise error

    inbox = Inbox(effect=effect)
    async with consuming(bus, subscription(inbox)):
        [poison, _] = await publish(bus, "poison", "fine")
        [letter] = await parked(bus)
        await settled(bus)
    assert inbox.begun.count("poison") == harness.QUICK.deliveries
    assert inbox.done == ["fine"]
    assert (letter["error"], letter["entry"], letter["group"]) == (type(error).__name__, poison, harness.GROUP)
    assert envelope.decode(letter, harness.KEYS).envelope.data["actor"]["id"] == "poison"


@pytest.mark.parametrize("error", [PermanentError("no use"), Refused("stale", "no use")])
async def test_what_waiting_cannot_help_is_parked_at_once(bus: buses.Bus, error: Exception) -> None:
    async def effect(_: str) -> None:
        raise error

    inbox = Inbox(effect=effect)
    async with consuming(bus, subscription(inbox)):
        await publish(bus, "a")
        [letter] = await parked(bus)
        await settled(bus)
    assert letter["error"] == "no use"
    assert inbox.begun == ["a"]


def _forged() -> dict[Any, Any]:
    return dict(envelope.encode(harness.about("forged"), signing.generate()))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (_forged(), "unknown key"),
        ({**envelope.encode(harness.about("a"), harness.OPERATOR), "signature": "AAAA"}, "does not fit"),
        ({"nothing": "of ours"}, "without a body"),
        ({"body": "{"}, "not an envelope"),
        ({b"body": b"\xff\xfe{}", b"key": b"\x80", b"signature": b"\xc3("}, "not an envelope"),
        ({"body": "x" * (envelope.MAX_BODY_BYTES + 1)}, "without a body"),
    ],
    ids=["forged", "wrong signature", "no body", "no JSON", "no text", "too large"],
)
async def test_what_cannot_be_believed_is_parked_and_stops_nobody(
    bus: buses.Bus, fields: dict[Any, Any], said: str
) -> None:
    inbox = Inbox()
    async with consuming(bus, subscription(inbox)) as task:
        await bus.client.xadd(STREAM, fields)
        [letter] = await parked(bus)
        await publish(bus, "after")
        await inbox.until(lambda i: i.done == ["after"])
        await settled(bus)
        assert not task.done()
    assert said in letter["error"]
    assert len(letter["error"]) < 300


async def test_no_more_handlers_run_at_once_than_were_asked_for(bus: buses.Bus) -> None:
    running, most = 0, 0

    async def effect(_: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1

    inbox = Inbox(effect=effect)
    async with consuming(bus, subscription(inbox, concurrency=3)):
        await publish(bus, *(f"m{number}" for number in range(30)))
        await inbox.until(lambda i: len(i.done) == 30)
    assert most == 3


async def test_a_consumer_whose_hands_are_full_leaves_the_rest_to_others(bus: buses.Bus) -> None:
    busy, free = Inbox(effect=lambda _: asyncio.Event().wait()), Inbox()
    async with consuming(bus, subscription(busy, "busy", concurrency=1)):
        await publish(bus, *(f"m{number}" for number in range(16)))
        await busy.until(lambda i: len(i.begun) == 1)
        later = [f"n{number}" for number in range(20)]
        async with consuming(bus, subscription(free, "free")):
            await publish(bus, *later)
            await free.until(lambda i: set(later) <= set(i.done))


async def test_the_epoch_is_set_once_and_changes_with_an_emptied_redis(bus: buses.Bus) -> None:
    assert await bus.epoch("first") == "first"
    assert await bus.epoch("second") == "first"
    await bus.client.flushall()
    assert await bus.epoch("second") == "second"


async def test_an_address_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError) as refused:
        async with buses.connect("http://:password@redis"):
            pass
    assert "REDIS_URL" in str(refused.value)
    assert "password" not in str(refused.value)
