"""Slack's ``block_actions`` to a click: pure, and suspicious of every field.

The request is already known to come from Slack; who may decide is not decided here.
Reference: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from logjedi_approval_gateway.channels.slack import NAME
from logjedi_approval_gateway.channels.slack.render import APPROVE, REJECT
from logjedi_approval_gateway.domain.approval import Place, Ref
from logjedi_approval_gateway.domain.decision import Click
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.messages import Actor, RecordRef, Verdict

_VERDICTS = {APPROVE: Verdict.APPROVE, REJECT: Verdict.REJECT}
_USER = re.compile(r"[A-Z0-9]{2,32}")
_NONCE = re.compile(r"[0-9a-f]{32}")


def click(payload: Mapping[str, Any]) -> Click:
    """Understand a click on one of our buttons. Raises ``MessageRejected`` without quoting the payload."""
    if payload.get("type") != "block_actions":
        raise MessageRejected("not a click on a button")
    actions = payload.get("actions")
    if not isinstance(actions, list) or len(actions) != 1:
        raise MessageRejected("not exactly one action")
    action = _mapping(actions[0])
    verdict = _VERDICTS.get(str(action.get("action_id")))
    if verdict is None:
        raise MessageRejected("an action that is none of ours")
    cluster, uid, nonce = _value(action.get("value"))
    return Click(
        ref=Ref.of(cluster, RecordRef(namespace="", name="", uid=uid)),
        nonce=nonce,
        verdict=verdict,
        actor=_actor(_mapping(payload.get("user"))),
        channel=NAME,
        place=_place(payload),
    )


def foreign(payload: Mapping[str, Any], *, team: str, app: str = "") -> bool:
    """Say whether a click is from another workspace or app than ours, as far as either is known."""
    found = {str(_mapping(payload.get(part)).get(key) or team) for part, key in (("team", "id"), ("user", "team_id"))}
    other_app = bool(app) and str(payload.get("api_app_id") or app) != app
    return (bool(team) and found != {team}) or other_app


def _value(value: object) -> tuple[str, str, str]:
    try:
        cluster, uid, nonce = json.loads(value if isinstance(value, str) and len(value) <= 2000 else "[]")
    except (ValueError, TypeError, RecursionError) as error:
        raise MessageRejected("a button value that is none of ours") from error
    if not all(isinstance(part, str) for part in (cluster, uid, nonce)) or not _NONCE.fullmatch(nonce):
        raise MessageRejected("a button value that is none of ours")
    return cluster, uid, nonce


def _actor(user: Mapping[str, Any]) -> Actor:
    """Identify by the id alone; the name is decoration that its owner chose."""
    identity = user.get("id")
    if not isinstance(identity, str) or not _USER.fullmatch(identity):
        raise MessageRejected("a click without a user")
    name = user.get("username") or user.get("name") or ""
    return Actor(id=f"{NAME}:{identity}", name=str(name)[:80])


def _place(payload: Mapping[str, Any]) -> Place:
    container = _mapping(payload.get("container"))
    room = container.get("channel_id") or _mapping(payload.get("channel")).get("id")
    stamp = container.get("message_ts") or _mapping(payload.get("message")).get("ts")
    if not isinstance(room, str) or not isinstance(stamp, str):
        raise MessageRejected("a click that names no message")
    return Place(room, stamp)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
