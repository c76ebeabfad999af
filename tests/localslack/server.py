"""A running local Slack, and the handle that tests and the demo hold.

``async with serve(Options(signing_secret=…, gateway=…)) as slack:`` binds a port and tears it down.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from tests.localslack import control, page
from tests.localslack.clicks import ANSWER_S, Clicker, ClickResult
from tests.localslack.faults import Fault, RateLimit
from tests.localslack.model import Message, User
from tests.localslack.payloads import Tamper
from tests.localslack.signing import SignedRequest
from tests.localslack.state import Workspace
from tests.localslack.web_api import WebApi


@dataclass(frozen=True, slots=True)
class Options:
    """``port`` 0: any free one. ``burst``: posts a channel takes before one a second applies."""

    signing_secret: str = "local-signing-secret"
    gateway: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    port: int = 0
    burst: int = 100
    answer_s: float = ANSWER_S


class LocalSlack:
    """Read what was posted, press buttons, order faults. ``workspace`` and ``api`` hold the rest."""

    def __init__(self, options: Options, *, workspace: Workspace | None = None) -> None:
        self.workspace = workspace or Workspace()
        self.api = WebApi(self.workspace, post_limit=RateLimit(burst=options.burst))
        self.clicker = Clicker(
            self.workspace, self.api.given_out, options.signing_secret, options.gateway, answer_s=options.answer_s
        )

    @property
    def url(self) -> str:
        """Where the page is, without a slash at the end."""
        return self.clicker.base_url

    @property
    def api_url(self) -> str:
        """``base_url`` of a Slack client, ``LOGJEDI_SLACK_API_URL``."""
        return f"{self.url}/api/"

    @property
    def token(self) -> str:
        return next(iter(self.workspace.bots))

    def send_clicks_to(self, gateway: str) -> None:
        """For a gateway that starts after its Slack."""
        self.clicker.gateway = gateway.rstrip("/")

    def messages(self, channel: str = "") -> list[Message]:
        """Top-level messages and replies, oldest first, no ephemerals."""
        return [
            message
            for message in self.workspace.messages
            if not message.deleted and not message.is_ephemeral and channel in {"", message.channel}
        ]

    def ephemerals(self, user: str = "") -> list[Message]:
        """Oldest first; ``user`` is a user id, empty for everyone's."""
        return [m for m in self.workspace.messages if m.is_ephemeral and not m.deleted and user in {"", m.visible_to}]

    def message(self, ts: str) -> Message:
        """Raises KeyError."""
        for message in self.workspace.messages:
            if message.ts == ts:
                return message
        raise KeyError(f"no message {ts!r}")

    def user(self, user: User | str) -> User:
        return user if isinstance(user, User) else self.workspace.users[user]

    async def click(
        self, message: Message | str, action_id: str, *, user: User | str = "U0ALICE", tamper: Tamper | None = None
    ) -> ClickResult:
        """Press a button as Slack does; ``message`` may be its ts."""
        found = self.message(message) if isinstance(message, str) else message
        return await self.clicker.click(found, action_id, user=self.user(user), tamper=tamper)

    async def replay(self, request: SignedRequest) -> ClickResult:
        """Send the same bytes again."""
        return await self.clicker.send(request)

    def fail_next(
        self, method: str, *, error: str = "", status: int = 200, hang_s: float = 0.0, times: int = 1
    ) -> None:
        """The next ``times`` calls of ``method`` (``*``: any) fail with a Slack error or status, or hang first."""
        retry_after_s = 1 if status == 429 else 0
        code = error or ("ratelimited" if status == 429 else "")
        self.api.faults.add(method, Fault(code, status, hang_s, retry_after_s), times=times)

    def lose_answer(self, method: str, *, times: int = 1) -> None:
        """The next calls take effect, but the caller never hears of it."""
        self.api.faults.add(method, Fault(lost=True), times=times)

    async def until(
        self, condition: Callable[[Message], bool], *, timeout: timedelta = timedelta(seconds=10)
    ) -> Message:
        """The first message, ephemerals included, for which ``condition`` holds; TimeoutError else."""
        async with asyncio.timeout(timeout.total_seconds()):
            while True:
                for message in self.workspace.messages:
                    if condition(message):
                        return message
                await self.workspace.change()


@asynccontextmanager
async def serve(options: Options | None = None, *, workspace: Workspace | None = None) -> AsyncIterator[LocalSlack]:
    options = options or Options()
    slack = LocalSlack(options, workspace=workspace)
    runner = web.AppRunner(_application(slack), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        slack.clicker.base_url = f"http://{host}:{port}"
        yield slack
    finally:
        await runner.cleanup()


def _application(slack: LocalSlack) -> web.Application:
    app = web.Application(client_max_size=2 * 1024 * 1024, middlewares=[page.guarded])
    app.add_routes(slack.api.routes())
    app.add_routes(page.Page(slack.workspace, slack.clicker).routes())
    app.add_routes(control.Control(slack).routes())
    return app
