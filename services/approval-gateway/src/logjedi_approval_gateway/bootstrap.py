"""Builds the gateway from its settings: the only place that makes adapters and knows them all.

Nothing connects here; the tasks do, with retries. Tests call the same function, with other parts where they need them.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import aiohttp
from fastapi import APIRouter, FastAPI
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from logjedi_approval_gateway.adapters import publisher as publishers
from logjedi_approval_gateway.adapters import rules_file
from logjedi_approval_gateway.adapters.redis.store import RedisApprovalStore
from logjedi_approval_gateway.channels.slack import clicks
from logjedi_approval_gateway.channels.slack import http as slack_http
from logjedi_approval_gateway.channels.slack.identity import Identity
from logjedi_approval_gateway.channels.slack.sender import SlackChannel
from logjedi_approval_gateway.channels.web import http as web_http
from logjedi_approval_gateway.domain.approval import Ref
from logjedi_approval_gateway.domain.rules import Rules
from logjedi_approval_gateway.domain.seal import Seal
from logjedi_approval_gateway.entrypoints import http, server, streams, tasks
from logjedi_approval_gateway.entrypoints.readiness import Check, Readiness
from logjedi_approval_gateway.ports.channel import Channel
from logjedi_approval_gateway.ports.publisher import Clock
from logjedi_approval_gateway.settings import Settings
from logjedi_approval_gateway.usecases.follow_outcome import FollowOutcome
from logjedi_approval_gateway.usecases.paint_cards import PaintCards
from logjedi_approval_gateway.usecases.read_approvals import ReadApprovals
from logjedi_approval_gateway.usecases.receive_proposal import ReceiveProposal
from logjedi_approval_gateway.usecases.record_vote import RecordVote
from logjedi_contracts import bus as buses
from logjedi_contracts import logs, signing
from logjedi_contracts.errors import ConfigurationError

log = logs.get(__name__)
_NOBODY = "no rule names an approver; name one, or set LOGJEDI_NOTIFY_ONLY=true"


@dataclass(slots=True)
class Gateway:
    """A gateway that is built and has its port, but does nothing yet."""

    app: FastAPI
    readiness: Readiness
    address: str
    _server: server.Server
    _listening: socket.socket
    _tasks: dict[str, Callable[[], Coroutine[Any, Any, None]]]

    async def run(self) -> None:
        """Serve until ``stop``; an eternal task that ends takes everything down with it."""
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(start(), name=name) for name, start in self._tasks.items()]
            log.info("approval gateway ready", address=self.address)
            await self._server.serve(sockets=[self._listening])
            for task in others:
                task.cancel()

    def stop(self) -> None:
        """Finish the requests that are running, then end."""
        self._server.should_exit = True


@dataclass(slots=True)
class _Chat:
    """What Slack adds when it is on."""

    channels: list[Channel] = field(default_factory=list)
    routers: list[APIRouter] = field(default_factory=list)
    checks: dict[str, Check] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def build(settings: Settings, **overrides: Any) -> AsyncIterator[Gateway]:
    """Build everything. ``overrides``: ``clock``, ``rules``. Raises ``ConfigurationError``."""
    settings.check()
    signer = signing.load_signer("LOGJEDI_SIGNING_KEY_FILE", settings.signing_key_file)
    keys = signing.load_key_ring("LOGJEDI_OPERATOR_KEYS", settings.operator_key_entries)
    rules: Rules = overrides.get("rules") or load_rules(settings)
    clock: Clock = overrides.get("clock") or publishers.now
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(server.listen(settings.gateway_host, settings.gateway_port))
        bus = await stack.enter_async_context(buses.connect(settings.redis_url))
        store = RedisApprovalStore(bus.client, Seal.derived(signer, "store"))
        publisher = publishers.BusPublisher(bus, signer)
        news = _News()
        vote = RecordVote(store, rules, signer, clock, news.wake)
        chat = await _slack(settings, vote, store, stack) if settings.slack_on else _Chat()
        link = _links(settings.public_url)
        host = f"{socket.gethostname()}:{listening.getsockname()[1]}"
        painter = tasks.Painter(
            store, PaintCards(store, chat.channels, publisher, link, f"{host}:{secrets.token_hex(4)}")
        )
        news.listeners.append(painter.wake)
        readiness = Readiness({"redis": Check(bus.ping, timedelta(seconds=1)), **chat.checks})
        page = web_http.Page(
            ReadApprovals(store, rules, link), vote, Seal.derived(signer, "form"), settings.web_development_identity
        )
        app = http.app([*chat.routers, web_http.router(page)], readiness)
        receive = ReceiveProposal(store, rules, news.wake)
        yield Gateway(
            app=app,
            readiness=readiness,
            address=_address(listening),
            _server=server.make(app),
            _listening=listening,
            _tasks={
                "proposals": lambda: bus.consume(streams.proposals(receive, keys, host)),
                "outcomes": lambda: bus.consume(streams.outcomes(FollowOutcome(store, news.wake), keys, host)),
                "painter": painter.run,
                "expiry": lambda: tasks.sweep(store, news.wake),
                "tidying": lambda: tasks.tidy(store, publisher.trim),
                "readiness": readiness.watch,
            },
        )


class _News:
    """Carries "something changed" from use cases to the painter, which is made after them."""

    def __init__(self) -> None:
        self.listeners: list[Any] = []

    def wake(self) -> None:
        for listener in self.listeners:
            listener()


def load_rules(settings: Settings) -> Rules:
    """Read the rules and refuse ones that let nobody approve, unless that is what is wanted."""
    rules = rules_file.read(settings.approval_rules_file) if settings.approval_rules_file else Rules()
    grouped = sorted({rule.name for rule in rules.rules if any(rule.approvers.groups.values())})
    if grouped:
        log.warning("group approvers cannot be looked up yet: their members are denied", rules=grouped)
    if not rules.anyone() and not settings.notify_only:
        raise ConfigurationError(
            [f"{rules_file.SETTING}: {settings.approval_rules_file}: {_NOBODY}"],
        )
    return rules


async def _slack(
    settings: Settings, vote: RecordVote, store: RedisApprovalStore, stack: contextlib.AsyncExitStack
) -> _Chat:
    token, secret = settings.slack_bot_token, settings.slack_signing_secret
    if token is None or secret is None:
        return _Chat()
    if settings.slack_app_token is not None:
        log.warning("SLACK_APP_TOKEN is not used yet: clicks come over HTTP to /slack/events")
    # without a session of its own the client would open a connection for every call
    session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)))
    client = AsyncWebClient(
        session=session,
        token=token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=10,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )
    identity = Identity()
    channel = SlackChannel(client, settings.slack_channel, identity)
    listeners = clicks.Clicks(channel, identity, vote)
    app = clicks.bolt(settings.slack_api_url, secret.get_secret_value(), listeners, identity)
    router = slack_http.router(app, secret.get_secret_value(), store.first_time)
    return _Chat([channel], [router], {"slack": Check(channel.check, timedelta(minutes=1))})


def _links(public_url: str) -> Any:
    base = public_url.rstrip("/")

    def link(ref: Ref) -> str:
        return f"{base}/approvals/{quote(ref.cluster)}/{quote(ref.uid)}" if base else ""

    return link


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
