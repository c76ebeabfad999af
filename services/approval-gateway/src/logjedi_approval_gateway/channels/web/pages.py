"""Card to HTML. Jinja2 escapes everything; no script but our own file, nothing from elsewhere.

Headers: https://developer.mozilla.org/docs/Web/HTTP/Guides/CSP
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import jinja2
from fastapi.responses import HTMLResponse

from logjedi_approval_gateway.domain.card import Card
from logjedi_approval_gateway.domain.decision import TEXTS, Code

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is looking; ``subject`` empty: nobody who could decide."""

    subject: str
    token: str = ""
    may_decide: bool = False
    """Whether the rules let this viewer decide the one approval that is shown."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the click that led here."""

    good: bool
    sentence: str


def answer(html: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def index(cards: list[Card], viewer: Viewer) -> str:
    waiting = [card for card in cards if card.buttons]
    rest = [card for card in cards if not card.buttons]
    return _ENVIRONMENT.get_template("index.html").render(waiting=waiting, rest=rest, viewer=viewer, now=_now())


def one(card: Card, viewer: Viewer, shown: Result | None) -> str:
    page = _ENVIRONMENT.get_template("approval.html")
    return page.render(
        card=card, viewer=viewer, result=shown, may_decide=viewer.may_decide and bool(card.buttons), now=_now()
    )


def missing(viewer: Viewer) -> str:
    sentence = "This approval is not known here. If it is still open, it will be asked again."
    return _ENVIRONMENT.get_template("notice.html").render(title="Not found", sentence=sentence, viewer=viewer)


def refused(sentence: str) -> str:
    return _ENVIRONMENT.get_template("notice.html").render(title="Refused", sentence=sentence, viewer=Viewer(""))


def result(code: str) -> Result | None:
    """Look a result up by its code; anything else shows nothing."""
    found = next((known for known in Code if known.value == code), None)
    return Result(found is Code.RECORDED, TEXTS[found]) if found else None


def path(card: Card) -> str:
    """The address of a card below the page's own."""
    return f"/approvals/{quote(card.ref.cluster)}/{quote(card.ref.uid)}"


def lasting(span: timedelta) -> str:
    """Say a span in its largest unit: ``3 min``."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size * (1 if unit == "min" else 2):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _now() -> datetime:
    return datetime.now(UTC)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["path"] = path
_ENVIRONMENT.filters["lasting"] = lasting
