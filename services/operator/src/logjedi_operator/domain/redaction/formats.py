"""Secrets that show by their form alone: tokens of clouds, Git hosts, chats, model vendors and registries, JWTs.

Every rule runs in linear time: it can start only where a run of its own characters starts (a look-behind), and holds
no quantifier within another. The rule set follows detect-secrets and gitleaks, kept here because neither can be called
on free text without either missing unquoted values or flagging ordinary words.
"""

import re
from collections.abc import Iterator
from typing import Final

Span = tuple[int, int]

_WORDLIKE = r"(?<![A-Za-z0-9_])"

_PREFIXED: Final = (
    r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    r"AIza[0-9A-Za-z_-]{30,}",  # Google API key
    r"ya29\.[0-9A-Za-z_-]{16,}",  # Google OAuth
    r"GOCSPX-[0-9A-Za-z_-]{20,}",
    r"gh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
    r"github_pat_[A-Za-z0-9_]{20,}",
    r"gl(?:pat|ptt|dt|rt|cbt|agent|soat|ft|imt|oas)-[A-Za-z0-9_.-]{16,}",  # GitLab
    r"(?:xox[abcdeoprs]|xapp)-[A-Za-z0-9-]{10,}",  # Slack
    r"sk-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic and those who copy them
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}",  # Stripe
    r"whsec_[A-Za-z0-9+/=]{16,}",
    r"npm_[A-Za-z0-9]{30,}",
    r"pypi-[A-Za-z0-9_-]{32,}",
    r"hf_[A-Za-z0-9]{24,}",  # Hugging Face
    r"(?:gsk|xai|r8|pplx|fw|nvapi|tgp_v1)[_-][A-Za-z0-9_-]{32,}",  # other model vendors
    r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{16,}",  # Docker
    r"do[opr]_v1_[a-f0-9]{32,}",  # DigitalOcean
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",  # SendGrid
    r"SK[0-9a-f]{32}(?![A-Za-z0-9])",  # Twilio
    r"key-[0-9a-f]{32}(?![A-Za-z0-9])",  # Mailgun
    r"[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}",  # Telegram
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}",  # Vault
    r"dapi[0-9a-f]{32}",  # Databricks
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{16,}",  # Doppler
    r"shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}",  # Shopify
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,}",  # Terraform
    r"(?:lin_api|glsa|glc|sbp|pscale_tkn|pscale_pw|sntrys|figd|rnd)_[A-Za-z0-9_=.-]{20,}",
    r"(?:PMAK-|NRAK-|tskey-|ATATT3)[A-Za-z0-9_=.-]{20,}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{40,}",
    r"FlyV1 [A-Za-z0-9_,+/=-]{20,}",
)
_IN_CONTEXT: Final = (
    r"(?<![A-Za-z0-9_-])-?(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)",  # JWT, service accounts
    r"(?<![A-Za-z0-9~._-])[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{30,}",  # Azure AD client secret
    r"[?&;]sig=([A-Za-z0-9%+/=_-]{16,})",  # Azure SAS and workflow webhooks
    r"(?:AccountKey|SharedAccessKey|SharedAccessSignature|accountkey)=([^;\s\"']{8,})",
    r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{8,})",
    r"discord(?:app)?\.com/api/webhooks/([A-Za-z0-9/_-]{8,})",
    r"webhook\.office\.com/([A-Za-z0-9/@_-]{16,})",
)

_RULES: Final = tuple(
    [re.compile(rf"{_WORDLIKE}(?:{'|'.join(_PREFIXED)})")] + [re.compile(pattern) for pattern in _IN_CONTEXT]
)

_PEM_BEGIN = "-----BEGIN "
_PEM_END = "-----END "


def spans(text: str) -> Iterator[Span]:
    """Yield where secrets stand. Spans may overlap."""
    for rule in _RULES:
        for match in rule.finditer(text):
            yield match.span(1) if rule.groups and match[1] is not None else match.span()
    yield from pem_spans(text)


def pem_spans(text: str) -> Iterator[Span]:
    """Yield PEM blocks: whole ones, ones cut off at the end, and ones whose head a tail has cut away."""
    at = 0
    while (end := text.find(_PEM_END, at)) != -1:
        begin, floor = text.find(_PEM_BEGIN, at, end), at
        at = _after_dashes(text, end)
        yield (begin if begin != -1 else _body_before(text, floor, end), at)
    begin = text.find(_PEM_BEGIN, at)
    if begin != -1:
        yield (begin, _body_after(text, begin))


def _body_after(text: str, begin: int) -> int:
    """Walk on over the lines of a block whose last lines are missing."""
    at = text.find("\n", begin)
    while at != -1:
        line = text.find("\n", at + 1)
        if not _is_body(text[at + 1 : line if line != -1 else len(text)]):
            return at
        at = line
    return len(text)


def _after_dashes(text: str, end: int) -> int:
    """Find where ``-----END X-----`` ends; labels are short."""
    close = text.find("-----", end + len(_PEM_END), end + 80)
    return close + 5 if close != -1 else end + len(_PEM_END)


def _body_before(text: str, floor: int, end: int) -> int:
    """Walk back over lines that can be the body of a block whose first lines are missing."""
    start = end
    while start > floor:
        line = text.rfind("\n", floor, start - 1) + 1 or floor
        if not _is_body(text[line:start]):
            break
        start = line
    return start


def _is_body(line: str) -> bool:
    stripped = line.strip()
    return len(stripped) <= 128 and bool(stripped) and all(c.isalnum() or c in "+/=\\" for c in stripped)
