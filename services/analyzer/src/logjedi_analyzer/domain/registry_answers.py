"""What the kubelet's and the registry's words mean when an image cannot be pulled.

Only ``MISSING`` and ``INVALID`` say that the image is wrong; all others say that the way to it is, where another
image would not help. Wordings: containerd, CRI-O, Docker Hub, distribution, ECR, GHCR, Quay.
"""

import re
from enum import StrEnum


class Answer(StrEnum):
    MISSING = "missing"
    INVALID = "invalid"
    ABSENT = "absent"
    """Pull policy ``Never``, and the node does not have it."""
    MAYBE_CREDENTIALS = "maybe-credentials"
    """The registry will not tell "no such repository" from "not for you"."""
    UNKNOWN_HOST = "unknown-host"
    CREDENTIALS = "credentials"
    RATE_LIMIT = "rate-limit"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    PLATFORM = "platform"
    DISK = "disk"
    UNCLEAR = "unclear"
    """Words, but none that we know."""
    SILENT = "silent"
    """No words at all."""


_WORDINGS: tuple[tuple[Answer, str], ...] = (
    (Answer.RATE_LIMIT, r"toomanyrequests|too many requests|rate.?limit|\b429\b"),
    (Answer.DISK, r"no space left on device|disk quota exceeded"),
    (
        Answer.CREDENTIALS,
        (
            r"no basic auth credentials|\b401\b|unauthorized|authentication required|\b403\b|forbidden"
            r"|authorization token has expired|invalid username|incorrect username|access forbidden|not authorized"
            r"|unable to retrieve some image pull secrets|denied: permission"
        ),
    ),
    (
        Answer.MAYBE_CREDENTIALS,
        (r"does not exist or may require|insufficient_scope|pull access denied|\bdenied\b|authorization failed"),
    ),
    (Answer.CERTIFICATE, r"x509|certificate|tls: |gave http response to https|first record does not look like a tls"),
    (Answer.UNKNOWN_HOST, r"no such host|name or service not known"),
    (
        Answer.UNREACHABLE,
        (
            r"connection refused|i/o timeout|no route to host|network is unreachable|deadline exceeded|timeout"
            r"|connection reset|broken pipe|client\.timeout|timed? ?out"
            r"|server misbehaving|temporary failure"
            r"|unexpected eof|: eof\b|dial tcp|\b50[0234]\b|internal server error|bad gateway"
            r"|service unavailable|registryunavailable"
        ),
    ),
    (Answer.INVALID, r"invalidimagename|invalid reference format|couldn't parse image|could not parse reference"),
    (Answer.PLATFORM, r"no match for platform|no matching manifest for|no image found in (manifest list|image index)"),
    (Answer.ABSENT, r"is not present with pull policy of never|errimageneverpull"),
    (
        Answer.MISSING,
        (
            r"not found|manifest unknown|manifest_unknown|name unknown|name_unknown|no such image|\b404\b"
            r"|does not exist|unknown manifest|repository name not known"
        ),
    ),
)
_PATTERNS = tuple((answer, re.compile(wording)) for answer, wording in _WORDINGS)
_QUOTED = re.compile(r'\\?"[^"\\]*\\?"')


def classify(text: str, image: str = "") -> Answer:
    """Read one message. Names are left out first, so that an image called ``forbidden`` misleads nobody."""
    if not text.strip():
        return Answer.SILENT
    plain = _QUOTED.sub(" ", text.replace(image, " ") if image else text).casefold()
    return next((answer for answer, pattern in _PATTERNS if pattern.search(plain)), Answer.UNCLEAR)
