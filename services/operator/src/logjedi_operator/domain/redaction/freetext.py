"""Free text (logs, events, messages, annotations): where secrets and known names stand in it.

Secrets show by form, by what stands beside them, or because the same value was seen in the workload's own spec. Names
of ConfigMaps, Secrets, keys … are replaced as whole tokens; words that are sent in clear anyway (container names, the
workload's own name) only where the text says what they name.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from logjedi_operator.domain.redaction import formats, phrases
from logjedi_operator.domain.redaction.formats import Span
from logjedi_operator.domain.redaction.pseudonyms import LOOKALIKE, Kind, Pseudonyms

Hit = tuple[int, int, Kind]

MIN_VALUE: Final = 4
"""Shorter secret values are masked in their own field only: replacing every ``1`` in a log would destroy it."""
_MIN_LINE: Final = 8
_NEVER: Final = frozenset({"true", "false", "null", "none", "default", "localhost", "changeme", "enabled", "disabled"})

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_OBJECT = r"[\s\"':/=]{1,4}(?:[a-z0-9-]{1,63}/)?([A-Za-z0-9][A-Za-z0-9.-]{0,252})"
_NAMED: Final = (
    ("configmap", re.compile(rf"(?i)configmaps?{_OBJECT}"), Kind.CONFIGMAP),
    ("secret", re.compile(rf"(?i)secrets?{_OBJECT}"), Kind.SECRET),
    ("claim", re.compile(rf"(?i)claims?{_OBJECT}"), Kind.PVC),
    ("account", re.compile(rf"(?i)service ?accounts?{_OBJECT}"), Kind.SERVICEACCOUNT),
    ("key", re.compile(r"(?i)\bkeys?[\s\"':=]{1,4}([A-Za-z0-9_.-]{1,253})"), Kind.KEY),
)
"""A word to look for first, the phrase, and what it names."""


def secrets(text: str, known: Iterable[str]) -> Iterator[Span]:
    """Yield where secrets stand, planted pseudonyms among them. Spans may overlap."""
    yield from (match.span() for match in LOOKALIKE.finditer(text))
    for value in known:
        yield from _occurrences(text, value)
    yield from formats.spans(text)
    yield from phrases.spans(text)


def spellings(value: str) -> set[str]:
    """List how a secret value can be spelt in text: raw, JSON-escaped, URL-quoted, base64, line by line."""
    if len(value) < MIN_VALUE or value.lower() in _NEVER:
        return set()
    lines = {line.strip() for line in value.splitlines() if len(line.strip()) >= _MIN_LINE}
    encoded = base64.b64encode(value.encode()).decode()
    found = {value, value.strip(), json.dumps(value)[1:-1], quote(value, safe=""), encoded, encoded.rstrip("=")}
    return {spelling for spelling in found | lines if len(spelling) >= MIN_VALUE}


def named(text: str, table: Pseudonyms, clear: frozenset[str]) -> Iterator[Hit]:
    """Yield where known reference names stand; a phrase that says the kind comes before the bare token."""
    known: dict[Kind, dict[str, str]] = {kind: table.values(kind) for kind in Kind if kind is not Kind.REDACTED}
    if not any(known.values()):
        return
    lowered = text.lower()
    for word, rule, kind in _NAMED:
        for match in rule.finditer(text) if word in lowered else ():
            start, name = match.start(1), match[1].rstrip(".-")
            if name in known[kind]:
                yield start, start + len(name), kind
    bare = {value: kind for kind in reversed(known) for value in known[kind] if value not in clear and len(value) > 1}
    for match in _TOKEN.finditer(text):
        yield from _token(match.start(), match[0], bare)


def _token(start: int, token: str, bare: dict[str, Kind]) -> Iterator[Hit]:
    """Look a token up whole, then without its last dots, then part by part (``name.yaml``)."""
    whole = token.rstrip(".-")
    if whole in bare:
        yield start, start + len(whole), bare[whole]
        return
    if "." not in whole:
        return
    for part in whole.split("."):
        if part in bare:
            yield start, start + len(part), bare[part]
        start += len(part) + 1


def _occurrences(text: str, value: str) -> Iterator[Span]:
    at = text.find(value)
    while at != -1:
        yield at, at + len(value)
        at = text.find(value, at + len(value))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join overlapping spans, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return joined
