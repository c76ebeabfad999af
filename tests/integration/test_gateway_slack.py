"""Proposal in, message out, click in, signed vote out: with the real bolt, Valkey and HTTP."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from logjedi_contracts import messages
from tests.unit.approval_gateway import stack as stacks
from tests.unit.approval_gateway.stack import Stack


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="lj") as folder, stacks.valkey(Path(folder)) as url:
        yield url


@pytest.fixture(scope="module")
async def stack(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stacks.whole(tmp_path_factory.mktemp("gateway"), redis_url) as made:
        yield made


async def test_a_click_becomes_one_signed_vote(stack: Stack) -> None:
    made, message = await stack.propose()
    assert made.digest[:12] in message.plain
    result = await stack.slack.click(message, "logjedi_approve", user="U0ALICE")
    assert (result.status, result.shown) == (200, "")
    assert "recorded" in await stack.told("U0ALICE", "Your vote is recorded")
    [vote] = await stack.cast(made)
    assert (vote.verdict, vote.actor.id, vote.channel) == (messages.Verdict.APPROVE, "slack:U0ALICE", "slack")
    assert (vote.digest, vote.nonce, vote.rule) == (made.digest, made.nonce, "shop")
    shown = await stack.message(made, "Approval recorded")
    assert not any(block["type"] == "actions" for block in shown.content.blocks)
