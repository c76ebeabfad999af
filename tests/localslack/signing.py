"""Slack's request signature, version v0, and the click as signed bytes. Pure but for the default clock.

``signed_click_request`` is all that a program needs that only wants to click: no server, no state.
Source: https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

import hashlib
import hmac
import json
import time
from typing import NamedTuple
from urllib.parse import urlencode

from tests.localslack.model import Json
from tests.localslack.payloads import Click, Tamper, block_actions


class SignedRequest(NamedTuple):
    """Headers and raw body, in the order in which HTTP clients want them."""

    headers: dict[str, str]
    body: bytes


def sign(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signed_click_request(
    click: Click, *, secret: str, now: float | None = None, tamper: Tamper | None = None
) -> SignedRequest:
    """The POST that Slack would send for ``click``, at ``now`` (seconds since the epoch)."""
    tamper = tamper or Tamper()
    now = time.time() if now is None else now
    return signed_payload(block_actions(click, now=now, tamper=tamper), secret=secret, now=now, tamper=tamper)


def signed_payload(payload: Json, *, secret: str, now: float, tamper: Tamper) -> SignedRequest:
    """Form-encode and sign any interactivity payload, as every one of them is sent."""
    body = urlencode({"payload": json.dumps(payload, separators=(",", ":"), ensure_ascii=False)}).encode()
    timestamp = tamper.timestamp or str(int(now + tamper.clock_skew_s))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": tamper.signature or sign(tamper.secret or secret, timestamp, body),
    }
    return SignedRequest(headers, body)
