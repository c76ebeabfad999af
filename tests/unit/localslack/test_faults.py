"""Rate limits and ordered faults, as a real client meets them."""

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from tests.localslack import CHANNEL_ID, LocalSlack, RateLimit


class NoWait(AsyncRateLimitErrorRetryHandler):
    """Slack's own handler without the wait that it has read."""

    waited_s: float = 0.0

    async def prepare_for_next_attempt_async(
        self, *, state: RetryState, response: HttpResponse | None = None, **_: Any
    ) -> None:
        assert response is not None
        self.waited_s += float(response.headers["Retry-After"][0])
        state.next_attempt_requested = True


def retrying(slack: LocalSlack, handler: AsyncRetryHandler) -> AsyncWebClient:
    return AsyncWebClient(slack.token, base_url=slack.api_url, retry_handlers=[handler])


def test_a_burst_then_one_a_second() -> None:
    now = [100.0]
    limit = RateLimit(burst=2, clock=lambda: now[0])
    assert [limit.wait_s("C1") for _ in range(3)] == [0, 0, 1]
    assert limit.wait_s("C2") == 0
    now[0] = 101.0
    assert [limit.wait_s("C1") for _ in range(2)] == [0, 1]


async def test_too_many_posts_are_told_when_to_come_back(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.api.post_limit = RateLimit(burst=1)
    await client.chat_postMessage(channel=CHANNEL_ID, text="one")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=CHANNEL_ID, text="two")
    response = caught.value.response
    assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "1")


async def test_the_clients_own_retry_handler_gets_through(slack: LocalSlack) -> None:
    handler = NoWait(max_retry_count=3)
    slack.fail_next("chat.postMessage", status=429, times=2)
    await retrying(slack, handler).chat_postMessage(channel=CHANNEL_ID, text="at last")
    assert ([message.plain for message in slack.messages()], handler.waited_s) == (["at last"], 2.0)


async def test_an_ordered_error_comes_once_and_changes_nothing(slack: LocalSlack, client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x"))["ts"]
    slack.fail_next("chat.update", error="message_not_found")
    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_update(channel=CHANNEL_ID, ts=ts, text="y")
    await client.chat_update(channel=CHANNEL_ID, ts=ts, text="z")
    assert slack.messages()[0].history == ["x", "z"]


async def test_any_method_can_fail_with_a_status(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.fail_next("*", status=503)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 503


async def test_a_hanging_call_runs_into_the_clients_time_limit(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.fail_next("chat.postMessage", hang_s=0.2)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.chat_postMessage(channel=CHANNEL_ID, text="x")
    assert slack.messages() == []


async def test_a_lost_answer_leaves_its_message_behind(slack: LocalSlack) -> None:
    client = AsyncWebClient(slack.token, base_url=slack.api_url, retry_handlers=[])
    slack.lose_answer("chat.postMessage")
    with pytest.raises(Exception, match="Server disconnected"):
        await client.chat_postMessage(channel=CHANNEL_ID, text="x")
    assert [message.plain for message in slack.messages()] == ["x"]
