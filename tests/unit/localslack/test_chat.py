import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.localslack import CHANNEL_ID, DEFAULT_BOT, Bot, LocalSlack
from tests.unit.localslack.approval_message import DIFF, approval, section

METADATA = {"event_type": "logjedi_proposal", "event_payload": {"proposal": "lja-1"}}


async def refusal(call: object) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call  # type: ignore[misc]
    return str(caught.value.response["error"])


async def test_auth_test_names_the_bot_and_its_team(client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0LOCAL", "U0LOGJEDI", "B0LOGJEDI")


async def test_wrong_and_missing_tokens_are_refused(slack: LocalSlack) -> None:
    assert await refusal(AsyncWebClient("xoxb-other", base_url=slack.api_url).auth_test()) == "invalid_auth"
    assert await refusal(AsyncWebClient(base_url=slack.api_url).auth_test()) == "not_authed"


async def test_a_message_keeps_every_version_that_it_had(slack: LocalSlack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=CHANNEL_ID, text="cart", blocks=approval(), metadata=METADATA)
    for state in ("approved", "applied", "verified"):
        await client.chat_update(channel=CHANNEL_ID, ts=posted["ts"], text="cart", blocks=approval(state))
    [message] = slack.messages()
    said = [text.splitlines()[0] for text in message.history]
    assert said == [f"*cart* is {state}" for state in ("pending", "approved", "applied", "verified")]
    assert DIFF.strip() in message.plain
    assert message.content.metadata == METADATA


async def test_text_alone_takes_the_blocks_away(slack: LocalSlack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#approvals", text="cart", blocks=approval())
    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="expired")
    [message] = slack.messages()
    assert (message.plain, message.content.blocks, bool(message.edited_ts)) == ("expired", (), True)


async def test_history_carries_metadata_only_when_asked(client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=CHANNEL_ID, text="cart", metadata=METADATA)
    without = await client.conversations_history(channel=CHANNEL_ID)
    having = await client.conversations_history(channel=CHANNEL_ID, include_all_metadata=True)
    assert "metadata" not in without["messages"][0]
    assert having["messages"][0]["metadata"] == METADATA


async def test_history_pages_newest_first(client: AsyncWebClient) -> None:
    for number in range(5):
        await client.chat_postMessage(channel=CHANNEL_ID, text=f"n{number}")
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client.conversations_history(channel=CHANNEL_ID, limit=2)
    ]
    assert pages == [["n4", "n3"], ["n2", "n1"], ["n0"]]


async def test_replies_stand_in_their_thread_and_not_in_the_channel(client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel=CHANNEL_ID, text="parent"))["ts"]
    await client.chat_postMessage(channel=CHANNEL_ID, text="detail", thread_ts=parent)
    thread = await client.conversations_replies(channel=CHANNEL_ID, ts=parent)
    history = await client.conversations_history(channel=CHANNEL_ID)
    assert [message["text"] for message in thread["messages"]] == ["parent", "detail"]
    assert [message["text"] for message in history["messages"]] == ["parent"]
    assert await refusal(client.chat_postMessage(channel=CHANNEL_ID, text="x", thread_ts="1.2")) == "thread_not_found"


async def test_an_ephemeral_is_seen_by_one_person_and_out_of_reach(slack: LocalSlack, client: AsyncWebClient) -> None:
    answer = await client.chat_postEphemeral(channel=CHANNEL_ID, user="U0BOB", text="not allowed")
    assert [message.plain for message in slack.ephemerals("U0BOB")] == ["not allowed"]
    assert slack.ephemerals("U0ALICE") == slack.messages() == []
    update = client.chat_update(channel=CHANNEL_ID, ts=answer["message_ts"], text="x")
    assert await refusal(update) == "message_not_found"
    outsider = client.chat_postEphemeral(channel=CHANNEL_ID, user="U0NOBODY", text="x")
    assert await refusal(outsider) == "user_not_in_channel"


async def test_a_deleted_message_is_gone(slack: LocalSlack, client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x"))["ts"]
    await client.chat_delete(channel=CHANNEL_ID, ts=ts)
    assert slack.messages() == []
    assert await refusal(client.chat_update(channel=CHANNEL_ID, ts=ts, text="y")) == "message_not_found"


async def test_channels_say_no_in_slacks_words(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.workspace.add_channel("C0OTHER", "other", members=[])
    slack.workspace.add_channel("C0OLD", "old").is_archived = True
    refused = {
        name: await refusal(client.chat_postMessage(channel=name, text="x")) for name in ("C9", "C0OTHER", "C0OLD")
    }
    assert refused == {"C9": "channel_not_found", "C0OTHER": "not_in_channel", "C0OLD": "is_archived"}


async def test_another_apps_message_cannot_be_changed(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.workspace.add_bot(Bot("xoxb-second", "U0SECOND", "B0SECOND", "A0SECOND", "Second"))
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x"))["ts"]
    second = AsyncWebClient("xoxb-second", base_url=slack.api_url)
    assert await refusal(second.chat_update(channel=CHANNEL_ID, ts=ts, text="y")) == "cant_update_message"
    assert await refusal(second.chat_delete(channel=CHANNEL_ID, ts=ts)) == "cant_delete_message"
    assert slack.messages()[0].author == DEFAULT_BOT


async def test_texts_have_limits(client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel=CHANNEL_ID, text="x" * 40_000))["ts"]
    assert await refusal(client.chat_postMessage(channel=CHANNEL_ID, text="x" * 40_001)) == "msg_too_long"
    assert await refusal(client.chat_update(channel=CHANNEL_ID, ts=ts, text="x" * 4_001)) == "msg_too_long"
    assert await refusal(client.api_call("chat.postMessage", json={"channel": CHANNEL_ID})) == "no_text"


async def test_blocks_come_back_as_slack_stores_them(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=CHANNEL_ID, text="x", blocks=[section("*hi*")])
    [block] = posted["message"]["blocks"]
    assert block["text"] == {"type": "mrkdwn", "text": "*hi*", "verbatim": False}
    assert len(block["block_id"]) == 5


async def test_forms_and_json_say_the_same(slack: LocalSlack, client: AsyncWebClient) -> None:
    form = {"channel": CHANNEL_ID, "text": "x", "blocks": '[{"type": "divider"}]'}
    await client.api_call("chat.postMessage", data=form)
    assert slack.messages()[0].content.blocks[0]["type"] == "divider"
    broken = client.api_call("chat.postMessage", data=form | {"blocks": "[{"})
    assert await refusal(broken) == "invalid_blocks_format"


async def test_people_groups_and_channels_are_known(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.workspace.add_usergroup("S0SRE", "sre", ["U0ALICE"])
    assert (await client.users_info(user="U0ALICE"))["user"]["real_name"] == "Alice"
    assert (await client.usergroups_users_list(usergroup="S0SRE"))["users"] == ["U0ALICE"]
    assert (await client.conversations_info(channel=CHANNEL_ID))["channel"]["name"] == "approvals"
    assert await refusal(client.users_info(user="U9")) == "user_not_found"
    assert await refusal(client.usergroups_users_list(usergroup="S9")) == "no_such_subteam"


async def test_a_file_is_uploaded_and_shared(slack: LocalSlack, client: AsyncWebClient) -> None:
    await client.files_upload_v2(channel=CHANNEL_ID, filename="full.diff", content=DIFF)
    [message] = slack.messages()
    [file] = message.files
    assert slack.api.uploads.files[file["id"]].data == DIFF.encode()


async def test_an_unknown_method_is_an_error(client: AsyncWebClient) -> None:
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"
