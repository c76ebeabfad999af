"""The approval store in Redis (6.2 or newer).

Each change that must not race is one Lua script, which Redis runs alone; scripts stand in files beside this module.
Redis errors become ``DependencyDown`` here and nowhere else.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from logjedi_approval_gateway.adapters.redis import codec, keys
from logjedi_approval_gateway.domain.approval import STILL_OPEN, Approval, Ask, Post, Ref, State
from logjedi_approval_gateway.domain.seal import Seal
from logjedi_approval_gateway.ports.store import Ballot, Opened, Recorded
from logjedi_contracts import logs, streams
from logjedi_contracts.errors import DependencyDown, MessageRejected
from logjedi_contracts.messages import PhaseChanged

log = logs.get(__name__)
LEASE_MS = 20_000
"""Longer than painting takes; a killed replica's lease runs out by itself."""
REPLAY_WINDOW_S = 600
"""Twice the age that a signed request may have."""
_SCRIPTS = ("open", "decide", "advance", "expire", "settle", "note", "release")


class RedisApprovalStore:
    """Implements ``ApprovalStore`` on the bus's client."""

    def __init__(self, client: redis.Redis, seal: Seal) -> None:
        self._client = client
        self._codec = codec.Codec(seal)
        self._script: dict[str, Any] = {name: client.register_script(_source(name)) for name in _SCRIPTS}

    async def now(self) -> datetime:
        with _answering():
            seconds, microseconds = await self._client.time()
        return codec.moment(int(seconds), int(microseconds))

    async def open(self, ask: Ask) -> Opened:
        proposal = ask.proposal
        proposed_at = proposal.proposed_at if proposal else ask.asked_at
        names = [keys.approval(ask.ref), keys.outcome(ask.ref), keys.OPEN, keys.RECENT, keys.DIRTY]
        values = [
            ask.attempt, ask.digest, ask.nonce, codec.milliseconds(proposed_at), codec.milliseconds(ask.expires_at),
            (State.OPEN if proposal else State.ADVICE).value, self._codec.ask(ask), codec.milliseconds(ask.asked_at),
        ]  # fmt: skip
        return Opened(await self._run("open", names, values))

    async def load(self, ref: Ref) -> Approval | None:
        with _answering():
            fields, outcome = await self._read([ref])
        return self._codec.approval(ref, fields, outcome) if fields else None

    async def record(self, ballot: Ballot) -> Recorded:
        vote = ballot.vote
        names = [keys.approval(ballot.ref), streams.decisions(ballot.ref.cluster), keys.OPEN, keys.DIRTY]
        entry = [part for field in ballot.entry.items() for part in field]
        values = [
            vote.digest, vote.nonce, vote.actor.id, vote.verdict.value, ballot.quorum,
            codec.milliseconds(vote.expires_at), self._codec.vote(ballot.ref, vote), *entry,
        ]  # fmt: skip
        return Recorded(await self._run("decide", names, values))

    async def advance(self, ref: Ref, changed: PhaseChanged) -> None:
        names = [
            keys.outcome(ref), keys.approval(ref), keys.archived(ref, changed.attempt), keys.OPEN, keys.DIRTY,
        ]  # fmt: skip
        ends = 0 if changed.phase in STILL_OPEN else 1
        await self._run("advance", names, [changed.sequence, changed.attempt, ends, self._codec.phase(ref, changed)])

    async def recent(self, limit: int) -> list[Approval]:
        with _answering():
            found = [keys.ref(str(key)) for key in await self._client.zrevrange(keys.RECENT, 0, limit - 1)]
            answers = await self._read(found)
        pairs = zip(found, answers[::2], answers[1::2], strict=True)
        return [approval for row in pairs if (approval := self._tolerant(*row)) is not None]

    async def expire(self) -> int:
        return int(await self._run("expire", [keys.OPEN, keys.DIRTY], [100]))

    async def forget(self, before: timedelta) -> int:
        limit = codec.milliseconds(await self.now() - before)
        with _answering():
            old = [str(key) for key in await self._client.zrangebyscore(keys.RECENT, "-inf", limit, start=0, num=100)]
            states = [await self._client.hget(key, "state") for key in old]
            gone = [key for key, state in zip(old, states, strict=True) if state != State.OPEN]
            if gone:
                async with self._client.pipeline(transaction=True) as step:
                    step.delete(*gone)
                    step.zrem(keys.RECENT, *gone)
                    step.zrem(keys.DIRTY, *gone)
                    await step.execute()
        return len(gone)

    async def due(self, limit: int) -> list[Ref]:
        until = codec.milliseconds(await self.now())
        with _answering():
            found = await self._client.zrangebyscore(keys.DIRTY, "-inf", until, start=0, num=limit)
        return [keys.ref(str(key)) for key in found]

    async def settle(self, painted: Approval) -> None:
        ask = painted.ask
        await self._run("settle", [keys.approval(ask.ref), keys.DIRTY], [ask.attempt, ask.digest, painted.version])

    async def drop(self, ref: Ref) -> None:
        with _answering():
            await self._client.zrem(keys.DIRTY, keys.approval(ref))

    async def postpone(self, ref: Ref, delay_s: float) -> None:
        later = codec.milliseconds(await self.now() + timedelta(seconds=delay_s))
        with _answering():
            await self._client.zadd(keys.DIRTY, {keys.approval(ref): later}, xx=True)

    async def keep_post(self, ask: Ask, channel: str, post: Post) -> None:
        await self._note(ask, f"post:{channel}", codec.post(post))

    async def keep_told(self, ask: Ask) -> None:
        await self._note(ask, "told", "1")

    async def lease(self, ref: Ref, holder: str) -> bool:
        with _answering():
            return bool(await self._client.set(keys.lease(ref), holder, nx=True, px=LEASE_MS))

    async def release(self, ref: Ref, holder: str) -> None:
        await self._run("release", [keys.lease(ref)], [holder])

    async def first_time(self, request: str) -> bool:
        name = keys.request(hashlib.sha256(request.encode()).hexdigest())
        with _answering():
            return bool(await self._client.set(name, "1", nx=True, ex=REPLAY_WINDOW_S))

    async def _note(self, ask: Ask, field: str, value: str) -> None:
        names = [keys.approval(ask.ref), keys.archived(ask.ref, ask.attempt)]
        await self._run("note", names, [ask.attempt, ask.digest, field, value])

    async def _read(self, refs: list[Ref]) -> list[dict[str, str]]:
        """Read approval and outcome of each: twice as many hashes as refs, side by side."""
        async with self._client.pipeline(transaction=False) as step:
            for ref in refs:
                step.hgetall(keys.approval(ref))
                step.hgetall(keys.outcome(ref))
            answers: list[dict[str, str]] = await step.execute()
        return answers

    def _tolerant(self, ref: Ref, fields: dict[str, str], outcome: dict[str, str]) -> Approval | None:
        try:
            return self._codec.approval(ref, fields, outcome) if fields else None
        except MessageRejected as error:
            log.error("stored approval is not believed and not listed", uid=ref.uid, cause=str(error))
            return None

    async def _run(self, script: str, names: list[str], values: list[Any]) -> Any:
        with _answering():
            return await self._script[script](keys=names, args=values)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise DependencyDown("redis", f"{type(error).__name__}: {error}") from error


def _source(name: str) -> str:
    return (resources.files(__package__) / f"{name}.lua").read_text()
