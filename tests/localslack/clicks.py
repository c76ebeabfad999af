"""Pressing buttons: build the payload, sign it, send it to the gateway, wait three seconds like Slack.

What came back is kept, with the exact bytes that were sent, so that a test can replay them.
"""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

from tests.localslack import modals
from tests.localslack.hooks import Hooks
from tests.localslack.model import Json, Message, User
from tests.localslack.payloads import Click, Tamper, view_submission
from tests.localslack.signing import SignedRequest, signed_click_request, signed_payload
from tests.localslack.state import Workspace

ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class ClickResult:
    """``status`` 0: no answer. ``shown`` is what the person sees when it failed, else empty."""

    request: SignedRequest
    status: int
    body: str
    elapsed_s: float
    shown: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.shown


@dataclass(slots=True)
class Clicker:
    """``notices``: what a failed click told whom, by user id and message ts; the next click clears it."""

    workspace: Workspace
    hooks: Hooks
    secret: str
    gateway: str
    base_url: str = ""
    answer_s: float = ANSWER_S
    results: list[ClickResult] = field(default_factory=list)
    notices: dict[tuple[str, str], str] = field(default_factory=dict)

    async def click(
        self, message: Message, action_id: str, *, user: User, block_id: str = "", tamper: Tamper | None = None
    ) -> ClickResult:
        """Press the element ``action_id`` of ``message`` as ``user``."""
        request = self.request(message, action_id, user=user, block_id=block_id, tamper=tamper)
        result = await self.send(request)
        self.notices[user.id, message.ts] = result.shown
        return result

    def request(
        self, message: Message, action_id: str, *, user: User, block_id: str = "", tamper: Tamper | None = None
    ) -> SignedRequest:
        """The signed bytes, not sent; the trigger id and response URL in them are live."""
        channel = self.workspace.channel(message.channel)
        key = self.hooks.new_url(message, user)
        click = Click(
            message=message.as_json(),
            action_id=action_id,
            user=user,
            block_id=block_id,
            channel_id=channel.id,
            channel_name=channel.name,
            team=self.workspace.team,
            trigger_id=self.hooks.new_trigger(message, user),
            response_url=f"{self.base_url}/actions/{self.workspace.team.id}/{key}",
            is_ephemeral=message.is_ephemeral,
        )
        return signed_click_request(click, secret=self.secret, tamper=tamper)

    async def submit(self, view: Json, values: Json, *, user: User) -> ClickResult:
        """Send a modal's values; the view closes unless the app answers with errors, as on Slack."""
        payload = view_submission(
            {key: value for key, value in view.items() if key not in modals.OURS},
            user=user, team=self.workspace.team, values=values, app_id=view["app_id"],
        )  # fmt: skip
        result = await self.send(signed_payload(payload, secret=self.secret, now=time.time(), tamper=Tamper()))
        view["errors"] = modals.errors(result.shown, result.body)
        if not view["errors"]:
            self.workspace.views.pop(view["id"], None)
        return result

    async def send(self, request: SignedRequest) -> ClickResult:
        """POST these bytes; sending the same request twice is a replay."""
        started = time.monotonic()
        try:
            result = await self._post(request, started)
        except TimeoutError:
            result = _failed(request, started, f"The app did not respond within {self.answer_s:g} seconds.")
        except aiohttp.ClientError as error:
            result = _failed(request, started, f"The app could not be reached ({type(error).__name__}).")
        self.results.append(result)
        self.workspace.touched()
        return result

    async def _post(self, request: SignedRequest, started: float) -> ClickResult:
        async with (
            asyncio.timeout(self.answer_s),
            aiohttp.ClientSession() as session,
            session.post(f"{self.gateway}/slack/events", data=request.body, headers=request.headers) as answer,
        ):
            body = await answer.text()
            shown = "" if answer.status == 200 else f"The app responded with status {answer.status}."
            elapsed_s = time.monotonic() - started
            return ClickResult(request, answer.status, body, elapsed_s, shown, dict(answer.headers))


def _failed(request: SignedRequest, started: float, shown: str) -> ClickResult:
    return ClickResult(request, 0, "", time.monotonic() - started, shown)
