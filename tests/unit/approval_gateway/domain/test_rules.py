from datetime import timedelta
from typing import Any

import pytest

from logjedi_approval_gateway.domain.rules import Match, People, Rule, Rules, Subject
from logjedi_contracts.messages import Actor

SUBJECT = Subject("prod-eu", "shop-front", "critical", "k8s_patch")
ALICE, BOB = Actor(id="slack:U1"), Actor(id="slack:U2")


def people(**ids: set[str]) -> People:
    return People(ids={channel: frozenset(some) for channel, some in ids.items()})


def rule(**changed: Any) -> Rule:
    return Rule(**({"name": "shop", "match": Match(), "approvers": people(slack={"U1"})} | changed))


@pytest.mark.parametrize(
    ("match", "covers"),
    [
        (Match(), True),
        (Match(clusters=("*",)), True),
        (Match(clusters=("prod-*",), namespaces=("shop-*",)), True),
        (Match(namespaces=("shop",)), False),
        (Match(namespaces=("SHOP-*",)), False),
        (Match(clusters=("staging",)), False),
        (Match(severities=("warning",)), False),
        (Match(severities=("warning", "critical")), True),
        (Match(actions=("scale",)), False),
        (Match(actions=("k8s_patch",)), True),
    ],
)
def test_matching(match: Match, *, covers: bool) -> None:
    assert match.covers(SUBJECT) is covers


def test_the_first_matching_rule_wins() -> None:
    rules = Rules((rule(name="no", match=Match(namespaces=("x",))), rule(name="first"), rule(name="second")))
    found = rules.find(SUBJECT)
    assert found is not None
    assert found.name == "first"


@pytest.mark.parametrize(
    ("made", "actor", "may"),
    [
        (rule(), ALICE, True),
        (rule(), BOB, False),
        (rule(), Actor(id="web:U1"), False),
        (rule(), Actor(id="U1"), False),
        (rule(), Actor(id=""), False),
        (rule(approvers=People()), ALICE, False),
        (rule(approvers=People(groups={"slack": frozenset({"S1"})})), ALICE, False),
        (rule(deny=people(slack={"U1"})), ALICE, False),
        (rule(deny=people(web={"alice"})), ALICE, False),
    ],
)
def test_who_may_decide(made: Rule, actor: Actor, *, may: bool) -> None:
    rules = Rules((made,), {"slack:U1": "Alice", "web:alice": "Alice"})
    assert rules.may_decide(made, actor) is may


def test_one_person_has_one_id_whatever_the_channel() -> None:
    rules = Rules(people={"slack:U1": "Alice", "web:alice": "Alice", "web:bob": "Bob"})
    assert rules.person(ALICE) == rules.person(Actor(id="web:alice")) == Actor(id="slack:U1", name="Alice")
    assert rules.person(BOB) == BOB


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"match": Match(namespaces=("a",))},
        {"match": Match(clusters=("a",))},
        {"approvers": people(slack={"U1", "U2"})},
        {"approvers": people(web={"U1"})},
        {"deny": people(slack={"U9"})},
        {"min_approvals": 2},
        {"expires_after": timedelta(hours=5)},
    ],
)
def test_the_hash_covers_every_part(changed: dict[str, Any]) -> None:
    assert rule(**changed).hash != rule().hash
    assert rule().hash == rule().hash
