"""Is this request from Slack? Decided on raw bytes, before anything is parsed.

``v0=`` HMAC-SHA256 of ``v0:<timestamp>:<body>``, at most five minutes old or early.
Reference: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from collections.abc import Mapping

MAX_BODY_BYTES = 1024 * 1024
WINDOW_S = 300
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float) -> bool:
    """Say yes only to a well-formed, fresh signature that fits. Never raises, whatever the headers hold."""
    stamp = headers.get("x-slack-request-timestamp", "")
    signature = headers.get("x-slack-signature", "")
    if not _TIMESTAMP.fullmatch(stamp) or not stamp.isascii() or not _SIGNATURE.fullmatch(signature):
        return False
    if abs(now_s - int(stamp)) > WINDOW_S:
        return False
    covered = b"v0:" + stamp.encode() + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), covered, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)
