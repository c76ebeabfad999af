"""Speaks to Slack's Web API. Slack's errors become "later" or "never" here; neither changes a decision.

Methods: https://docs.slack.dev/reference/methods
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from logjedi_approval_gateway import metrics
from logjedi_approval_gateway.channels.slack import NAME, parse, render
from logjedi_approval_gateway.channels.slack.identity import Identity
from logjedi_approval_gateway.domain.approval import Place
from logjedi_approval_gateway.domain.card import Card, Step
from logjedi_approval_gateway.domain.decision import Click
from logjedi_approval_gateway.ports.channel import ChannelRefused, Payload
from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown

log = logs.get(__name__)
_LATER = frozenset(
    {
        "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
        "team_added_to_org", "accesslimited",
        # an administrator mends these while we wait, and the ask must not be lost meanwhile
        "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
    }
)  # fmt: skip
_QUIET: Payload = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


class SlackChannel:
    """Implements ``Channel`` for one Slack channel."""

    name = NAME

    def __init__(self, client: AsyncWebClient, room: str, identity: Identity) -> None:
        self._client = client
        self._room = room
        self._identity = identity

    def render(self, card: Card) -> Payload:
        return render.message(card)

    def parse(self, payload: Mapping[str, Any]) -> Click:
        return parse.click(payload)

    async def check(self) -> None:
        """Find out who we are. Raises ``DependencyDown`` while Slack does not answer or believe us."""
        with _answering("auth.test"):
            answer = await self._client.auth_test()
        self._identity.learn(answer.data if isinstance(answer.data, dict) else {})

    async def post(self, payload: Payload) -> Place:
        with _answering("chat.postMessage"):
            answer = await self._client.chat_postMessage(channel=self._room, **_QUIET, **payload)
        return Place(str(answer["channel"]), str(answer["ts"]))

    async def find(self, payload: Payload) -> Place | None:
        """Look through the newest messages for this very ask. Without the permission to, say no."""
        wanted = payload["metadata"]
        try:
            with _answering("conversations.history"):
                answer = await self._client.conversations_history(
                    channel=self._room, limit=100, include_all_metadata=True
                )
        except ChannelRefused:
            return None  # at worst a second message of the same ask, whose clicks are refused as misplaced
        for message in answer.get("messages") or []:
            if message.get("metadata") == wanted:
                return Place(self._room, str(message["ts"]))
        return None

    async def update(self, place: Place, payload: Payload) -> None:
        with _answering("chat.update"):
            await self._client.chat_update(
                channel=place.room, ts=place.message, link_names=False, parse="none", **payload
            )

    async def reply(self, place: Place, steps: Sequence[Step]) -> None:
        with _answering("chat.postMessage"):
            await self._client.chat_postMessage(
                channel=place.room, thread_ts=place.message, **_QUIET, **render.steps(list(steps))
            )

    async def tell(self, click: Click, sentence: str) -> None:
        if click.place is None:
            return
        user = click.actor.id.removeprefix(f"{NAME}:")
        with _answering("chat.postEphemeral"):
            await self._client.chat_postEphemeral(
                channel=click.place.room, user=user, text=sentence, link_names=False, parse="none"
            )


@contextlib.contextmanager
def _answering(method: str) -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        metrics.CHAT_ERRORS.labels(channel=NAME, method=method).inc()
        raise _translated(method, error) from error
    except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError, ValueError) as error:
        # ValueError: an answer that is no JSON, as proxies in between give
        metrics.CHAT_ERRORS.labels(channel=NAME, method=method).inc()
        raise DependencyDown(NAME, f"{method}: {type(error).__name__}", delay_s=1.0) from error


def _translated(method: str, error: SlackApiError) -> DependencyDown | ChannelRefused:
    response: Any = error.response
    status = int(getattr(response, "status_code", 200) or 200)
    word = str(response.get("error") or f"HTTP {status}") if hasattr(response, "get") else "no answer"
    if word in _LATER or status == 429 or status >= 500:
        wait = (getattr(response, "headers", None) or {}).get("Retry-After")
        delay_s = float(wait) if isinstance(wait, str) and wait.isdecimal() else 1.0
        return DependencyDown(NAME, f"{method}: {word}", delay_s=delay_s)
    return ChannelRefused(f"{method}: {word}")
