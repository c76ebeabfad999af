"""Proposal in, message out, click in, signed vote out: with the real bolt, Valkey and HTTP."""

import asyncio
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logjedi_contracts import messages
from logjedi_contracts.messages import Phase, Verdict
from tests.localslack import Tamper
from tests.localslack.signing import SignedRequest, sign
from tests.unit.approval_gateway import samples
from tests.unit.approval_gateway.stack import CROWD, SECRET, Stack

APPROVE, REJECT = "logjedi_approve", "logjedi_reject"


def in_namespace(name: str, **changed: Any) -> dict[str, Any]:
    """Parts of a proposal for a workload in another namespace, so that another rule matches."""
    record = samples.record()
    return {
        "incident": samples.incident(target=samples.target(namespace=name)),
        "record": record.model_copy(update={"namespace": name}),
    } | changed


async def send(stack: Stack, headers: dict[str, str], body: bytes | io.BytesIO) -> int:
    async with stack.http.post(f"{stack.url}/slack/events", data=body, headers=headers) as answer:
        text = await answer.text()
        assert "Traceback" not in text
        return answer.status


def press(stack: Stack, message: Any, action: str, user: str) -> SignedRequest:
    """Press a button now, to be sent later: the buttons may be gone by then."""
    return stack.slack.clicker.request(message, action, user=stack.slack.workspace.users[user])


async def test_a_click_becomes_one_signed_vote(stack: Stack) -> None:
    made, message = await stack.propose()
    assert made.digest[:12] in message.plain
    result = await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert (result.status, result.shown) == (200, "")
    assert await stack.told("U0ALICE", "Your vote is recorded")
    [vote] = await stack.cast(made)
    assert (vote.verdict, vote.actor.id, vote.channel) == (Verdict.APPROVE, "slack:U0ALICE", "slack")
    assert (vote.digest, vote.nonce, vote.rule, vote.attempt) == (made.digest, made.nonce, "shop", 1)
    shown = await stack.message(made, "Approval recorded")
    assert "logjedi_approve" not in json.dumps(shown.content.blocks)


async def test_the_operator_hears_that_people_are_asked(stack: Stack) -> None:
    made, _ = await stack.propose()
    [asked] = await stack.until(lambda: stack.asked(made))
    assert asked.channels == ["web", "slack"]
    assert (asked.digest, asked.rule) == (made.digest, "shop")


async def test_the_message_follows_every_phase_and_is_never_posted_twice(stack: Stack) -> None:
    made, message = await stack.propose()
    await stack.slack.click(message, APPROVE, user="U0BOB")
    by = [messages.Actor(id="slack:U0BOB", name="bob")]
    story = [
        (Phase.APPROVED, "Approved"),
        (Phase.APPLYING, "Applying the change"),
        (Phase.VERIFYING, "Applied, checking"),
        (Phase.RESOLVED, "Resolved"),
    ]
    for sequence, (phase, text) in enumerate(story, start=2):
        await stack.phase(made, phase, sequence, decided_by=by, terminal=phase is Phase.RESOLVED)
        assert (await stack.message(made, text)).ts == message.ts
    replies = [reply for reply in stack.slack.messages() if reply.thread_ts == message.ts and reply.ts != message.ts]
    assert "by bob (slack:U0BOB)" in "".join(reply.plain for reply in replies)


async def test_an_older_outcome_never_overwrites_a_newer_one(stack: Stack) -> None:
    made, message = await stack.propose()
    await stack.phase(made, Phase.RESOLVED, 9, terminal=True)
    await stack.message(made, "Resolved")
    await stack.phase(made, Phase.APPLYING, 7)
    await stack.phase(made, Phase.RESOLVED, 9, terminal=True)
    await asyncio.sleep(0.3)
    assert "Resolved" in stack.slack.message(message.ts).plain
    assert "Applying the change" not in stack.slack.message(message.ts).plain


async def test_an_outcome_that_comes_before_its_proposal_closes_it(stack: Stack) -> None:
    made = samples.proposal()
    await stack.phase(made, Phase.RECOVERED, 3, terminal=True)
    await asyncio.sleep(0.2)
    await stack.publish(made)
    await stack.until(lambda: stack.asked(made))
    with pytest.raises(TimeoutError):
        await stack.slack.until(lambda m: made.digest[:12] in m.plain, timeout=timedelta(seconds=0.3))


async def test_a_double_click_is_one_vote_and_the_second_is_told(stack: Stack) -> None:
    made, message = await stack.propose()
    for request in [press(stack, message, APPROVE, "U0BOB") for _ in range(2)]:
        assert await send(stack, *request) == 200
    assert await stack.told("U0BOB", "already recorded; it counts once")
    assert len(await stack.cast(made)) == 1


async def test_the_second_person_is_told_who_was_first(stack: Stack) -> None:
    made, message = await stack.propose()
    first, second = press(stack, message, REJECT, "U0BOB"), press(stack, message, APPROVE, "U0ALICE")
    await send(stack, *first)
    await send(stack, *second)
    assert await stack.told("U0ALICE", "reject by bob (slack:U0BOB)")
    assert [vote.verdict for vote in await stack.cast(made)] == [Verdict.REJECT]


async def test_two_hundred_racing_clicks_have_one_winner(stack: Stack) -> None:
    made, message = await stack.propose(**in_namespace("race-1"))
    requests = [
        stack.slack.clicker.request(
            message,
            APPROVE if number % 2 else REJECT,
            user=stack.slack.workspace.users["U0ALICE"],
            tamper=Tamper(payload={"user": {"id": user}}),
        )
        for number, user in enumerate(CROWD)
    ]
    statuses = await asyncio.gather(*(send(stack, *request) for request in requests))
    assert statuses == [200] * 200
    assert len(await stack.cast(made)) == 1


async def test_two_approvals_of_two_people_are_needed_where_the_rule_says_so(stack: Stack) -> None:
    made, message = await stack.propose(**in_namespace("pair-1"))
    await stack.slack.click(message, APPROVE, user="U0BOB")
    await stack.message(made, "1 of 2 given")
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    await stack.message(made, "Approval recorded")
    cast = await stack.cast(made)
    assert [vote.min_approvals for vote in cast] == [2, 2]


async def test_a_rejection_before_the_quorum_ends_it_even_by_who_approved(stack: Stack) -> None:
    made, message = await stack.propose(**in_namespace("pair-2"))
    await stack.slack.click(message, APPROVE, user="U0BOB")
    await stack.slack.click(message, REJECT, user="U0BOB")
    await stack.message(made, "Rejection recorded")
    assert [vote.verdict for vote in await stack.cast(made)] == [Verdict.APPROVE, Verdict.REJECT]


@pytest.mark.parametrize("user", ["U0MALLORY", "U0STRANGER"])
async def test_who_is_not_in_the_list_is_denied_and_told(stack: Stack, user: str) -> None:
    made, message = await stack.propose()
    tamper = Tamper(payload={"user": {"id": user}})
    result = await stack.slack.click(message, APPROVE, user="U0MALLORY", tamper=tamper)
    assert result.status == 200
    if user == "U0MALLORY":
        assert await stack.told(user, "you are not among the approvers")
    assert await stack.cast(made) == []


async def test_where_no_rule_matches_nobody_may_decide(stack: Stack) -> None:
    made, message = await stack.propose(**in_namespace("elsewhere"))
    assert "Nobody may approve this" in message.plain
    assert "logjedi_approve" not in json.dumps(message.content.blocks)
    value = json.dumps([samples.CLUSTER, made.record.uid, made.nonce])
    _, other = await stack.propose()
    await stack.slack.click(other, APPROVE, user="U0ALICE", tamper=Tamper(value=value))
    assert await stack.cast(made) == []


async def test_the_value_of_another_message_is_refused_as_misplaced(stack: Stack) -> None:
    made, _ = await stack.propose()
    _, other = await stack.propose()
    value = json.dumps([samples.CLUSTER, made.record.uid, made.nonce])
    await stack.slack.click(other, APPROVE, user="U0ALICE", tamper=Tamper(value=value))
    assert await stack.told("U0ALICE", "does not come from the message that asked")
    assert await stack.cast(made) == []


async def test_a_wrong_nonce_is_an_older_proposal(stack: Stack) -> None:
    made, message = await stack.propose()
    value = json.dumps([samples.CLUSTER, made.record.uid, "0" * 32])
    await stack.slack.click(message, APPROVE, user="U0ALICE", tamper=Tamper(value=value))
    assert await stack.told("U0ALICE", "this is an older proposal")
    assert await stack.cast(made) == []


@pytest.mark.parametrize(
    "value", ["", "null", "[]", "[1,2,3]", "{}", "x" * 2001, "[" * 900, '["a:b","u#1","' + "0" * 32 + '"]']
)
async def test_a_tampered_value_does_nothing(stack: Stack, value: str) -> None:
    made, message = await stack.propose()
    result = await stack.slack.click(message, APPROVE, user="U0ALICE", tamper=Tamper(value=value))
    assert result.status == 200
    assert await stack.cast(made) == []


async def test_an_unknown_approval_is_refused(stack: Stack) -> None:
    _, message = await stack.propose()
    value = json.dumps([samples.CLUSTER, "uid-nobody-knows", "0" * 32])
    await stack.slack.click(message, APPROVE, user="U0ALICE", tamper=Tamper(value=value))
    assert await stack.told("U0ALICE", "this approval is not known here")


@pytest.mark.parametrize(
    "tamper",
    [
        Tamper(team_id="T9"),
        Tamper(payload={"user": {"team_id": "T9"}}),
        Tamper(payload={"team": {"id": "T9"}}),
    ],
)
async def test_a_click_from_another_workspace_is_denied(stack: Stack, tamper: Tamper) -> None:
    made, message = await stack.propose()
    result = await stack.slack.click(message, APPROVE, user="U0ALICE", tamper=tamper)
    assert result.status == 200
    assert await stack.told("U0ALICE", "another workspace or app")
    assert await stack.cast(made) == []


@pytest.mark.parametrize(
    "tamper",
    [
        Tamper(secret="another secret"),
        Tamper(clock_skew_s=-302),
        Tamper(clock_skew_s=302),
        Tamper(timestamp="soon"),
        Tamper(timestamp="1e3"),
        Tamper(signature="v0=" + "0" * 64),
        Tamper(signature="v1=" + "0" * 64),
    ],
    ids=repr,
)
async def test_forged_and_stale_requests_are_401(stack: Stack, tamper: Tamper) -> None:
    made, message = await stack.propose()
    result = await stack.slack.click(message, APPROVE, user="U0ALICE", tamper=tamper)
    assert (result.status, result.body) == (401, "")
    assert await stack.cast(made) == []


async def test_unsigned_requests_are_401_also_an_ssl_check(stack: Stack) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await send(stack, form, b"ssl_check=1") == 401
    assert await send(stack, form, b"payload={") == 401
    assert await send(stack, {}, b"") == 401


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[" * 100_000),
        ("application/x-www-form-urlencoded", b"payload=%7B"),
        ("application/x-www-form-urlencoded", b"payload=" + b"%5B" * 100_000),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"payload=%5B1%5D"),
        ("text/plain", b"hello"),
    ],
    ids=["json", "deep json", "form", "deep form", "not utf-8", "a list", "text"],
)
async def test_signed_nonsense_is_refused_without_a_traceback(stack: Stack, content_type: str, body: bytes) -> None:
    stamp = str(int(datetime.now(UTC).timestamp()))
    headers = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(SECRET, stamp, body),
    }
    assert await send(stack, headers, body) in {401, 404}


async def test_a_body_over_a_mebibyte_is_413(stack: Stack) -> None:
    assert await send(stack, {}, io.BytesIO(b"x" * (1024 * 1024 + 1))) == 413


async def test_a_replay_is_answered_and_has_no_effect(stack: Stack) -> None:
    made, message = await stack.propose()
    result = await stack.slack.click(message, APPROVE, user="U0BOB")
    for _ in range(3):
        assert (await stack.slack.replay(result.request)).status == 200
    retried = SignedRequest(result.request.headers | {"X-Slack-Retry-Num": "1"}, result.request.body)
    assert await send(stack, *retried) == 200
    assert len(await stack.cast(made)) == 1
    async with stack.http.get(f"{stack.url}/metrics") as answer:
        assert 'logjedi_requests_replayed_total{channel="slack"}' in await answer.text()


async def test_past_its_time_the_message_says_so_and_nothing_is_recorded(stack: Stack) -> None:
    made, message = await stack.propose(expires_at=datetime.now(UTC) + timedelta(seconds=1.5))
    request = press(stack, message, APPROVE, "U0ALICE")
    shown = await stack.message(made, "Expired: nobody decided in time")
    assert "logjedi_approve" not in json.dumps(shown.content.blocks)
    assert await send(stack, *request) == 200
    assert await stack.told("U0ALICE", "the time to decide is over")
    assert await stack.cast(made) == []


async def test_a_newer_attempt_takes_over_and_closes_the_older_message(stack: Stack) -> None:
    first, old = await stack.propose()
    request = press(stack, old, APPROVE, "U0BOB")
    second, new = await stack.propose(record=first.record, attempt=2)
    assert new.ts != old.ts
    closed = await stack.message(first, "Superseded by a newer proposal")
    assert closed.ts == old.ts
    assert "logjedi_approve" not in json.dumps(closed.content.blocks)
    assert await send(stack, *request) == 200
    assert await stack.told("U0BOB", "this is an older proposal")
    await stack.slack.click(new, APPROVE, user="U0BOB")
    assert [vote.attempt for vote in await stack.cast(second)] == [2]


async def test_advice_has_no_buttons(stack: Stack) -> None:
    given = samples.advice()
    await stack.publish(given)
    message = await stack.slack.until(
        lambda m: "The application exits with 3." in m.plain, timeout=timedelta(seconds=5)
    )
    assert "Advice: no safe patch is known" in message.plain
    assert "logjedi_approve" not in json.dumps(message.content.blocks)


async def test_hostile_text_pings_nobody_and_links_nowhere(stack: Stack) -> None:
    said = "<!channel> <@U0BOB> <http://evil.example|here> *bold* ```x``` :tada: a\u202eb"
    _, message = await stack.propose(diagnosis=samples.diagnosis(summary=said, root_cause=said))
    for block in message.content.blocks:
        assert "mrkdwn" not in json.dumps(block)
    assert "\\u{202e}" in message.plain
    assert "<!channel>" in message.plain
    sent = next(arguments for method, arguments in reversed(stack.slack.api.calls) if method == "chat.postMessage")
    assert sent["unfurl_links"] in {False, "0", "false"}
    assert "<!" not in sent["text"]


async def test_a_change_too_long_to_show_cannot_be_approved_in_chat(stack: Stack) -> None:
    rows = [messages.Change(path=f"spec.p{n}", before='"a"', after='"' + "b" * 400 + '"') for n in range(20)]
    made, message = await stack.propose(changes=rows)
    assert "decide on the page" in message.plain
    assert "more characters" in message.plain
    assert "logjedi_approve" not in json.dumps(message.content.blocks)
    assert made.digest[:12] in message.plain
