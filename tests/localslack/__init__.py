"""A small server that speaks the part of Slack that an approval bot uses, with Slack's limits.

For tests, the demo and benches: it holds channels, people and messages with all their versions,
shows them on a page, and presses buttons with correctly signed payloads. Run it with
``python -m tests.localslack``, or hold it with ``serve()``.
"""

from tests.localslack.clicks import ClickResult
from tests.localslack.faults import Fault, Faults, RateLimit
from tests.localslack.model import Bot, Channel, Content, Message, Team, User, UserGroup
from tests.localslack.payloads import Click, Tamper, block_actions
from tests.localslack.server import LocalSlack, Options, serve
from tests.localslack.signing import SignedRequest, sign, signed_click_request
from tests.localslack.state import CHANNEL_ID, DEFAULT_BOT, PEOPLE, Workspace

ALICE, BOB, MALLORY = PEOPLE

__all__ = [
    "ALICE",
    "BOB",
    "CHANNEL_ID",
    "DEFAULT_BOT",
    "MALLORY",
    "Bot",
    "Channel",
    "Click",
    "ClickResult",
    "Content",
    "Fault",
    "Faults",
    "LocalSlack",
    "Message",
    "Options",
    "RateLimit",
    "SignedRequest",
    "Tamper",
    "Team",
    "User",
    "UserGroup",
    "Workspace",
    "block_actions",
    "serve",
    "sign",
    "signed_click_request",
]
