"""The redactor of one analysis: objects and texts in, the same with pseudonyms out.

The collector first lets it ``learn`` every object (so that names are known before the first text is masked), then
masks everything with it. Counts what it masks. Fails closed: what it does not understand it treats as text.
"""

from collections.abc import Iterator
from typing import Any, Final

from logjedi_operator.domain.redaction import freetext, spec
from logjedi_operator.domain.redaction.formats import Span
from logjedi_operator.domain.redaction.pseudonyms import Kind, Pseudonyms

MAX_VALUE: Final = 2_000
"""Longer strings of a spec are sent as one pseudonym, not cut: a cut one could be patched back."""


class Redactor:
    """``clear``: words that are sent in clear anyway, and are replaced in text only where it says what they name."""

    def __init__(self, clear: frozenset[str] = frozenset()) -> None:
        self.table = Pseudonyms()
        self.count = 0
        self._clear = clear
        self._known: dict[str, None] = {}

    def learn(self, obj: Any, path: str = "") -> None:
        """Take in the names and secret values of an object, to be recognised in texts."""
        count = self.count
        self.object(obj, path)
        self.count = count

    def object(self, obj: Any, path: str = "") -> Any:
        """Mask a workload, pod or a part of one that stands at ``path`` (the patch path below the root owner)."""
        return spec.mask(obj, path, self)

    def text(self, text: str, *, names: bool = True) -> str:
        """Mask free text. ``names`` False: secrets only, for people, who must see what they approve."""
        secret = freetext.merged(freetext.secrets(text, self._known))
        hits = [(start, end, Kind.REDACTED) for start, end in secret]
        if names:
            hits += _beside(secret, freetext.named(text, self.table, self._clear))
        return self._replace(text, sorted(hits))

    def field(self, text: str, path: str, *, names: bool = False) -> str:
        """Mask the secrets in a string of the spec; the masked string may be put back at ``path``."""
        if len(text) > MAX_VALUE:
            return self.secret(text, path)
        masked = self.text(text, names=names)
        if masked != text:
            self.table.allow(path, masked, text)
        return masked

    def is_suspect(self, text: str) -> bool:
        """Tell whether a string of the spec holds a secret, or is too long to be sent."""
        return len(text) > MAX_VALUE or bool(freetext.merged(freetext.secrets(text, self._known)))

    def secret(self, value: str, path: str) -> str:
        """Mask a value that is secret for its name, and recognise it, whole and in part, in texts from now on."""
        self._recognise(value)
        return self.conceal(value, path)

    def conceal(self, value: str, path: str) -> str:
        """Mask a whole value because a part of it is secret, and recognise that part in texts from now on."""
        for start, end in freetext.merged(freetext.secrets(value, self._known)):
            self._recognise(value[start:end])
        return self.reference(Kind.REDACTED, value, path)

    def reference(self, kind: Kind, value: str, path: str) -> str:
        """Mask a name."""
        self.count += 1
        masked = self.table.name(kind, value)
        self.table.allow(path, masked, value)
        return masked

    def _recognise(self, value: str) -> None:
        self._known |= dict.fromkeys(sorted(freetext.spellings(value), key=len, reverse=True))

    def _replace(self, text: str, hits: list[tuple[int, int, Kind]]) -> str:
        parts, at = [], 0
        for start, end, kind in hits:
            if start < at:
                continue
            parts += [text[at:start], self.table.name(kind, text[start:end])]
            at = end
            self.count += 1
        return "".join([*parts, text[at:]])


def _beside(secret: list[Span], hits: Iterator[freetext.Hit]) -> Iterator[freetext.Hit]:
    """Drop names inside secrets; where two name rules agree on a place the first (the phrase) wins."""
    seen: set[int] = set()
    at = 0
    for start, end, kind in sorted(hits, key=lambda hit: hit[0]):
        while at < len(secret) and secret[at][1] <= start:
            at += 1
        if start in seen or (at < len(secret) and secret[at][0] < end):
            continue
        seen.add(start)
        yield start, end, kind
