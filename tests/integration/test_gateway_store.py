"""The approval store on a real Valkey: every answer of the compare-and-set, and what races."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logjedi_approval_gateway.adapters.redis.store import RedisApprovalStore
from logjedi_approval_gateway.domain.approval import Approval, Ask, Place, Post, State
from logjedi_approval_gateway.domain.seal import Seal
from logjedi_approval_gateway.ports.store import Ballot, Opened, Recorded
from logjedi_contracts import bus as buses
from logjedi_contracts import messages, signing, streams
from logjedi_contracts.messages import Phase, Verdict
from tests.unit.approval_gateway import cards, samples

GATEWAY = signing.generate()


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[buses.Bus]:
    async with buses.connect(redis_url) as made:
        await made.client.flushall()
        yield made


@pytest.fixture
def store(bus: buses.Bus) -> RedisApprovalStore:
    return RedisApprovalStore(bus.client, Seal.derived(GATEWAY, "store"))


def ballot(ask: Ask, actor: str = "slack:U1", verdict: Verdict = Verdict.APPROVE, **changed: Any) -> Ballot:
    known: dict[str, Any] = {
        "vote_id": actor,
        "record": ask.message.record,
        "attempt": ask.attempt,
        "nonce": ask.nonce,
        "digest": ask.digest,
        "verdict": verdict,
        "actor": messages.Actor(id=actor),
        "channel": "slack",
        "at": datetime.now(UTC),
        "rule_hash": "h",
        "min_approvals": 1,
        "expires_at": ask.expires_at,
        "key_id": "k",
        "signature": "s",
    }
    quorum = changed.pop("quorum", 1)
    return Ballot(ask.ref, messages.VoteCast(**(known | changed)), quorum, {"body": "b", "key": "k", "signature": "s"})


async def entries(bus: buses.Bus) -> int:
    return int(await bus.client.xlen(streams.decisions(samples.CLUSTER)))


async def loaded(store: RedisApprovalStore, ask: Ask) -> Approval:
    approval = await store.load(ask.ref)
    assert approval is not None
    return approval


async def test_what_is_stored_comes_back(store: RedisApprovalStore) -> None:
    ask = cards.ask()
    assert await store.open(ask) is Opened.NEW
    approval = await loaded(store, ask)
    assert approval.ask == ask
    assert (approval.state, approval.votes, approval.phases, approval.posts) == (State.OPEN, (), (), {})


async def test_every_answer(store: RedisApprovalStore, bus: buses.Bus) -> None:
    ask = cards.ask()
    assert await store.record(ballot(ask)) is Recorded.UNKNOWN
    await store.open(ask)
    assert await store.record(ballot(ask, digest="0" * 64)) is Recorded.CHANGED
    assert await store.record(ballot(ask, nonce="0" * 32)) is Recorded.CHANGED
    assert await entries(bus) == 0
    assert await store.record(ballot(ask, quorum=2)) is Recorded.RECORDED
    assert await store.record(ballot(ask, quorum=2)) is Recorded.DUPLICATE
    assert await store.record(ballot(ask, "slack:U2", quorum=2)) is Recorded.RECORDED
    assert await store.record(ballot(ask, "slack:U3")) is Recorded.DECIDED
    assert await entries(bus) == 2
    assert (await loaded(store, ask)).state is State.APPROVED


async def test_redis_own_clock_decides_on_expiry(store: RedisApprovalStore, bus: buses.Bus) -> None:
    ask = cards.ask(expires_at=datetime.now(UTC) - timedelta(milliseconds=1))
    await store.open(ask)
    assert await store.record(ballot(ask)) is Recorded.EXPIRED
    assert (await loaded(store, ask)).state is State.EXPIRED
    assert await entries(bus) == 0
    assert await store.expire() == 0


async def test_the_sweep_closes_what_is_past_its_time_and_nothing_else(store: RedisApprovalStore) -> None:
    past, future = cards.ask(expires_at=datetime.now(UTC) - timedelta(milliseconds=1)), cards.ask()
    await store.open(past)
    await store.open(future)
    assert await store.expire() == 1
    assert (await loaded(store, past)).state is State.EXPIRED
    assert (await loaded(store, future)).state is State.OPEN


async def test_the_cluster_moving_on_ends_the_ask(store: RedisApprovalStore) -> None:
    ask = cards.ask()
    await store.open(ask)
    assert ask.proposal is not None
    await store.advance(ask.ref, samples.phase(ask.proposal, Phase.RECOVERED, 4, terminal=True))
    assert await store.record(ballot(ask)) is Recorded.ENDED
    assert (await loaded(store, ask)).finished


@pytest.mark.parametrize("round_", range(5))
async def test_two_hundred_racing_votes_have_one_winner(store: RedisApprovalStore, bus: buses.Bus, round_: int) -> None:
    ask = cards.ask()
    await store.open(ask)
    verdicts = random.Random(round_).choices(list(Verdict), k=200)  # noqa: S311 - repeatable, not secret
    race = [ballot(ask, f"slack:U{number}", verdict) for number, verdict in enumerate(verdicts)]
    answers = await asyncio.gather(*(store.record(one) for one in race))
    assert sorted(answers, key=str).count(Recorded.RECORDED) == 1
    assert answers.count(Recorded.DECIDED) == 199
    assert await entries(bus) == 1
    approval = await loaded(store, ask)
    assert approval.votes == (race[answers.index(Recorded.RECORDED)].vote,)


async def test_a_stream_that_was_spoilt_records_nothing(store: RedisApprovalStore, bus: buses.Bus) -> None:
    ask = cards.ask()
    await store.open(ask)
    await bus.client.set(streams.decisions(samples.CLUSTER), "not a stream")
    with pytest.raises(Exception, match="WRONGTYPE"):
        await store.record(ballot(ask))
    assert (await loaded(store, ask)).votes == ()


async def test_phases_keep_their_order_whatever_order_they_come_in(store: RedisApprovalStore) -> None:
    ask = cards.ask()
    await store.open(ask)
    assert ask.proposal is not None
    for sequence in (3, 1, 2, 3):
        await store.advance(ask.ref, samples.phase(ask.proposal, Phase.APPLYING, sequence))
    assert [phase.sequence for phase in (await loaded(store, ask)).phases] == [1, 2, 3]


async def test_a_newer_attempt_sets_the_older_aside(store: RedisApprovalStore) -> None:
    first = cards.ask()
    second = cards.ask(samples.proposal(record=first.message.record, attempt=2))
    await store.open(first)
    assert await store.open(second) is Opened.NEW
    assert await store.open(first) is Opened.OLDER
    assert await store.open(second) is Opened.AGAIN
    assert {(ref.attempt, (await store.load(ref)).state) for ref in await store.due(9)} == {  # type: ignore[union-attr]
        (None, State.OPEN),
        (1, State.SUPERSEDED),
    }


async def test_notes_about_an_older_attempt_stay_with_it(store: RedisApprovalStore) -> None:
    first = cards.ask()
    second = cards.ask(samples.proposal(record=first.message.record, attempt=2))
    await store.open(first)
    await store.open(second)
    post = Post(Place("C1", "1.2"), 3, 4, "")
    await store.keep_post(first, "slack", post)
    await store.keep_told(first)
    newer = await loaded(store, second)
    assert (newer.posts, newer.told_operator) == ({}, False)
    older = next(one for one in await store.recent(9) if one.ask.attempt == 1)
    assert older.posts == {"slack": post}


async def test_what_changed_meanwhile_stays_due(store: RedisApprovalStore) -> None:
    ask = cards.ask()
    await store.open(ask)
    await store.keep_told(ask)
    painted = await loaded(store, ask)
    await store.record(ballot(ask))
    await store.settle(painted)
    assert await store.due(9) == [ask.ref]
    await store.settle(await loaded(store, ask))
    assert await store.due(9) == []


async def test_what_the_operator_was_not_told_stays_due(store: RedisApprovalStore) -> None:
    ask = cards.ask()
    await store.open(ask)
    await store.settle(await loaded(store, ask))
    assert await store.due(9) == [ask.ref]


async def test_what_is_put_off_is_not_due_yet(store: RedisApprovalStore) -> None:
    ask = cards.ask()
    await store.open(ask)
    await store.postpone(ask.ref, 60)
    assert await store.due(9) == []


async def test_one_replica_paints_at_a_time(store: RedisApprovalStore) -> None:
    ref = cards.ask().ref
    assert await store.lease(ref, "a")
    assert not await store.lease(ref, "b")
    await store.release(ref, "b")
    assert not await store.lease(ref, "b")
    await store.release(ref, "a")
    assert await store.lease(ref, "b")


async def test_only_what_is_over_is_forgotten(store: RedisApprovalStore) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=31)
    over = cards.ask(asked_at=long_ago, expires_at=long_ago)
    still_open = cards.ask(asked_at=long_ago)
    recent = cards.ask(expires_at=long_ago)
    for ask in (over, still_open, recent):
        await store.open(ask)
    await store.expire()
    assert await store.forget(timedelta(days=30)) == 1
    assert await store.load(over.ref) is None
    assert len(await store.recent(9)) == 2


async def test_a_request_is_new_once(store: RedisApprovalStore) -> None:
    assert await store.first_time("v0=abc")
    assert not await store.first_time("v0=abc")
    assert await store.first_time("v0=abd")
