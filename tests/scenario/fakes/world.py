"""All of it together. What persists stands in ``World``; an ``Operator`` is one process, and may be killed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from logjedi_contracts import envelope, signing
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse, ProposedAction
from logjedi_contracts.errors import MessageRejected, PermanentError, TemporaryError
from logjedi_contracts.messages import Diagnosis, Phase
from logjedi_operator.adapters.work_queue import WorkQueue
from logjedi_operator.domain import phases, sealing
from logjedi_operator.domain.findings import Graces
from logjedi_operator.domain.policy import Policy
from logjedi_operator.domain.record import KIND, Record
from logjedi_operator.entrypoints.decisions import Decisions
from logjedi_operator.usecases import collect_evidence, tell
from logjedi_operator.usecases.observe import Observer, Scope
from logjedi_operator.usecases.parts import Identity, Parts, Timing
from logjedi_operator.usecases.reconcile import Reconciler, tell_everything
from tests.scenario.fakes.api_server import FakeApiServer, Object
from tests.scenario.fakes.gate import Fault, Gate, Killed
from tests.scenario.fakes.gateway import Click, FakeGateway
from tests.scenario.fakes.ports import FakeAnalyzer, FakeAudit, FakeCluster, FakeRecords, FakeTeller
from tests.scenario.fakes.shop import BAD, GOOD, NAMESPACE, Shop
from tests.scenario.fakes.virtual_time import VirtualClock

CLUSTER = "east"
TIMING = Timing(
    cooldown=timedelta(minutes=5),
    expiry=timedelta(hours=1),
    settle=timedelta(seconds=20),
    verify=timedelta(minutes=2),
    retention=timedelta(days=1),
)


@dataclass
class World:
    """``clicks``: what people do on each proposal (see ``FakeGateway``)."""

    clicks: list[Sequence[Click]] = field(default_factory=list)
    policy: Policy = field(default_factory=Policy)
    timing: Timing = TIMING
    analyzer: Callable[[AnalyzeRequest], AnalyzeResponse] | None = None
    """Instead of the playbook."""
    faults: list[Fault] = field(default_factory=list)
    """Of every operator process that is started."""

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.server = FakeApiServer()
        self.shop = Shop(self.server, self.clock)
        self.signer = signing.Signer(Ed25519PrivateKey.generate())
        self.gateway = FakeGateway(CLUSTER, self.clock, clicks=self.clicks)
        self.audit: list[dict[str, Any]] = []
        self.parked: list[tuple[object, str]] = []
        self.operator: Operator | None = None
        self._read: tuple[int, list[Record]] = (-1, [])
        self._tasks = [asyncio.get_running_loop().create_task(self.shop.run())]

    # what happens

    async def start(self, gate: Gate | None = None) -> "Operator":
        """Start an operator process; what it left unacknowledged is delivered again."""
        self.operator = Operator(self, gate or Gate(faults=self.faults))
        await self.operator.start()
        return self.operator

    async def kill(self) -> None:
        if self.operator is not None:
            await self.operator.kill()

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    async def a_good_rollout_then_a_bad_one(self) -> None:
        """``web`` runs 1.1; then somebody rolls out a tag that does not exist."""
        self.shop.deploy(GOOD)
        await self.passes(10)
        self.shop.deploy(BAD)

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, what: Callable[[], object], *, within_s: float = 600) -> None:
        """Let time pass until ``what`` holds."""
        ends = asyncio.get_running_loop().time() + within_s
        while not what():
            assert asyncio.get_running_loop().time() < ends, f"did not happen within {within_s} s: {self.describe()}"
            await asyncio.sleep(0.5)

    async def until_phase(self, phase: Phase, *, within_s: float = 600) -> Record:
        await self.until(lambda: any(record.phase is phase for record in self.records), within_s=within_s)
        return next(record for record in self.records if record.phase is phase)

    def tamper(self, change: Callable[[Object], None]) -> None:
        """Let somebody with the right to write records put anything into the status."""
        name = self.record.name
        self.server.edit(KIND, NAMESPACE, name, lambda obj: change(obj.setdefault("status", {})))

    # what can be seen

    @property
    def records(self) -> list[Record]:
        writes, records = self._read
        if writes != self.server.writes:
            records = [Record.from_object(obj) for obj in self.server.list(KIND, NAMESPACE)]
            self._read = (self.server.writes, records)
        return records

    @property
    def record(self) -> Record:
        (record,) = self.records
        return record

    @property
    def record_has_ended(self) -> bool:
        return any(record.phase in phases.TERMINAL for record in self.records)

    @property
    def applied(self) -> list[str]:
        """List the attempts (nonces) whose patch the API server has persisted, in order."""
        return [body["metadata"]["annotations"]["logjedi.dev/attempt"] for body in self.server.patches]

    @property
    def story(self) -> list[str]:
        """Tell the phases as audited, repeated lines left out."""
        return [line["phase"] for line in distinct(self.audit)]

    def describe(self) -> str:
        told = [f"{r.name}: {r.phase} (attempt {r.status.attempts}) {r.status.message}" for r in self.records]
        return "; ".join(told) or "no record"


def distinct(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what a restart has repeated: a line is known by its record and sequence."""
    return list({(line["recordUid"], line["sequence"]): line for line in lines}.values())


class Operator:
    """One process: the real queue, observer, reconciler and decisions on fakes of the ports."""

    def __init__(self, world: World, gate: Gate) -> None:
        self.world, self.gate = world, gate
        self.queue = WorkQueue()
        self.records = FakeRecords(world.server, gate)
        self.parts = Parts(
            cluster=FakeCluster(world.server, gate),
            records=self.records,
            analyzer=FakeAnalyzer(gate, world.analyzer),
            teller=FakeTeller(gate, self._publish),
            wakeups=self.queue,
            clock=world.clock,
            audit=FakeAudit(gate, world.audit),
            identity=Identity(CLUSTER, world.signer, signing.KeyRing([world.gateway.signer.public()]), b"audit-key"),
            policy=world.policy,
            graces=Graces(),
            timing=world.timing,
            evidence=collect_evidence.Options(),
        )
        self.observer = Observer(self.parts, Scope((), ("kube-system",)))
        self.reconciler = Reconciler(self.parts)
        self.died = asyncio.Event()
        self._decisions = Decisions(self.parts)
        self._events: asyncio.Queue[tuple[str, Object]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def _publish(self, record: Record) -> None:
        if not sealing.publishable(record, self.parts.identity.own_keys, CLUSTER):
            self.world.gateway.hear(tell.messages_for(record))

    async def start(self) -> None:
        self._events.put_nowait(("START", {}))
        for (kind, _, _), obj in sorted(self.world.server.objects.items()):
            self._events.put_nowait(("", {**obj, "kind": kind}))
        self.world.server.watchers.append(self._watch)
        loop = asyncio.get_running_loop()
        work = [self._serve_events(), self._serve_decisions(), *(self.queue.serve(self.reconciler) for _ in range(4))]
        for coroutine in work:
            task = loop.create_task(coroutine)
            task.add_done_callback(self._ended)
            self._tasks.append(task)

    async def kill(self) -> None:
        self.gate.dead = True
        if self._watch in self.world.server.watchers:
            self.world.server.watchers.remove(self._watch)
        for waiting in [*self.queue._timers.values(), *self.observer._waiting.values()]:
            waiting.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self.gate.dead = True
            self.died.set()

    def _watch(self, event: str, obj: Object) -> None:
        self._events.put_nowait((event, obj))

    async def _serve_events(self) -> None:
        while True:
            event, obj = await self._events.get()
            if event == "START":
                continue
            if obj["kind"] == KIND:
                key = self.records.learn(event, obj)
                if key is not None and event != "DELETED":
                    self.queue.wake(key)
            else:
                await self.observer.see(event, obj)

    async def _serve_decisions(self) -> None:
        """Deliver what is not acknowledged, at least once; what is rejected is parked."""
        gateway = self.world.gateway
        await asyncio.sleep(0.1)
        tell_everything(self.parts)
        while True:
            gateway.filled.clear()
            for number, message in list(gateway.inbox.items()):
                received = envelope.Received(envelope.wrap(message, cluster=CLUSTER, analysis=""), message)
                try:
                    await self._decisions(received)
                except TemporaryError as error:
                    asyncio.get_running_loop().call_later(error.delay_s, gateway.filled.set)
                except PermanentError as error:
                    self.world.parked.append((message, str(error)))
                    gateway.inbox.pop(number)
                else:
                    gateway.inbox.pop(number)
            await gateway.filled.wait()


def answers(*images: str) -> Callable[[AnalyzeRequest], AnalyzeResponse]:
    """Script an analyzer that proposes these images, one at each call; the last again and again."""
    left = list(images)

    def answer(_: AnalyzeRequest) -> AnalyzeResponse:
        image = left.pop(0) if len(left) > 1 else left[0]
        containers = [{"name": "app", "image": image}]
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        diagnosis = Diagnosis(summary=f"the image should be {image}", confidence=0.9, rule="scripted")
        return AnalyzeResponse(diagnosis=diagnosis, action=ProposedAction(patch=patch))

    return answer


def quick(timing: Timing = TIMING, **changes: Any) -> Timing:
    return replace(timing, **changes)


__all__ = ["CLUSTER", "TIMING", "Click", "Fault", "Gate", "Killed", "MessageRejected", "Operator", "World", "answers"]
