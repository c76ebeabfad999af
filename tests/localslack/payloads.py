"""The interactivity payloads that Slack sends: ``block_actions`` and ``view_submission``. Pure.

``Tamper`` says how a payload lies; an honest click leaves it empty.
Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/
"""

import secrets
from copy import deepcopy
from dataclasses import dataclass, field

from tests.localslack.model import Json, Team, User

VERIFICATION_TOKEN = "local-verification-token"


@dataclass(frozen=True, slots=True)
class Click:
    """One press of one element. ``message`` is the message as ``conversations.history`` gives it."""

    message: Json
    action_id: str
    user: User
    block_id: str = ""
    channel_id: str = "C0APPROVALS"
    channel_name: str = "approvals"
    team: Team = field(default_factory=Team)
    trigger_id: str = ""
    response_url: str = "https://hooks.slack.com/actions/T0LOCAL/0/local"
    is_ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class Tamper:
    """What an attacker, a clock or an admin changed. Empty fields stay honest.

    ``payload`` is laid over the finished payload before it is signed: ``{"team": {"id": "T9"}}``.
    """

    secret: str = ""
    clock_skew_s: float = 0.0
    timestamp: str = ""
    signature: str = ""
    team_id: str = ""
    value: str | None = None
    payload: Json = field(default_factory=dict)


def block_actions(click: Click, *, now: float, tamper: Tamper | None = None) -> Json:
    """Raises KeyError when the message holds no such element."""
    tamper = tamper or Tamper()
    action = _action(click, now)
    if tamper.value is not None:
        action["value"] = tamper.value
    team_id = tamper.team_id or click.team.id
    payload = {
        "type": "block_actions",
        "user": user_json(click.user, team_id=tamper.team_id),
        "api_app_id": click.message.get("app_id", "A0LOGJEDI"),
        "token": VERIFICATION_TOKEN,
        "container": _container(click),
        "trigger_id": click.trigger_id or f"{int(now * 1000)}.{int(now)}.{secrets.token_hex(16)}",
        "team": {"id": team_id, "domain": click.team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": click.channel_id, "name": click.channel_name},
        "message": deepcopy(click.message),
        "state": {"values": {}},
        "response_url": click.response_url,
        "actions": [action],
    }
    if click.is_ephemeral:
        del payload["message"]  # Slack leaves it out
    return overlaid(payload, tamper.payload)


def view_submission(view: Json, *, user: User, team: Team, values: Json, app_id: str) -> Json:
    """``values``: ``{block_id: {action_id: {"type": …, "value": …}}}``."""
    return {
        "type": "view_submission",
        "team": {"id": team.id, "domain": team.domain},
        "user": user_json(user),
        "api_app_id": app_id,
        "token": VERIFICATION_TOKEN,
        "trigger_id": secrets.token_hex(16),
        "view": deepcopy(view) | {"state": {"values": values}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def user_json(user: User, *, team_id: str = "") -> Json:
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": team_id or user.team_id}


def overlaid(base: Json, over: Json) -> Json:
    """``over`` merged into ``base``, objects key by key, everything else replaced."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = overlaid(base[key], value) if both else value
    return merged


def _container(click: Click) -> Json:
    container = {
        "type": "message",
        "message_ts": click.message["ts"],
        "channel_id": click.channel_id,
        "is_ephemeral": click.is_ephemeral,
    }
    thread_ts = click.message.get("thread_ts")
    return container | ({"thread_ts": thread_ts} if thread_ts else {})


def _action(click: Click, now: float) -> Json:
    block_id, element = _find(click)
    return deepcopy(element) | {"block_id": block_id, "type": element["type"], "action_ts": f"{now:.6f}"}


def _find(click: Click) -> tuple[str, Json]:
    for block in click.message.get("blocks", []):
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            wanted_block = click.block_id in {"", block["block_id"]}
            if wanted_block and element.get("action_id") == click.action_id:
                return block["block_id"], element
    raise KeyError(f"message {click.message['ts']} has no element {click.action_id!r}")
