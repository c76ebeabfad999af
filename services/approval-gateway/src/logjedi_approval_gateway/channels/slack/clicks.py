"""What happens to a believed click: slack-bolt dispatches it, the vote is recorded, then it is acknowledged.

The order matters: whatever bolt does after ``ack`` is lost when the process ends. So the decision is made
before it, and only the answer to the clicker comes after.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from logjedi_approval_gateway import metrics
from logjedi_approval_gateway.channels.slack import NAME, parse, render
from logjedi_approval_gateway.channels.slack.identity import Identity
from logjedi_approval_gateway.channels.slack.sender import SlackChannel
from logjedi_approval_gateway.domain.decision import Answer, Click, Code
from logjedi_contracts import logs
from logjedi_contracts.errors import LogJediError, MessageRejected

log = logs.get(__name__)
Vote = Callable[[Click], Awaitable[Answer]]


class Clicks:
    """Bolt listeners for our two buttons."""

    def __init__(self, channel: SlackChannel, identity: Identity, vote: Vote) -> None:
        self._channel = channel
        self._identity = identity
        self._vote = vote

    async def decided(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        try:
            click = self._channel.parse(body)
        except MessageRejected as error:
            metrics.REFUSED.labels(reason="unreadable", channel=NAME).inc()
            log.warning("click is not readable", audit=True, result="unreadable", channel=NAME, cause=str(error))
            await ack()
            return
        answer = await self._answer(click, body)
        await ack()
        try:
            await self._channel.tell(click, answer.sentence)
        except LogJediError as error:
            log.warning("clicker could not be told", cause=str(error))

    async def _answer(self, click: Click, body: Mapping[str, Any]) -> Answer:
        if not parse.foreign(body, team=self._identity.team, app=self._identity.app):
            return await self._vote(click)
        metrics.REFUSED.labels(reason=Code.FOREIGN.value, channel=NAME).inc()
        log.warning("vote", audit=True, result=Code.FOREIGN.value, actor=click.actor.id, channel=NAME)
        return Answer(Code.FOREIGN)


def bolt(api_url: str, secret: str, clicks: Clicks, identity: Identity) -> AsyncApp:
    """Make bolt's app. It gets no token and asks Slack nothing: a decision must not wait for chat."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team or None,
            bot_id=identity.bot or None,
            bot_user_id=identity.user or None,
        )

    client = AsyncWebClient(base_url=api_url)
    app = AsyncApp(signing_secret=secret, client=client, authorize=authorize, ssl_check_enabled=False)
    for action in (render.APPROVE, render.REJECT):
        app.action(action)(clicks.decided)
    return app
