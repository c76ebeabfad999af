import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_approval_gateway.channels.slack import parse
from logjedi_approval_gateway.domain.approval import Place, Ref
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import Verdict

NONCE = "0123456789abcdef" * 2
VALUE = json.dumps(["arn:aws:eks:eu:1:cluster/x", "uid-1", NONCE])


def payload(**changed: Any) -> dict[str, Any]:
    known = {
        "type": "block_actions",
        "api_app_id": "A1",
        "team": {"id": "T1"},
        "user": {"id": "U1", "username": "alice", "team_id": "T1"},
        "container": {"type": "message", "channel_id": "C1", "message_ts": "1.2"},
        "actions": [{"action_id": "logjedi_approve", "value": VALUE, "type": "button"}],
    }
    return known | changed


def action(**changed: Any) -> dict[str, Any]:
    return payload(actions=[{"action_id": "logjedi_approve", "value": VALUE} | changed])


def test_an_honest_click() -> None:
    click = parse.click(payload())
    assert click.ref == Ref("arn:aws:eks:eu:1:cluster/x", "uid-1")
    assert (click.nonce, click.verdict, click.place) == (NONCE, Verdict.APPROVE, Place("C1", "1.2"))
    assert (click.actor.id, click.actor.name) == ("slack:U1", "alice")
    assert parse.click(action(action_id="logjedi_reject")).verdict is Verdict.REJECT


@pytest.mark.parametrize(
    "hostile",
    [
        payload(type="view_submission"),
        payload(actions=[]),
        payload(actions=None),
        payload(actions=[1]),
        payload(actions=[{}, {}]),
        payload(user=None),
        payload(user={}),
        payload(user={"id": 5}),
        payload(user={"id": "U1 slack:U2"}),
        payload(user={"id": "u1"}),
        payload(container=None),
        payload(container={"channel_id": 1, "message_ts": "1.2"}),
        action(action_id="other"),
        action(value=None),
        action(value=5),
        action(value="x"),
        action(value="[]"),
        action(value='{"a":1,"b":2,"c":3}'),
        action(value=json.dumps(["c", "u", "short"])),
        action(value=json.dumps(["c", "u", NONCE, "more"])),
        action(value=json.dumps(["c", 1, NONCE])),
        action(value=json.dumps(["c", "u:1", NONCE])),
        action(value=json.dumps(["c", "u#1", NONCE])),
        action(value=json.dumps(["c\n", "u", NONCE])),
        action(value=json.dumps(["", "u", NONCE])),
        action(value="[" * 1999),
        action(value="x" * 2001),
    ],
)
def test_a_hostile_payload_is_rejected_without_being_quoted(hostile: dict[str, Any]) -> None:
    with pytest.raises(MessageRejected) as caught:
        parse.click(hostile)
    assert NONCE not in str(caught.value)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_value_is_read_or_rejected(value: Any) -> None:
    for part in ("user", "actions", "container", "team"):
        try:
            parse.click(payload(**{part: value}))
        except MessageRejected:
            continue


@pytest.mark.parametrize(
    ("changed", "foreign"),
    [
        ({}, False),
        ({"team": {"id": "T2"}}, True),
        ({"user": {"id": "U1", "team_id": "T2"}}, True),
        ({"user": {"id": "U1"}}, False),
        ({"team": None}, False),
        ({"api_app_id": "A2"}, True),
        ({"api_app_id": None}, False),
    ],
)
def test_where_a_click_comes_from(changed: dict[str, Any], *, foreign: bool) -> None:
    assert parse.foreign(payload(**changed), team="T1", app="A1") is foreign


def test_what_is_not_known_yet_is_not_compared() -> None:
    assert not parse.foreign(payload(), team="", app="")
