r"""Makes text from clusters, logs and models safe to show, before any channel sees it.

Invisible, bidirectional and control characters become ``\u{…}``, so that what is read is what is there. Names, paths
and patched values go further: every character outside ASCII is spelt out, since look-alike letters are how one image
name passes for another. Nothing is shortened silently. Cases 29 to 33 of facts on approvals.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs"})
_BLANK = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0}
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
"""Characters that Unicode calls printable and that nobody can see: fillers and variation selectors."""
_UNUSUAL = re.compile(r"[^\n -~]")
_NOT_ASCII = re.compile(r"[^ -~]")


def visible(text: str) -> str:
    """Spell out what cannot be seen; line feeds stay, tabs become spaces."""
    return _UNUSUAL.sub(lambda found: _visible(found[0]), text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """As ``visible``, in one line."""
    return " ".join(visible(text).split())


def exact(text: str) -> str:
    """Spell out everything outside printable ASCII: for names, paths and values of a patch."""
    return _NOT_ASCII.sub(lambda found: _spelt(found[0]), text)


def is_plain(text: str) -> bool:
    """Say whether ``exact`` leaves ``text`` as it is."""
    return exact(text) == text


def capped(text: str, limit: int) -> str:
    """Cut to ``limit`` characters, the note on what was left out included."""
    if len(text) <= limit:
        return text
    room = max(0, limit - len(_note(len(text), "characters")))
    return text[:room] + _note(len(text) - room, "characters")


def newest(lines: Sequence[str], limit: int) -> list[str]:
    """Keep the last lines that fit into ``limit`` characters, saying how many older ones were left out."""
    kept: list[str] = []
    used = 0
    for row in reversed(lines):
        short = capped(row, 400)
        if used + len(short) + 1 > limit:
            break
        kept.append(short)
        used += len(short) + 1
    left_out = len(lines) - len(kept)
    return [*([f"… {left_out} older lines"] if left_out else []), *reversed(kept)]


def listed(items: Iterable[str], limit: int, *, unit: str = "more") -> list[str]:
    """Keep the first ``limit`` items and say how many were left out."""
    rows = list(items)
    return rows if len(rows) <= limit else [*rows[:limit], f"… {len(rows) - limit} {unit}"]


def _visible(character: str) -> str:
    if character == "\t":
        return "    "
    hidden = unicodedata.category(character) in _INVISIBLE_CATEGORIES or ord(character) in _BLANK
    odd_space = character != " " and unicodedata.category(character) == "Zs"
    return _spelt(character) if hidden or odd_space else character


def _spelt(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def _note(count: int, unit: str) -> str:
    return f" … {count} more {unit}"
