"""The table of one analysis: real values, their pseudonyms, and the only places where each may be put back.

Lives in the operator's memory alone; nothing of it is written or sent. ``Redactor`` fills it, ``resolve`` reads it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Path = str


class Kind(StrEnum):
    """What a pseudonym stands for: ``<configmap-1>``."""

    REDACTED = "redacted"
    CONFIGMAP = "configmap"
    SECRET = "secret"  # noqa: S105  the kind's name
    KEY = "key"
    PVC = "pvc"
    SERVICEACCOUNT = "serviceaccount"


LOOKALIKE: Final = re.compile(r"(?i)<(?:redacted|configmap|secret|key|pvc|serviceaccount)(?:-[0-9]{1,9})?>")
"""What a reader could take for a pseudonym. In raw text it is masked like a secret, so that nobody can plant one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One pseudonym: its real value, and where it came from or was offered."""

    real: str
    paths: frozenset[Path]


class Pseudonyms:
    """Equal values of one kind have one pseudonym; numbers follow the order of first sight."""

    def __init__(self) -> None:
        self._names: dict[tuple[Kind, str], str] = {}
        self._real: dict[str, str] = {}
        self._counts: dict[Kind, int] = {}
        self._places: dict[tuple[Path, str], str] = {}

    def __len__(self) -> int:
        return len(self._real)

    def name(self, kind: Kind, value: str) -> str:
        """Answer the pseudonym of ``value``, making it at first sight."""
        known = self._names.get((kind, value))
        if known is None:
            self._counts[kind] = number = self._counts.get(kind, 0) + 1
            known = self._names[kind, value] = f"<{kind}-{number}>"
            self._real[known] = value
        return known

    def allow(self, path: Path, masked: str, real: str) -> None:
        """Let ``masked`` (a pseudonym, or a text that holds some) stand for ``real`` at ``path``."""
        self._places[path, masked] = real

    def offer(self, path: Path, kind: Kind, value: str) -> str:
        """Offer ``value`` as a candidate for ``path``; answer its pseudonym."""
        masked = self.name(kind, value)
        self.allow(path, masked, value)
        return masked

    def real_at(self, path: Path, masked: str) -> str | None:
        """Read what ``masked`` stands for at ``path``; ``None``: it has no business there."""
        return self._places.get((path, masked))

    def entry(self, pseudonym: str) -> Entry | None:
        """Look up one pseudonym."""
        if pseudonym not in self._real:
            return None
        paths = frozenset(path for path, masked in self._places if masked == pseudonym)
        return Entry(self._real[pseudonym], paths)

    def values(self, kind: Kind) -> dict[str, str]:
        """List the real values of a kind, with their pseudonyms."""
        return {value: name for (known, value), name in self._names.items() if known is kind}

    def with_names(self, masked: str) -> str:
        """Show real names, but no secret values, in a text that was masked with this table: for people.

        What the analyzer says of ``<key-1>`` would be a riddle to those who must decide about it.
        """
        return LOOKALIKE.sub(lambda found: self._shown(found[0]), masked)

    def _shown(self, pseudonym: str) -> str:
        if pseudonym.startswith(f"<{Kind.REDACTED}-"):
            return pseudonym
        return self._real.get(pseudonym, pseudonym)
