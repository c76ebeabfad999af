from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_contracts import signing, votes
from logjedi_contracts.messages import Actor, RecordRef, Verdict, VoteCast
from logjedi_operator.domain import approvals
from logjedi_operator.domain.approvals import Outcome, Standing

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
GATEWAY = signing.generate()
STRANGER = signing.generate()
KEYS = signing.KeyRing([GATEWAY.public("prod")])
STANDING = Standing("uid-1", 2, "a" * 32, "b" * 64, NOW + timedelta(hours=4))


def unsigned(person: str = "slack:U1", verdict: Any = Verdict.APPROVE, **changes: Any) -> Any:
    fields = {
        "vote_id": f"{person}-{verdict}",
        "record": RecordRef(namespace="web", name="r", uid="uid-1"),
        "attempt": 2,
        "nonce": "a" * 32,
        "digest": "b" * 64,
        "verdict": verdict,
        "actor": Actor(id=person, name=person),
        "channel": "slack",
        "at": NOW,
        "rule_hash": "c" * 64,
        "min_approvals": 1,
        "expires_at": NOW + timedelta(hours=1),
        "key_id": "",
        "signature": "",
    }
    return VoteCast(**(fields | changes))


def vote(
    person: str = "slack:U1",
    verdict: Any = Verdict.APPROVE,
    *,
    signer: Any = GATEWAY,
    cluster: Any = "prod",
    **changes: Any,
) -> Any:
    return votes.sign(cluster, unsigned(person, verdict, **changes), signer)


def judge(*cast: Any, standing: Any = STANDING, required: Any = 1) -> Any:
    return approvals.judge(list(cast), standing, KEYS, "prod", required)


def test_one_valid_approval_approves() -> None:
    decision = judge(vote())
    assert (decision.outcome, [actor.id for actor in decision.by], decision.spurned) == (
        Outcome.APPROVED,
        ["slack:U1"],
        (),
    )


def test_no_vote_waits() -> None:
    assert judge().outcome is Outcome.WAITING


def test_people_are_counted_not_votes() -> None:
    twice = [vote(vote_id="1"), vote(vote_id="2"), vote(" slack:U1 ", vote_id="3")]
    assert judge(*twice, required=2).outcome is Outcome.WAITING
    assert judge(*twice, vote("web:bob"), required=2).outcome is Outcome.APPROVED


@pytest.mark.parametrize(
    ("policy", "proposal", "rule", "needed"),
    [(1, 1, 1, 1), (2, 1, 1, 2), (1, 2, 1, 2), (1, 1, 2, 2), (1, 3, 2, 3), (0, 1, 1, 1), (-5, 0, 1, 1)],
)
def test_the_greatest_number_counts(policy: Any, proposal: Any, rule: Any, needed: Any) -> None:
    standing = Standing("uid-1", 2, "a" * 32, "b" * 64, NOW + timedelta(hours=4), proposal)
    people = [vote(f"web:{name}", min_approvals=rule) for name in "abc"]
    for count in range(4):
        decision = approvals.judge(people[:count], standing, KEYS, "prod", policy)
        assert (decision.outcome is Outcome.APPROVED) == (count >= needed)
    assert decision.required == needed


def test_one_strict_rule_among_the_votes_binds_all() -> None:
    assert judge(vote("web:a"), vote("web:b", min_approvals=3)).outcome is Outcome.WAITING


def test_one_valid_rejection_ends_it() -> None:
    decision = judge(vote("web:a"), vote("web:b"), vote("web:c", Verdict.REJECT))
    assert decision.outcome is Outcome.REJECTED
    assert [actor.id for actor in decision.by] == ["web:c"]


def test_whoever_approves_and_rejects_has_rejected() -> None:
    assert judge(vote(), vote(verdict=Verdict.REJECT)).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("cast", "cause"),
    [
        (vote(signer=STRANGER), "unknown key"),
        (unsigned(), "unknown key"),
        (vote(cluster="staging"), "does not fit"),
        (vote().model_copy(update={"actor": Actor(id="web:boss")}), "does not fit"),
        (vote(verdict=Verdict.REJECT).model_copy(update={"verdict": Verdict.APPROVE}), "does not fit"),
        (vote(min_approvals=2).model_copy(update={"min_approvals": 1}), "does not fit"),
        (vote(record=RecordRef(namespace="web", name="r", uid="uid-2")), "another record"),
        (
            vote(record=RecordRef(namespace="web", name="r", uid="uid-2")).model_copy(
                update={"record": RecordRef(namespace="web", name="r", uid="uid-1")}
            ),
            "does not fit",
        ),
        (vote(attempt=1), "attempt 1"),
        (vote(nonce="d" * 32), "older proposal"),
        (vote(digest="e" * 64), "digest eeeeeeeeeeee"),
        (vote(actor=Actor(id=" ")), "names no person"),
        (vote(at=NOW + timedelta(hours=2)), "after its own expiry"),
        (vote(expires_at=NOW + timedelta(hours=5)), "longer than the proposal"),
        (vote(at=NOW.replace(tzinfo=None)), "no time zone"),
        (vote(expires_at=(NOW + timedelta(hours=1)).replace(tzinfo=None)), "no time zone"),
    ],
)
def test_a_vote_that_does_not_fit_counts_for_nothing_and_says_why(cast: Any, cause: Any) -> None:
    decision = judge(cast)
    assert decision.outcome is Outcome.WAITING
    assert decision.by == ()
    assert cause in decision.problem_of(cast.vote_id)
    assert cast.signature not in decision.problem_of(cast.vote_id) or not cast.signature


def test_an_invalid_rejection_ends_nothing_and_an_invalid_rule_binds_nobody() -> None:
    forged = vote("web:x", Verdict.REJECT, signer=STRANGER, min_approvals=9)
    decision = judge(forged, vote())
    assert decision.outcome is Outcome.APPROVED
    assert decision.required == 1
    assert [each.vote_id for each in decision.spurned] == [forged.vote_id]


def test_a_vote_at_the_very_expiry_counts() -> None:
    assert judge(vote(at=NOW + timedelta(hours=4), expires_at=NOW + timedelta(hours=4))).outcome is Outcome.APPROVED


def test_a_key_of_another_cluster_approves_nothing_here() -> None:
    keys = signing.KeyRing([GATEWAY.public("staging")])
    decision = approvals.judge([vote()], STANDING, keys, "prod", 1)
    assert decision.outcome is Outcome.WAITING
    assert "may not speak" in decision.spurned[0].cause


POOL = [vote(f"web:{name}", verdict, vote_id=f"{name}{verdict}") for name in "abc" for verdict in Verdict] + [
    vote("web:d", signer=STRANGER),
    vote("web:e", nonce="d" * 32),
]


@given(st.lists(st.sampled_from(POOL), max_size=8), st.integers(1, 3), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(cast: Any, required: Any, random: Any) -> None:
    shuffled = [*cast, *cast]
    random.shuffle(shuffled)
    one, two = judge(*cast, required=required), judge(*shuffled, required=required)
    assert (one.outcome, {actor.id for actor in one.by}) == (two.outcome, {actor.id for actor in two.by})
    valid = [each for each in cast if each in POOL[:-2]]
    rejected = any(each.verdict is Verdict.REJECT for each in valid)
    people = {each.actor.id for each in valid if each.verdict is Verdict.APPROVE}
    expected = Outcome.REJECTED if rejected else Outcome.APPROVED if len(people) >= required else Outcome.WAITING
    assert one.outcome is expected
