"""Who is looking, and is a form really theirs: pure checks of a request's address, headers and tokens.

The development identity decides for whoever reaches the page, so it holds on loopback alone: the client must be on this
machine, by a name that only this machine has (a page elsewhere whose name is rebound to 127.0.0.1 sends its
own name), and without a proxy in between.
"""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from logjedi_approval_gateway.domain.seal import Seal

COOKIE = "logjedi_form"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_local(client: str, headers: Mapping[str, str]) -> bool:
    """Say whether a request was made on this machine to a loopback name."""
    if any(name in headers for name in _FORWARDED):
        return False
    return _is_loopback(client) and _is_loopback(_host(headers.get("host", "")))


def is_same_origin(headers: Mapping[str, str], scheme: str) -> bool:
    """Say whether a form was sent by our own page. Without an ``Origin`` the answer is no."""
    host = headers.get("host", "")
    return bool(host) and headers.get("origin", "") == f"{scheme}://{host}"


def new_session() -> str:
    return secrets.token_urlsafe(24)


def form_token(seal: Seal, session: str, subject: str) -> str:
    """Bind a form to the browser's cookie and to who is looking."""
    return seal.mark("form", f"{session}\0{subject}")


def is_own_form(seal: Seal, session: str, subject: str, token: str) -> bool:
    if not session:
        return False
    return hmac.compare_digest(form_token(seal, session, subject).encode(), token.encode("utf-8", "replace"))


def _host(value: str) -> str:
    try:
        return urlsplit(f"//{value}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
