"""What a signature and a digest cover: every field, and nothing that may be spelt otherwise."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from logjedi_contracts import digest, signing, votes
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import Action, ActionType, Actor, Change, RecordRef, Target, Verdict, VoteCast
from tests.unit.contracts import golden

KEYS = signing.KeyRing([golden.SIGNER.public(golden.CLUSTER)])
VOTE = golden.vote()
OTHER: dict[str, Any] = {
    "vote_id": "another",
    "record": VOTE.record.model_copy(update={"uid": "another"}),
    "attempt": 3,
    "nonce": "0" * 32,
    "digest": "0" * 64,
    "verdict": Verdict.REJECT,
    "actor": Actor(id="slack:U0MALLORY", name=VOTE.actor.name),
    "channel": "web",
    "at": VOTE.at + timedelta(microseconds=1),
    "reason": "",
    "rule": "another",
    "rule_hash": "0" * 64,
    "min_approvals": 2,
    "expires_at": VOTE.expires_at + timedelta(seconds=1),
    "key_id": signing.generate().key_id,
    "signature": signing.generate().sign(signing.VOTE, b"").value,
}


def test_a_signed_vote_is_believed_also_after_a_journey_through_json() -> None:
    votes.verify(golden.CLUSTER, VOTE, KEYS)
    votes.verify(golden.CLUSTER, VoteCast.model_validate_json(VOTE.model_dump_json()), KEYS)


def test_the_table_names_every_field() -> None:
    assert set(OTHER) == set(VoteCast.model_fields)


@pytest.mark.parametrize("field", sorted(OTHER))
def test_a_vote_with_any_field_changed_is_refused(field: str) -> None:
    changed = VOTE.model_copy(update={field: OTHER[field]})
    assert changed != VOTE
    with pytest.raises(MessageRejected):
        votes.verify(golden.CLUSTER, changed, KEYS)


def test_the_name_shown_for_an_actor_is_covered_too() -> None:
    changed = VOTE.model_copy(update={"actor": VOTE.actor.model_copy(update={"name": "Somebody"})})
    with pytest.raises(MessageRejected):
        votes.verify(golden.CLUSTER, changed, KEYS)


def test_a_vote_is_worthless_in_another_cluster() -> None:
    anywhere = signing.KeyRing([golden.SIGNER.public()])
    votes.verify(golden.CLUSTER, VOTE, anywhere)
    with pytest.raises(MessageRejected, match="does not fit"):
        votes.verify("staging", VOTE, anywhere)


def test_a_record_is_named_by_its_uid_alone() -> None:
    """Names come back with another object; a uid never does. Whoever finds a record by name compares the uid."""
    renamed = VOTE.model_copy(update={"record": RecordRef(namespace="x", name="y", uid=VOTE.record.uid)})
    votes.verify(golden.CLUSTER, renamed, KEYS)


def test_what_a_vote_signs_is_pinned() -> None:
    """Votes in records outlive the code that signed them: the covered bytes of version 1 cannot change."""
    spelt = votes.statement(golden.CLUSTER, VOTE).decode()
    assert spelt == (
        '{"actor":{"id":"slack:U024BE7LH","name":"Alice Müller"},"at":"2026-03-14T09:29:53Z","attempt":2,'
        f'"channel":"slack","cluster":"prod-eu-1","digest":"{golden.DIGEST}","expires_at":"2026-03-14T13:26:53Z",'
        '"min_approvals":1,"nonce":"5d41402abc4b2a76b9719d911017c592","reason":"1.8.2 ran for two weeks",'
        '"record_uid":"0b8a3f52-6a54-4b43-9d0e-4f3c1f7f7a10","rule":"shop",'
        '"rule_hash":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",'
        '"verdict":"approve","vote_id":"9f86d081884c7d65"}'
    )


BOUND = digest.Bound(golden.CLUSTER, golden.TARGET, golden.ACTION, golden.PRE_IMAGE, golden.DIFF_HASH, golden.NONCE)


def target(**changes: str) -> Target:
    return golden.TARGET.model_copy(update=changes)


def action(**changes: Any) -> Action:
    return golden.ACTION.model_copy(update=changes)


CHANGED: list[dict[str, Any]] = [
    {"cluster": "staging"},
    {"target": target(api_version="apps/v2")},
    {"target": target(kind="StatefulSet")},
    {"target": target(namespace="shop-2")},
    {"target": target(name="checkout-2")},
    {"target": target(uid="another")},
    {"action": action(type=ActionType.SCALE)},
    {"action": action(patch_type="application/merge-patch+json")},
    {"action": action(patch="{}")},
    {"action": action(parameters={"revision": "12"})},
    {"pre_image": "{}"},
    {"diff_hash": "0" * 64},
    {"nonce": "0" * 32},
]


@pytest.mark.parametrize("changes", CHANGED, ids=str)
def test_every_part_changes_the_digest(changes: dict[str, Any]) -> None:
    assert digest.of(replace(BOUND, **changes)) != digest.of(BOUND)


def test_the_table_of_parts_is_whole() -> None:
    assert {name for changes in CHANGED for name in changes} == set(digest.Bound.__dataclass_fields__)
    for model, base in ((Target, golden.TARGET), (Action, golden.ACTION)):
        rows = [value for changes in CHANGED for value in changes.values() if isinstance(value, model)]
        touched = {name for row in rows for name in model.model_fields if getattr(row, name) != getattr(base, name)}
        assert touched == set(model.model_fields)


def test_no_two_parts_can_be_shifted_into_one_another() -> None:
    one = replace(BOUND, pre_image="ab", diff_hash="c")
    assert digest.of(one) != digest.of(replace(one, pre_image="a", diff_hash="bc"))


def test_the_digest_is_pinned() -> None:
    """Old approvals must still verify after an upgrade."""
    assert digest.of(BOUND) == golden.DIGEST == digest.of_proposal(golden.CLUSTER, golden.proposal())
    assert golden.DIGEST[: digest.SHOWN_DIGITS] == "bb8142e16a30"


@pytest.mark.parametrize("change", [{"path": "spec.replicas"}, {"before": None}, {"after": "1"}])
def test_every_part_of_a_diff_row_changes_its_hash(change: dict[str, Any]) -> None:
    [row] = golden.CHANGES
    assert digest.of_changes([row.model_copy(update=change)]) != golden.DIFF_HASH


def test_the_order_and_number_of_diff_rows_count() -> None:
    one, two = golden.CHANGES[0], Change(path="spec.replicas", before="1", after="2")
    assert len({digest.of_changes(rows) for rows in ([], [one], [one, two], [two, one], [one, one])}) == 5
