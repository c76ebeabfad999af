"""The page that looks like a channel: what was posted, who may see it, buttons that really click.

Reads the state and presses buttons through ``clicks``; decides nothing. Same origin only: a content
security policy without exceptions, and posts are refused when they come from another site.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from aiohttp import web

from tests.localslack import modals, mrkdwn
from tests.localslack.clicks import Clicker
from tests.localslack.model import Channel, Message, User
from tests.localslack.state import Workspace

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}  # fmt: skip
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _clock(ts: str) -> str:
    return datetime.fromtimestamp(float(ts)).astimezone().strftime("%H:%M")


def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(HERE / "templates")
    made = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    made.lstrip_blocks = True
    filters: dict[str, Callable[..., Any]] = {
        "mrkdwn": mrkdwn.html, "literal": mrkdwn.literal, "emoji": mrkdwn.emoji, "slack_link": mrkdwn.link,
        "clock": _clock, "initial": lambda name: name[:1].upper(),
    }  # fmt: skip
    made.filters.update(filters)
    return made


@dataclass(slots=True)
class Page:
    workspace: Workspace
    clicker: Clicker
    templates: jinja2.Environment = field(default_factory=_templates)

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self.whole),
            web.get("/channel", self.channel),
            web.post("/click", self.click),
            web.post("/submit", self.submit),
            web.static("/static", HERE / "static"),
        ]

    async def whole(self, request: web.Request) -> web.Response:
        return self._html("page.html", request)

    async def channel(self, request: web.Request) -> web.Response:
        """The part that the page's script fetches again every second."""
        return self._html("channel.html", request)

    async def click(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        user, message = self._user(form.get("as")), self._message(form.get("ts"), form.get("as"))
        try:
            await self.clicker.click(message, form.get("action_id", ""), user=user, block_id=form.get("block_id", ""))
        except KeyError as error:
            raise web.HTTPGone(text="The message has changed: this button is no longer there.") from error
        raise _back(user, message.channel)

    async def submit(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        user, view = self._user(form.get("as")), self.workspace.views.get(form.get("view_id", ""))
        if view is not None and form.get("cancel"):
            del self.workspace.views[view["id"]]
        elif view is not None:
            await self.clicker.submit(view, modals.values(view, form), user=user)
        raise _back(user, form.get("channel", ""))

    def _html(self, template: str, request: web.Request) -> web.Response:
        user, channel = self._user(request.query.get("as")), self._channel(request.query.get("channel"))
        text = self.templates.get_template(template).render(
            named=self._named,
            person=self._name,
            workspace=self.workspace,
            me=user,
            channel=channel,
            people=[person for person in self.workspace.users.values() if not person.is_bot],
            threads=self._threads(user, channel),
            notices={
                ts: shown for (user_id, ts), shown in self.clicker.notices.items() if user_id == user.id and shown
            },
            view=next((v for v in self.workspace.views.values() if v["opened_for"] == user.id), None),
        )
        return web.Response(text=text, content_type="text/html")

    def _name(self, user_id: str) -> str:
        user = self.workspace.users.get(user_id)
        return user.real_name if user else user_id

    def _named(self, text: str) -> str:
        """mrkdwn with names in its mentions: ``<@U1>`` becomes ``<@U1|Alice>``."""
        return re.sub(r"<@(\w+)>", lambda mention: f"<@{mention[1]}|{self._name(mention[1])}>", text)

    def _threads(self, user: User, channel: Channel) -> list[tuple[Message, list[Message]]]:
        """What ``user`` may see: top-level messages with their replies, oldest first."""
        seen = [
            message
            for message in self.workspace.messages
            if message.channel == channel.id and not message.deleted and message.visible_to in {"", user.id}
        ]
        tops = {message.ts for message in seen if not message.thread_ts}
        replies = [message for message in seen if message.thread_ts in tops]
        return [(m, [r for r in replies if r.thread_ts == m.ts]) for m in seen if m.thread_ts not in tops]

    def _user(self, user_id: str | None) -> User:
        people = [user for user in self.workspace.users.values() if not user.is_bot]
        return next((user for user in people if user.id == user_id), people[0])

    def _channel(self, channel_id: str | None) -> Channel:
        channels = self.workspace.channels
        return channels.get(channel_id or "", next(iter(channels.values())))

    def _message(self, ts: str | None, user_id: str | None) -> Message:
        for message in self.workspace.messages:
            if message.ts == ts and not message.deleted and message.visible_to in {"", user_id}:
                return message
        raise web.HTTPNotFound(text="There is no such message.")


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another site's page sends, or reaches through a name that is not ours (DNS rebinding)."""
    from_browser = "Sec-Fetch-Site" in request.headers or "Origin" in request.headers
    if from_browser and not (_is_ours(request.host) and _same_origin(request)):
        raise web.HTTPForbidden(text="Only this page itself may do that.")
    response = await handler(request)
    response.headers.update(HEADERS)
    return response


def _same_origin(request: web.Request) -> bool:
    if request.method in {"GET", "HEAD"}:
        return True
    site, origin = request.headers.get("Sec-Fetch-Site", "same-origin"), request.headers.get("Origin")
    return site in {"same-origin", "none"} and origin in {None, f"{request.scheme}://{request.host}"}


def _is_ours(host: str) -> bool:
    name = host.rsplit(":", 1)[0].strip("[]")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True


def _back(user: User, channel: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/?{urlencode({'as': user.id, 'channel': channel})}")
