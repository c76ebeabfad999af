"""The page shows what was posted, escapes it, and its buttons click."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.localslack import CHANNEL_ID, LocalSlack, mrkdwn
from tests.unit.localslack.approval_message import approval, button, preformatted, section
from tests.unit.localslack.bolt_gateway import bolt_app, running
from tests.unit.localslack.conftest import SECRET

HOSTILE = "<script>alert(1)</script>\"'><img src=x>"


@pytest.fixture
async def browser(slack: LocalSlack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=slack.url, follow_redirects=True, trust_env=False) as running_browser:
        yield running_browser


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *b* _c_ ~d~", "a <b>b</b> <i>c</i> <s>d</s>"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("`x*y*`", "<code>x*y*</code>"),
        ("```\n*no*\n```", "<pre>*no*</pre>"),
        ("*a `b` c*", "<b>a <code>b</code> c</b>"),
        ("&lt;b&gt; &amp;amp; R&D", "&lt;b&gt; &amp;amp; R&amp;D"),
        ("<@U0ALICE|Alice>", '<span class="mention">@Alice</span>'),
        ("<!channel>", '<span class="mention loud">@channel</span>'),
        ("<javascript:alert(1)|go>", "go"),
        ("> said\nnext", "<blockquote>said</blockquote>next"),
        ("12:30:45 :nonsense:", "12:30:45 :nonsense:"),
        (":x:", '<span class="emoji bad" title=":x:">✖</span>'),
    ],
)
def test_mrkdwn_becomes_safe_html(text: str, html: str) -> None:
    assert str(mrkdwn.html(text)) == html


def test_links_open_elsewhere_and_quote_their_address() -> None:
    shown = str(mrkdwn.html('<https://example.org/?a=1&amp;b="|see>'))
    assert 'href="https://example.org/?a=1&amp;b=&#34;"' in shown
    assert 'rel="noopener noreferrer">see</a>' in shown


async def test_a_message_is_shown_with_its_buttons_and_confirm(
    client: AsyncWebClient, browser: httpx.AsyncClient
) -> None:
    await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=approval())
    page = (await browser.get("/")).text
    for expected in (
        "<b>cart</b> is pending",
        "++ image: shop/cart:1.4.1",
        "Approve</button>",
        "popover id=",
        "Reject",
    ):
        assert expected in page


async def test_hostile_text_stays_text_everywhere(client: AsyncWebClient, browser: httpx.AsyncClient) -> None:
    texts: list[dict[str, Any]] = [
        section(HOSTILE),
        preformatted(HOSTILE),
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        {"type": "context", "elements": [{"type": "plain_text", "text": HOSTILE}]},
    ]
    await client.chat_postMessage(channel=CHANNEL_ID, text=HOSTILE, blocks=texts)
    await client.chat_postMessage(channel=CHANNEL_ID, text=HOSTILE)
    page = (await browser.get("/")).text
    assert page.count("<script") == 1  # the page's own
    assert "<img" not in page
    assert page.count("alert(1)") == 5


async def test_mentions_carry_names(client: AsyncWebClient, browser: httpx.AsyncClient) -> None:
    mention = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U0BOB"}]}
    rich = {"type": "rich_text", "elements": [mention]}
    await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=[section("by <@U0ALICE>, <@U9>"), rich])
    page = (await browser.get("/")).text
    assert all(f'<span class="mention">@{name}</span>' in page for name in ("Alice", "U9", "Bob"))


async def test_an_ephemeral_is_shown_to_its_reader_only(client: AsyncWebClient, browser: httpx.AsyncClient) -> None:
    await client.chat_postEphemeral(channel=CHANNEL_ID, user="U0BOB", text="psst")
    assert "psst" not in (await browser.get("/?as=U0ALICE")).text
    bobs = (await browser.get("/?as=U0BOB")).text
    assert "Only visible to you" in bobs
    assert "psst" in bobs


async def test_the_button_on_the_page_clicks_as_whoever_was_chosen(
    slack: LocalSlack, client: AsyncWebClient, browser: httpx.AsyncClient
) -> None:
    seen: list[dict[str, Any]] = []
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=approval()))["ts"]
    form = {"as": "U0BOB", "ts": ts, "block_id": "decide", "action_id": "approve"}
    async with running(bolt_app(slack, SECRET, seen)) as gateway:
        slack.send_clicks_to(gateway)
        page = await browser.post("/click", data=form)
    assert "approved by bob" in page.text
    assert page.url.params["as"] == "U0BOB"
    gone = await browser.post("/click", data=form)
    assert gone.status_code == 410


async def test_a_failed_click_is_shown_next_to_its_button(client: AsyncWebClient, browser: httpx.AsyncClient) -> None:
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=approval()))["ts"]
    form = {"as": "U0BOB", "ts": ts, "block_id": "decide", "action_id": "approve"}
    assert "could not be reached" in (await browser.post("/click", data=form)).text
    assert "could not be reached" not in (await browser.get("/?as=U0ALICE")).text


async def test_a_modal_is_filled_in_on_the_page(
    slack: LocalSlack, client: AsyncWebClient, browser: httpx.AsyncClient
) -> None:
    seen: list[dict[str, Any]] = []
    ask = {"type": "actions", "block_id": "more", "elements": [button("Why", "ask")]}
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=[ask]))["ts"]
    async with running(bolt_app(slack, SECRET, seen)) as gateway:
        slack.send_clicks_to(gateway)
        await browser.post("/click", data={"as": "U0BOB", "ts": ts, "block_id": "more", "action_id": "ask"})
        [view] = slack.workspace.views.values()
        form = {"as": "U0BOB", "view_id": view["id"]}
        assert "say why" in (await browser.post("/submit", data=form)).text
        page = await browser.post("/submit", data=form | {"reason/why": "too risky"})
    assert "textarea" not in page.text
    assert seen[0]["view"]["state"]["values"]["reason"]["why"]["value"] == "too risky"
    assert "opened_for" not in seen[0]["view"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example", "Origin": "null"}],
)
async def test_other_sites_cannot_click(headers: dict[str, str], browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/click", data={}, headers=headers)).status_code == 403
    assert (await browser.post("/control/click", json={}, headers=headers)).status_code == 403


async def test_the_page_takes_nothing_from_elsewhere(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "http" not in page.text.replace("http-equiv", "")
    for path in ("/static/slack.css", "/static/refresh.js", "/static/icon.svg"):
        assert (await browser.get(path)).status_code == 200


async def test_other_processes_can_read_click_and_break_things(
    client: AsyncWebClient, browser: httpx.AsyncClient
) -> None:
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=approval()))["ts"]
    [shown] = (await browser.get("/control/messages")).json()
    assert (shown["message"]["ts"], shown["history"][0].splitlines()[0]) == (ts, "*cart* is pending")
    clicked = await browser.post("/control/click", json={"ts": ts, "action_id": "approve", "user": "U0BOB"})
    assert clicked.json()["status"] == 0
    assert (await browser.post("/control/click", json={"ts": "1.0", "action_id": "approve"})).status_code == 404
    await browser.post("/control/fail", json={"method": "auth.test", "status": 500})
    assert (await browser.post("/api/auth.test")).status_code == 500
