"""Between an approval and the fields of its hashes. Whatever decides anything is sealed; see ``domain.seal``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from logjedi_approval_gateway.domain.approval import Approval, Ask, Place, Post, Ref, State
from logjedi_approval_gateway.domain.seal import Seal
from logjedi_contracts import canonical
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import AdviceGiven, PhaseChanged, ProposalMade, VoteCast
from logjedi_contracts.model import Message

Fields = Mapping[str, str]


class _StoredAsk(Message):
    """An ask as it is spelt in Redis."""

    analysis: str
    proposal: ProposalMade | None = None
    advice: AdviceGiven | None = None
    asked_at: datetime
    expires_at: datetime
    rule: str
    rule_hash: str
    min_approvals: int
    approvers: list[str]


class Codec:
    """Reads and writes with one seal."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def ask(self, ask: Ask) -> str:
        stored = _StoredAsk(
            analysis=ask.analysis,
            proposal=ask.proposal,
            advice=ask.message if isinstance(ask.message, AdviceGiven) else None,
            asked_at=ask.asked_at,
            expires_at=ask.expires_at,
            rule=ask.rule,
            rule_hash=ask.rule_hash,
            min_approvals=ask.min_approvals,
            approvers=list(ask.approvers),
        )
        return self._seal.close(_place(ask.ref, "ask"), _spell(stored))

    def vote(self, ref: Ref, vote: VoteCast) -> str:
        return self._seal.close(_place(ref, f"vote#{vote.attempt}"), _spell(vote))

    def phase(self, ref: Ref, changed: PhaseChanged) -> str:
        return self._seal.close(_place(ref, "phase"), _spell(changed))

    def approval(self, ref: Ref, fields: Fields, outcome: Fields) -> Approval:
        """Read both hashes. Raises ``MessageRejected`` when something sealed was changed."""
        try:
            ask = self._ask(ref, fields["ask"])
            return Approval(
                ask=ask,
                state=State(fields["state"]),
                votes=self._votes(ref, ask.attempt, fields),
                phases=self._phases(ref, ask.attempt, outcome),
                posts={name: post for name, post in map(_post, _under("post:", fields).items()) if post},
                version=int(fields["version"]),
                told_operator=fields.get("told") == "1",
            )
        except (KeyError, ValueError, ValidationError) as error:
            raise MessageRejected(f"approval {ref.uid} is not readable ({type(error).__name__})") from error

    def _ask(self, ref: Ref, sealed: str) -> Ask:
        stored = _StoredAsk.read(json.loads(self._seal.open(_place(ref, "ask"), sealed)))
        message = stored.proposal or stored.advice
        if message is None:
            raise ValueError("neither a proposal nor an advice")
        return Ask(
            ref=ref,
            analysis=stored.analysis,
            message=message,
            asked_at=stored.asked_at,
            expires_at=stored.expires_at,
            rule=stored.rule,
            rule_hash=stored.rule_hash,
            min_approvals=stored.min_approvals,
            approvers=tuple(stored.approvers),
        )

    def _votes(self, ref: Ref, attempt: int, fields: Fields) -> tuple[VoteCast, ...]:
        sealed = _under("vote:", fields).values()
        place = _place(ref, f"vote#{attempt}")
        votes = [VoteCast.read(json.loads(self._seal.open(place, one))) for one in sealed]
        return tuple(sorted(votes, key=lambda vote: vote.at))

    def _phases(self, ref: Ref, attempt: int, outcome: Fields) -> tuple[PhaseChanged, ...]:
        place = _place(ref, "phase")
        sealed = _under("phase:", outcome).values()
        phases = [PhaseChanged.read(json.loads(self._seal.open(place, one))) for one in sealed]
        return tuple(sorted((p for p in phases if p.attempt == attempt), key=lambda phase: phase.sequence))


def post(kept: Post) -> str:
    return canonical.dumps(asdict(kept))


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def moment(seconds: int, microseconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


def _post(item: tuple[str, str]) -> tuple[str, Post | None]:
    """Read what a channel was shown; it decides nothing, so what is not readable counts as not there."""
    name, spelt = item
    try:
        content: dict[str, Any] = json.loads(spelt)
        place = Place(**content.pop("place")) if content.get("place") else None
        return name, replace(Post(**{**content, "place": None}), place=place)
    except (ValueError, TypeError, KeyError):
        return name, None


def _spell(message: Message) -> str:
    return canonical.dumps(message.model_dump(mode="json"))


def _place(ref: Ref, what: str) -> str:
    return f"{ref.cluster}:{ref.uid}:{what}"


def _under(prefix: str, fields: Fields) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in fields.items() if name.startswith(prefix)}
