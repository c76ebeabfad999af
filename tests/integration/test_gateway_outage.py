"""Redis or Slack down, at the start, at the click and in between."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logjedi_contracts.errors import ConfigurationError
from tests.unit.approval_gateway import samples
from tests.unit.approval_gateway import stack as stacks
from tests.unit.approval_gateway.stack import Stack, Valkey

APPROVE = "logjedi_approve"


@pytest.fixture
def server() -> Iterator[Valkey]:
    with stacks.valkey() as made:
        yield made


@pytest.fixture
async def stack(server: Valkey, tmp_path: Path) -> AsyncIterator[Stack]:
    async with stacks.whole(tmp_path, server.url) as made:
        yield made


async def ready(stack: Stack) -> tuple[int, Any]:
    async with stack.http.get(f"{stack.url}/ready") as answer:
        return answer.status, await answer.json()


async def until_ready(stack: Stack, *, wanted: bool) -> Any:
    async with asyncio.timeout(15):
        while True:
            status, said = await ready(stack)
            if (status == 200) == wanted:
                return said
            await asyncio.sleep(0.05)


async def test_redis_stopped_at_the_click_is_told_within_a_second(stack: Stack, server: Valkey) -> None:
    made, message = await stack.propose()
    server.server.stop()
    started = time.monotonic()
    result = await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert await stack.told("U0ALICE", "Not recorded: the approval store does not answer")
    assert time.monotonic() - started < 1.0
    assert result.status == 200
    server.server.start()
    await until_ready(stack, wanted=True)
    assert await stack.cast(made) == []
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert await stack.told("U0ALICE", "Your vote is recorded")
    assert len(await stack.cast(made)) == 1


async def test_a_redis_that_hangs_is_told_within_a_second(stack: Stack, server: Valkey) -> None:
    made, message = await stack.propose()
    server.freeze(frozen=True)
    try:
        started = time.monotonic()
        result = await stack.slack.click(message, APPROVE, user="U0ALICE")
        assert await stack.told("U0ALICE", "Not recorded")
        elapsed_s = time.monotonic() - started
    finally:
        server.freeze(frozen=False)
    assert result.status == 200
    assert elapsed_s < 1.0
    assert await stack.cast(made) == []


async def test_votes_survive_redis_restarting_on_its_volume(stack: Stack, server: Valkey) -> None:
    made, message = await stack.propose()
    await stack.slack.click(message, APPROVE, user="U0BOB")
    server.server.stop()
    said = await until_ready(stack, wanted=False)
    assert said["ready"] is False
    assert "redis" in said["missing"]
    server.server.start()
    assert await until_ready(stack, wanted=True) == {"ready": True, "missing": {}}
    assert len(await stack.cast(made)) == 1
    later, _ = await stack.propose()
    assert await stack.until(lambda: stack.asked(later))


async def test_an_emptied_redis_asks_again_when_the_operator_publishes_again(stack: Stack) -> None:
    made, message = await stack.propose(proposed_at=datetime.now(UTC) - timedelta(minutes=1))
    await stack.bus.client.flushall()
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert await stack.told("U0ALICE", "this approval is not known here")
    await stack.publish(made)
    await stack.until(lambda: stack.asked(made))
    posts = [m for m in stack.slack.messages() if stacks.digest_of(m) == made.digest]
    assert [m.ts for m in posts] == [message.ts], "the message is found again, not posted twice"
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert await stack.told("U0ALICE", "Your vote is recorded")
    assert len(await stack.cast(made)) == 1


async def test_a_click_while_slack_does_not_answer_is_recorded(stack: Stack) -> None:
    made, message = await stack.propose()
    stack.slack.fail_next("*", hang_s=2, times=3)
    started = time.monotonic()
    result = await stack.slack.click(message, APPROVE, user="U0BOB")
    assert result.status == 200
    assert time.monotonic() - started < 1.0
    assert len(await stack.cast(made)) == 1


async def test_a_start_without_redis_and_slack_keeps_trying(tmp_path: Path) -> None:
    stacks.Keys(tmp_path)
    chosen = stacks.settings(
        tmp_path,
        "unix:///nowhere/valkey.sock",
        slack_bot_token="xoxb-test",
        slack_signing_secret=stacks.SECRET,
        slack_channel="C1",
        slack_api_url="http://127.0.0.1:9/api/",
    )
    async with stacks.running(chosen) as gateway:
        await asyncio.sleep(0.5)
        assert gateway.readiness.missing.keys() == {"redis", "slack"}


async def test_a_gateway_that_was_killed_posts_what_it_had_taken_in(server: Valkey, tmp_path: Path) -> None:
    async with stacks.whole(tmp_path, server.url, slack_bot_token=None, slack_signing_secret=None) as first:
        made = samples.proposal()
        await first.publish(made)
        await first.until(lambda: first.asked(made))
    async with stacks.whole(tmp_path, server.url) as second:
        await second.publish(made)
        message = await second.message(made)
        await second.slack.click(message, APPROVE, user="U0BOB")
        assert len(await second.cast(made)) == 1


async def test_a_message_whose_place_was_never_written_down_is_found_again(stack: Stack) -> None:
    made, message = await stack.propose()
    key = f"logjedi:approval:{stack.cluster}:{made.record.uid}"
    await stack.bus.client.hset(key, "post:slack", "{}")
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert await stack.told("U0ALICE", "not ready for clicks yet")
    await stack.publish(made)
    await stack.until(lambda: _has_place(stack, key))
    await stack.slack.click(message, APPROVE, user="U0ALICE")
    assert len(await stack.cast(made)) == 1
    posts = [m for m in stack.slack.messages() if stacks.digest_of(m) == made.digest]
    assert [m.ts for m in posts] == [message.ts]


async def _has_place(stack: Stack, key: str) -> bool:
    return "room" in (await stack.bus.client.hget(key, "post:slack") or "")


async def test_a_port_in_use_names_the_setting(stack: Stack, server: Valkey) -> None:
    port = int(stack.url.rpartition(":")[2])
    chosen = stacks.settings(stack.keys.folder, server.url, gateway_port=port)
    with pytest.raises(ConfigurationError, match="LOGJEDI_GATEWAY_PORT"):
        async with stacks.running(chosen):
            pass
