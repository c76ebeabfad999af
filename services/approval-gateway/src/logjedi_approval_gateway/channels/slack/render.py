"""Card to Slack message: pure.

Each part has a budget, so that the whole stays under Slack's limits; what is cut says how much was cut. A diff that
does not fit whole is not approvable here: nobody approves what the message does not show.
"""

import json
from datetime import UTC, datetime
from typing import Any

from logjedi_approval_gateway.channels.slack import blocks
from logjedi_approval_gateway.domain import card as cards
from logjedi_approval_gateway.domain import text
from logjedi_contracts.digest import SHOWN_DIGITS

APPROVE, REJECT = "logjedi_approve", "logjedi_reject"
EVENT_TYPE = "logjedi_ask"
DIFF_BUDGET = 2_600
EXCERPT_BUDGET = 900
_PARAGRAPH = 600


def message(card: cards.Card) -> dict[str, Any]:
    """Translate: ``text`` (the notification), ``blocks`` and ``metadata`` of ``chat.postMessage``."""
    diff = _diff(card)
    shown = text.capped(diff, DIFF_BUDGET)
    drawn = [
        blocks.header(_title(card)),
        blocks.fields(_facts(card)),
        *_paragraphs(card),
        *(
            [blocks.preformatted(f"Change ({len(card.rows)} {'path' if len(card.rows) == 1 else 'paths'})", shown)]
            if card.rows
            else []
        ),
        *_excerpt(card),
        *_votes(card),
        *_notes(card, whole=shown == diff),
        *(_buttons(card) if shown == diff else []),
    ]
    blocks.check(drawn)
    return {"text": _notification(card), "blocks": drawn, "metadata": metadata(card)}


def metadata(card: cards.Card) -> dict[str, Any]:
    """What a message is found by after a crash between posting it and writing that down."""
    payload = {"cluster": card.ref.cluster, "uid": card.ref.uid, "attempt": card.attempt, "digest": card.digest}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def steps(told: list[cards.Step]) -> dict[str, Any]:
    """Translate new phases to a reply in the thread."""
    drawn = [blocks.labelled(*_step(step)) for step in told[-12:]]
    if len(told) > 12:
        drawn.insert(0, blocks.context(f"… {len(told) - 12} earlier steps"))
    blocks.check(drawn)
    return {"text": _escaped(told[-1].words.headline), "blocks": drawn}


def _title(card: cards.Card) -> str:
    """Our words first, so that a long name can cut only itself short."""
    return text.capped(f"{card.words.mark} {card.words.headline} · {card.workload}", blocks.MAX_HEADER)


def _is_over(card: cards.Card) -> bool:
    """What is over shows what was wrong and what became of it; the page keeps the rest."""
    return card.finished and bool(card.digest)


def _facts(card: cards.Card) -> list[tuple[str, str]]:
    facts = [
        ("Severity", card.severity),
        ("Cluster", text.capped(text.exact(card.ref.cluster), 100)),
        ("Workload", text.capped(f"{card.namespace}/{card.workload}", 200)),
        ("Failing with", text.capped(card.failing, 150)),
    ]
    if card.digest:
        facts += [("Risk", card.risk), ("Digest", card.short_digest)]
    return facts


def _paragraphs(card: cards.Card) -> list[blocks.Block]:
    parts = [("What is wrong", card.summary), ("Cause", card.cause), ("Recommendation", card.recommendation)]
    if _is_over(card):
        parts = parts[:2]
    drawn = [blocks.labelled(label, text.capped(said, _PARAGRAPH)) for label, said in parts if said.strip()]
    if card.history and not _is_over(card):
        tried = "\n".join(text.listed((text.capped(row, 150) for row in card.history[-4:]), 4))
        older = f"… {len(card.history) - 4} earlier\n" if len(card.history) > 4 else ""
        drawn.append(blocks.labelled("Tried before", older + tried))
    return drawn


def _diff(card: cards.Card) -> str:
    lines = []
    for row in card.rows:
        lines.append(row.path)
        lines += [f"- {row.before}"] if row.before is not None else []
        lines += [f"+ {row.after}" if row.after is not None else "+ (removed)"]
    return "\n".join(lines)


def _excerpt(card: cards.Card) -> list[blocks.Block]:
    if not card.excerpt or _is_over(card):
        return []
    return [blocks.preformatted("Newest evidence", "\n".join(text.newest(card.excerpt, EXCERPT_BUDGET)))]


def _votes(card: cards.Card) -> list[blocks.Block]:
    drawn = [
        blocks.context(text.capped(f"{step.words.mark} {step.by} {step.words.headline}, {step.at:%H:%M:%S} UTC", 250))
        for step in card.votes[-5:]
    ]
    if card.said:
        drawn.append(blocks.labelled("The cluster says", text.capped(card.said, _PARAGRAPH)))
    return drawn


def _notes(card: cards.Card, *, whole: bool) -> list[blocks.Block]:
    notes = []
    if card.digest and not card.finished:
        who = ", ".join(text.listed(card.approvers, 8)) or "nobody: no approval rule covers this"
        notes.append(
            blocks.context(text.capped(f"May approve: {who}", 400), f"{card.approvals} of {card.needed} given")
        )
    if card.expires_at and card.buttons:
        notes.append(blocks.context(f"Expires {when(card.expires_at)}", f"Attempt {card.attempt}"))
    if card.odd_characters:
        notes.append(blocks.context("Caution: the change has characters outside ASCII, spelt \\u{…} above"))
    if not whole:
        notes.append(blocks.context("The change is too long to be shown whole here; decide on the page"))
    if card.link:
        notes.append(blocks.context(text.capped(card.link, 500)))
    return notes


def _buttons(card: cards.Card) -> list[blocks.Block]:
    if card.buttons is None:
        return []
    value = json.dumps([card.buttons.ref.cluster, card.buttons.ref.uid, card.buttons.nonce], separators=(",", ":"))
    workload = text.capped(f"{card.namespace}/{card.workload}", 150)
    sure = f"{workload} in {text.capped(card.ref.cluster, 60)}, digest {card.buttons.digest[:SHOWN_DIGITS]}"
    return [
        blocks.actions(
            _button("Approve", APPROVE, value, "primary", ("Apply this change?", sure, "Approve")),
            _button("Reject", REJECT, value, "danger", ("Reject this change?", sure, "Reject")),
        )
    ]


def _button(label: str, action: str, value: str, style: str, asked: tuple[str, str, str]) -> blocks.Block:
    title, sure, yes = asked
    return {
        "type": "button",
        "text": blocks.plain(label),
        "action_id": action,
        "value": value,
        "style": style,
        "confirm": {
            "title": blocks.plain(title),
            "text": blocks.plain(sure),
            "confirm": blocks.plain(yes),
            "deny": blocks.plain("Cancel"),
            "style": style,
        },
    }


def _step(step: cards.Step) -> tuple[str, str]:
    by = f" by {text.capped(step.by, 150)}" if step.by else ""
    return f"{step.words.mark} {step.words.headline}", text.capped(f"{step.at:%H:%M:%S} UTC{by}\n{step.said}", 500)


def _notification(card: cards.Card) -> str:
    workload = text.capped(f"{card.namespace}/{card.workload}", 150)
    return _escaped(f"{card.words.headline}: {workload}, {text.capped(card.failing, 100)} [{card.severity}]")


def _escaped(value: str) -> str:
    """Escape the one text of a message that Slack parses: no mention, no link."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
