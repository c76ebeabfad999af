"""A click that Slack's own verifier and Bolt accept, and lies that they refuse."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.localslack import ALICE, BOB, CHANNEL_ID, Click, LocalSlack, Message, Tamper, signed_click_request
from tests.unit.localslack.approval_message import approval, button
from tests.unit.localslack.bolt_gateway import bolt_app, running
from tests.unit.localslack.conftest import SECRET


@pytest.fixture
async def seen(slack: LocalSlack) -> AsyncIterator[list[dict[str, Any]]]:
    payloads: list[dict[str, Any]] = []
    async with running(bolt_app(slack, SECRET, payloads)) as gateway:
        slack.send_clicks_to(gateway)
        yield payloads


@pytest.fixture
async def message(slack: LocalSlack, client: AsyncWebClient) -> Message:
    ask = {"type": "actions", "elements": [button("Why", "ask")]}
    await client.chat_postMessage(channel=CHANNEL_ID, text="cart", blocks=[*approval(), ask])
    return slack.messages()[0]


def payload_of(body: bytes) -> dict[str, Any]:
    return dict(json.loads(parse_qs(body.decode())["payload"][0]))


async def test_the_signature_satisfies_slacks_verifier(slack: LocalSlack, message: Message) -> None:
    headers, body = slack.clicker.request(message, "approve", user=ALICE)
    assert SignatureVerifier(SECRET).is_valid_request(body, headers)
    assert not SignatureVerifier("another").is_valid_request(body, headers)
    assert not SignatureVerifier(SECRET).is_valid_request(body.replace(b"U0ALICE", b"U0BOB"), headers)


async def test_the_payload_has_slacks_shape(slack: LocalSlack, message: Message) -> None:
    payload = payload_of(slack.clicker.request(message, "approve", user=BOB).body)
    assert payload["user"] == {"id": "U0BOB", "username": "bob", "name": "bob", "team_id": "T0LOCAL"}
    assert payload["team"] == {"id": "T0LOCAL", "domain": "logjedi-local"}
    assert payload["channel"] == {"id": CHANNEL_ID, "name": "approvals"}
    assert payload["container"]["message_ts"] == payload["message"]["ts"] == message.ts
    assert payload["message"] == message.as_json()
    [action] = payload["actions"]
    assert (action["block_id"], action["value"], action["style"], action["type"]) == (
        "decide",
        "v1.abc",
        "primary",
        "button",
    )
    assert action["text"] == {"type": "plain_text", "text": "Approve", "emoji": True}
    assert float(action["action_ts"]) > float(message.ts) - 1


async def test_bolt_takes_the_click_and_moves_the_message_on(
    slack: LocalSlack, message: Message, seen: list[dict[str, Any]]
) -> None:
    result = await slack.click(message.ts, "approve", user="U0BOB")
    assert (result.status, result.body, result.shown, len(seen)) == (200, "", "", 1)
    assert message.plain == "approved by bob"
    reply = await slack.until(lambda other: other.plain == "decided")
    assert reply.thread_ts == message.ts


async def test_respond_reaches_the_clicker_alone(
    slack: LocalSlack, message: Message, seen: list[dict[str, Any]]
) -> None:
    await slack.click(message, "reject", user="U0MALLORY")
    assert [said.plain for said in slack.ephemerals("U0MALLORY")] == ["you may not"]
    assert len(message.versions) == len(seen) == 1


async def test_a_modal_opens_and_carries_its_reason(
    slack: LocalSlack, message: Message, seen: list[dict[str, Any]]
) -> None:
    await slack.click(message, "ask")
    [view] = slack.workspace.views.values()
    values = {"reason": {"why": {"type": "plain_text_input", "value": "too risky"}}}
    result = await slack.clicker.submit(view, values, user=ALICE)
    assert (result.status, seen[0]["view"]["state"]["values"]) == (200, values)
    assert (seen[0]["view"]["private_metadata"], slack.workspace.views) == ("lja-1", {})


LIES = {
    "wrong secret": Tamper(secret="guess"),
    "too old": Tamper(clock_skew_s=-301),
    "from the future": Tamper(clock_skew_s=302),
    "made up": Tamper(signature="v0=00"),
}


async def test_bolt_refuses_every_lie(
    slack: LocalSlack, message: Message, seen: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    told = {name: await slack.click(message, "approve", tamper=tamper) for name, tamper in LIES.items()}
    assert {name: result.status for name, result in told.items()} == dict.fromkeys(LIES, 401)
    assert {result.shown for result in told.values()} == {"The app responded with status 401."}
    assert seen == []


async def test_what_bolt_does_not_notice_can_be_tried_on_the_gateway(
    slack: LocalSlack, message: Message, seen: list[dict[str, Any]]
) -> None:
    first = await slack.click(message, "approve", tamper=Tamper(team_id="T0OTHER", value="v1.other"))
    await slack.replay(first.request)
    assert [body["team"]["id"] for body in seen] == ["T0OTHER", "T0OTHER"]
    assert seen[0]["user"]["team_id"] == "T0OTHER"
    assert seen[0]["actions"][0]["value"] == "v1.other"


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer nothing until the caller gives up."""
    await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_an_app_that_is_away_or_slow_is_shown_to_the_clicker(slack: LocalSlack, message: Message) -> None:
    away = await slack.click(message, "approve")
    assert (away.status, away.shown) == (0, "The app could not be reached (ClientConnectorError).")
    slack.clicker.answer_s = 0.05
    async with await asyncio.start_server(_silence, "127.0.0.1", 0) as silent:
        slack.send_clicks_to(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
        slow = await slack.click(message, "approve")
    assert slow.shown == "The app did not respond within 0.05 seconds."


async def test_a_response_url_takes_five_posts(slack: LocalSlack, message: Message) -> None:
    url = payload_of(slack.clicker.request(message, "approve", user=ALICE).body)["response_url"]
    hook = AsyncWebhookClient(url)
    answers = [await hook.send(text="x", replace_original=True) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[-1].body
    assert len(message.versions) == 6


async def test_a_trigger_opens_one_view_and_soon_none(
    slack: LocalSlack, message: Message, client: AsyncWebClient
) -> None:
    now = [0.0]
    slack.api.given_out.clock = lambda: now[0]
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Why"}, "blocks": [{"type": "divider"}]}
    trigger = slack.api.given_out.new_trigger(message, ALICE)
    late = slack.api.given_out.new_trigger(message, ALICE)
    await client.views_open(trigger_id=trigger, view=view)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger, view=view)
    now[0] = 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=late, view=view)


async def test_a_click_needs_no_server(message: Message) -> None:
    click = Click(message.as_json(), "approve", ALICE)
    headers, body = signed_click_request(click, secret=SECRET, now=1_700_000_000)
    assert headers["X-Slack-Request-Timestamp"] == "1700000000"
    assert payload_of(body)["actions"][0]["action_id"] == "approve"
    with pytest.raises(KeyError, match="no element 'shout'"):
        signed_click_request(Click(message.as_json(), "shout", ALICE), secret=SECRET)


async def test_waiting_for_what_never_comes_ends(slack: LocalSlack) -> None:
    with pytest.raises(TimeoutError):
        await slack.until(lambda message: message.plain == "never", timeout=timedelta(seconds=0.02))
