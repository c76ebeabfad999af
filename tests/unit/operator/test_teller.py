"""Publishing in order, through outages, and past what cannot be published."""

import asyncio
from typing import Any

from logjedi_contracts.envelope import Envelope
from logjedi_contracts.errors import DependencyDown
from logjedi_contracts.messages import Phase
from logjedi_operator.adapters import teller
from logjedi_operator.domain.record import Record
from tests.scenario.fakes import examples
from tests.scenario.fakes.virtual_time import in_virtual_time


class FakeBus:
    """Takes envelopes, unless it is down."""

    def __init__(self) -> None:
        self.down = False
        self.sent: list[tuple[str, Envelope]] = []

    async def publish(self, stream: str, sent: Envelope, _: Any) -> str:
        await asyncio.sleep(0)
        if self.down:
            raise DependencyDown("redis", "does not answer")
        self.sent.append((stream, sent))
        return "1-1"

    @property
    def phases(self) -> list[str]:
        return [sent.data["phase"] for _, sent in self.sent if "phase" in sent.data]


def _serving() -> tuple[teller.StreamTeller, FakeBus, "asyncio.Task[None]"]:
    bus = FakeBus()
    telling = teller.StreamTeller(bus, examples.OPERATOR, examples.CLUSTER)  # type: ignore[arg-type]
    return telling, bus, asyncio.get_running_loop().create_task(telling.serve())


def _at(version: int, record: Record | None = None, **status: Any) -> Record:
    return (record or examples.record(**status)).model_copy(update={"resource_version": str(version)})


@in_virtual_time
async def test_records_are_told_in_order() -> None:
    telling, bus, _ = _serving()
    for version, phase in enumerate([Phase.APPROVED, Phase.APPLYING, Phase.VERIFYING, Phase.RESOLVED]):
        telling.tell(_at(version, phase=phase))
    await asyncio.sleep(1)
    assert bus.phases == ["Approved", "Applying", "Verifying", "Resolved"]


@in_virtual_time
async def test_a_proposal_and_its_phase_go_to_their_streams() -> None:
    telling, bus, _ = _serving()
    telling.tell(_at(1, examples.proposed()))
    await asyncio.sleep(1)
    assert [stream for stream, _ in bus.sent] == ["logjedi:proposals", "logjedi:outcomes"]


@in_virtual_time
async def test_an_outage_loses_nothing_and_repeats_of_the_same_record_do_not_pile_up() -> None:
    telling, bus, _ = _serving()
    bus.down = True
    telling.tell(_at(1, phase=Phase.VERIFYING))
    for _ in range(1000):
        telling.tell(_at(2, phase=Phase.RESOLVED))
        await asyncio.sleep(0.1)
    bus.down = False
    await asyncio.sleep(5)
    assert bus.phases == ["Verifying", "Resolved"]


@in_virtual_time
async def test_the_same_record_can_be_told_again_once_it_was_published() -> None:
    telling, bus, _ = _serving()
    for _ in range(2):
        telling.tell(_at(1, phase=Phase.RESOLVED))
        await asyncio.sleep(1)
    assert bus.phases == ["Resolved", "Resolved"]


@in_virtual_time
async def test_what_cannot_be_published_stops_nothing() -> None:
    telling, bus, task = _serving()
    good = examples.full()
    assert good.status.diagnosis is not None
    nonsense = good.status.diagnosis.model_copy(update={"confidence": "very"})
    telling.tell(_at(1, good.with_status(phase=Phase.ADVISED, diagnosis=nonsense)))
    telling.tell(_at(2, good.with_status(phase=Phase.APPROVED, message="m" * 20_000)))
    telling.tell(_at(3, examples.proposed().with_status(attempts=2)))
    telling.tell(_at(4, phase=Phase.RESOLVED))
    await asyncio.sleep(1)
    assert bus.phases == ["Resolved"]
    assert not task.done()


class FakeEvents:
    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def call(self, _: str, __: str, *, body: dict[str, Any]) -> None:
        self.bodies.append(body)


async def _events(*records: Record) -> list[dict[str, Any]]:
    events = FakeEvents()
    telling = teller.EventTeller(events)  # type: ignore[arg-type]
    task = asyncio.get_running_loop().create_task(telling.serve())
    for record in records:
        telling.tell(record)
    await asyncio.sleep(1)
    task.cancel()
    return events.bodies


@in_virtual_time
async def test_each_phase_leaves_one_event() -> None:
    record = examples.full()
    (event,) = await _events(record, record)
    assert (event["reason"], event["type"]) == ("RolledBack", "Warning")
    assert event["involvedObject"]["uid"] == record.uid


@in_virtual_time
async def test_told_again_after_a_restart_it_is_the_same_event() -> None:
    record = examples.full()
    before, after = await _events(record), await _events(record)
    assert before[0]["metadata"]["name"] == after[0]["metadata"]["name"]
    other = await _events(examples.approved())
    assert other[0]["metadata"]["name"] != before[0]["metadata"]["name"]
