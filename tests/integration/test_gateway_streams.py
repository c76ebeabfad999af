"""What comes from operators: believed only when key, cluster, digest and record fit; taken once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from logjedi_contracts import signing, streams
from logjedi_contracts.messages import Phase
from logjedi_contracts.model import Message
from tests.unit.approval_gateway import samples
from tests.unit.approval_gateway import stack as stacks
from tests.unit.approval_gateway.stack import Stack

APPROVE = "logjedi_approve"


def _other_changes() -> Message:
    made = samples.proposal()
    return made.model_copy(update={"changes": [*made.changes, *made.changes]})


def _other_namespace() -> Message:
    made = samples.proposal(incident=samples.incident(target=samples.target(namespace="kube-system")))
    return made.model_copy(update={"record": made.record})


@pytest.mark.parametrize(
    ("message", "changed", "cause"),
    [
        (samples.proposal, {"signer": signing.generate()}, "signed by an unknown key"),
        (samples.proposal, {"cluster": "another"}, "may not speak for cluster"),
        (lambda: samples.proposal(digest="a" * 64), {}, "digest does not fit its content"),
        (lambda: samples.proposal(cluster="another"), {}, "digest does not fit its content"),
        (_other_changes, {}, "diff hash does not fit the diff"),
        (_other_namespace, {}, "not in the record's own namespace"),
        (samples.proposal, {"analysis": "shop-front/another"}, "names another record"),
        (lambda: samples.phase(samples.proposal(), Phase.RESOLVED, 1), {}, "has no place among proposals"),
        (lambda: samples.proposal(record=samples.record("a:b#1")), {}, "characters that it may not have"),
    ],
)
async def test_what_cannot_be_believed_is_parked(stack: Stack, message: Any, changed: Any, cause: str) -> None:
    before = len(await stack.parked())
    await stack.publish(message(), **changed)

    async def parked() -> list[str]:
        return (await stack.parked())[before:]

    [said] = await stack.until(parked)
    assert cause in said


async def test_a_proposal_on_the_outcomes_stream_is_parked(stack: Stack) -> None:
    await stack.publish(samples.proposal(), streams.OUTCOMES)

    async def parked() -> list[str]:
        return await stack.parked(streams.OUTCOMES)

    assert "has no place among outcomes" in (await stack.until(parked))[0]


async def test_a_proposal_delivered_again_is_asked_again_and_posted_once(stack: Stack) -> None:
    made, message = await stack.propose()
    await stack.until(lambda: stack.asked(made))
    await stack.publish(made)

    async def twice() -> bool:
        return len(await stack.asked(made)) == 2

    await stack.until(twice)
    posts = [m for m in stack.slack.messages() if stacks.digest_of(m) == made.digest]
    assert [m.ts for m in posts] == [message.ts]


async def test_a_proposal_delivered_again_after_a_vote_stays_decided(stack: Stack) -> None:
    made, message = await stack.propose()
    await stack.slack.click(message, APPROVE, user="U0BOB")
    await stack.publish(made)
    await asyncio.sleep(0.3)
    await stack.message(made, "Approval recorded")
    assert len(await stack.cast(made)) == 1


async def test_an_older_attempt_that_comes_late_changes_nothing(stack: Stack) -> None:
    record = samples.record()
    new, message = await stack.propose(record=record, attempt=3)
    old = samples.proposal(record=record, attempt=2)
    await stack.publish(old)
    await asyncio.sleep(0.3)
    assert "Waiting for approval" in stack.slack.message(message.ts).plain
    assert await stack.asked(old) == []
    await stack.slack.click(message, APPROVE, user="U0BOB")
    assert len(await stack.cast(new)) == 1


async def test_a_newer_attempt_may_come_while_the_older_is_being_posted(stack: Stack) -> None:
    record = samples.record()
    first, second = samples.proposal(record=record), samples.proposal(record=record, attempt=2)
    stack.slack.fail_next("chat.postMessage", hang_s=0.4)
    await stack.publish(first)
    await asyncio.sleep(0.15)
    await stack.publish(second)
    message = await stack.message(second, "Waiting for approval")
    await stack.slack.click(message, APPROVE, user="U0BOB")
    assert [vote.attempt for vote in await stack.cast(second)] == [2]


async def test_a_stored_proposal_that_somebody_changed_is_not_believed(stack: Stack) -> None:
    made, message = await stack.propose()
    key = f"logjedi:approval:{stack.cluster}:{made.record.uid}"
    sealed = await stack.bus.client.hget(key, "ask")
    assert sealed is not None
    await stack.bus.client.hset(key, "ask", sealed.replace("shop-front", "shop-other"))
    await stack.slack.click(message, APPROVE, user="U0BOB")
    assert await stack.told("U0BOB", "was changed by somebody else")
    assert await stack.cast(made) == []
    async with stack.http.get(f"{stack.url}/") as answer:
        assert answer.status == 200
        assert made.record.uid not in await answer.text()


async def test_the_stored_ask_of_one_record_is_worthless_for_another(stack: Stack) -> None:
    made, message = await stack.propose()
    other, _ = await stack.propose()
    key = f"logjedi:approval:{stack.cluster}:"
    sealed = await stack.bus.client.hget(key + other.record.uid, "ask")
    assert sealed is not None
    await stack.bus.client.hset(key + made.record.uid, "ask", sealed)
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert await stack.told("U0ALICE", "was changed by somebody else")
    assert await stack.cast(made) == []


async def test_chat_that_is_down_delays_the_message_and_loses_nothing(stack: Stack) -> None:
    stack.slack.fail_next("chat.postMessage", status=500, times=2)
    made, _ = await stack.propose()
    [asked] = await stack.until(lambda: stack.asked(made))
    assert "slack" in asked.channels


async def test_an_answer_that_was_lost_does_not_post_twice(stack: Stack) -> None:
    stack.slack.lose_answer("chat.postMessage")
    made, message = await stack.propose()
    await stack.until(lambda: stack.asked(made))
    posts = [m for m in stack.slack.messages() if stacks.digest_of(m) == made.digest]
    assert [m.ts for m in posts] == [message.ts]
    await stack.slack.click(message, APPROVE, user="U0BOB")
    assert len(await stack.cast(made)) == 1


async def test_a_chat_that_refuses_leaves_the_page_and_tells_the_operator(stack: Stack) -> None:
    stack.slack.fail_next("chat.postMessage", error="not_in_channel")
    made = samples.proposal()
    await stack.publish(made)
    [asked] = await stack.until(lambda: stack.asked(made))
    assert asked.channels == ["web"]


async def test_a_message_that_somebody_deleted_changes_no_decision(stack: Stack) -> None:
    made, message = await stack.propose()
    stack.slack.fail_next("chat.update", error="message_not_found")
    await stack.slack.click(message, APPROVE, user="U0BOB")
    assert len(await stack.cast(made)) == 1
    await stack.phase(made, Phase.RESOLVED, 5, terminal=True)
    await stack.message(made, "Resolved")


async def test_rate_limits_are_waited_for(stack: Stack) -> None:
    stack.slack.fail_next("chat.postMessage", status=429)
    made, _ = await stack.propose()
    await stack.slack.until(lambda m: made.digest[:12] in m.plain, timeout=timedelta(seconds=5))
