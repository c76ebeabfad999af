"""Secrets that show by what stands beside them: ``password=…``, ``--token …``, ``Bearer …``, ``user:pass@host``.

Linear time: names are matched once per run of their characters, and a value is looked for only after a secret name.
"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from logjedi_operator.domain.redaction import formats, names
from logjedi_operator.domain.redaction.formats import Span

_ASSIGNMENT = re.compile(
    r"(?<![\w.-])-{0,2}([A-Za-z_][\w.-]{0,120})(\\{0,3}[\"']?)(\s{0,2})(?:[=-]>|:=|==?|%3[Dd]|:(?!//))\s{0,3}(?=\S)"
)
_FLAG = re.compile(r"(?<![\w.-])--?([A-Za-z][\w-]{0,60})[ \t]{1,4}(?=[^-|&;<>\s])")
_BARE = re.compile(r"[^\s\"',;&)}\]|<>]+")
_ELEMENT = re.compile(r"<([A-Za-z][\w.:-]{0,100})>(?=[^<\s])")
_ATTRIBUTE = re.compile(r"(?:name|key)=[\"']([\w.-]{1,100})[\"'][ \t]{1,4}value=[\"']([^\"'<>]{1,1024})")
_SENTENCE = re.compile(
    r"(?i)\b(?:passw(?:or)?d|passphrase|pwd|api[ _-]?key|token|secret)[ \t]{1,4}(?:is|was)[ \t]{1,4}"
    r"[\"']?([^\s\"',;]{4,256})"
    r"|\b(?:passw(?:or)?d|passphrase|pwd)[ \t]{1,4}[\"']?([^\s\"',;:=]{6,256})"
)
_PAIR = re.compile(r"(?<![\w./:@-])[\w.-]{1,64}:([^\s:@/\"'<>]{4,128})@(?!sha\d)[A-Za-z0-9]")
_ORACLE = re.compile(r"(?<![\w./-])[A-Za-z]\w{0,30}/([^\s/@:\"']{1,128})@[\w.-]{1,100}:1521")
_VALUE = re.compile(r"[\"']?([^\s\"']+)")
_OPENING = re.compile(r"\\{0,3}[\"']")
_SCHEME = re.compile(
    r"(?:(?i:bearer|basic|digest|negotiate)[ \t]{1,3}"
    r"|(?i:authorization)[\"']?[ \t]{0,2}[:=][ \t]{0,2}[\"']?(?:[A-Za-z]{1,12}[ \t])?)"
    r"([A-Za-z0-9._~+/=-]{8,})"
)
_USERINFO = re.compile(r"://([^\s/?#\"'<>]{1,512})@")
_LONG_USERINFO = re.compile(r"://([^\s\"'<>]{1,512})@")
"""Reaches over slashes, for passwords that hold one: only in the schemes below."""
_DATABASE = re.compile(
    r"(?:postgres|postgresql|mysql|mariadb|mongodb|redis|rediss|amqp|amqps|mssql|sqlserver|clickhouse|nats|kafka|oracle)"
    r"(?:\+[a-z0-9]{1,20})?\Z",
    re.IGNORECASE,
)
_SCHEME_CHARS: Final = 32
_USER_OPTION = re.compile(r"(?<![\w-])(?:-u|--user|--proxy-user)[ =]{0,2}[^\s:\"'/]{1,100}:([^\s\"'@]{1,256})")
_SHORT_OPTION = re.compile(
    r"(?:sshpass +-p *|redis-cli[^|;&\n]{0,100}? -a +|mysql[a-z]{0,8}[^|;&\n]{0,100}? -p"
    r"|(?: login|mongo[a-z]{0,8})\b[^|;&\n]{0,100}? -p +)([^\s\"']{1,256})"
)
_LONG = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,}={0,2}")
_NEAR = re.compile(
    r"(?i)passw|secret|token|credential|api[_ -]?key|private[_ -]?key|access[_ -]?key|signature|auth|bearer"
)
_SOURCE_FILE = re.compile(r"\.(?:java|kt|scala|py|go|js|ts|rb|rs|cs|php|cc?|cpp|ex|swift)\Z")
"""``TokenService.java:42`` is a place in a program."""
_NEAR_CHARS: Final = 48
_ENTROPY_BITS: Final = 3.4
"""Per character. Words and dashed names stay below, random base62 of 20 characters lies above 3.8."""
_DIGEST = re.compile(r"(?:sha(?:1|256|512)|md5|uid|commit|checksum|etag)[:=@ (\"]{0,3}\Z", re.IGNORECASE)
_PLAIN: Final = """
    true false null none nil undefined yes no on off empty missing invalid expired required not is was has unset
    error failed failure failing denied authentication authorization unauthorized configmap secret found for the a an
    could cannot can't couldn't unable must should and or of in to"""
_PLAIN_WORDS: Final = frozenset(_PLAIN.split())
_GENERIC: Final = frozenset({"key", "keys", "pass", "auth", "pin", "signature", "salt", "cookie", "cookies"})
"""Too common as a word in sentences to announce a secret before a colon."""


def spans(text: str) -> Iterator[Span]:
    """Yield where secrets stand. Spans may overlap."""
    yield from _assignments(text)
    yield from _flags(text)
    yield from _schemes(text)
    yield from _userinfo(text)
    for rule in (_USER_OPTION, _SHORT_OPTION, _PAIR, _ORACLE):
        yield from (match.span(1) for match in rule.finditer(text))
    yield from _markup(text)
    yield from _sentences(text)
    yield from _random(text)


def _assignments(text: str) -> Iterator[Span]:
    at = 0
    while (match := _ASSIGNMENT.search(text, at)) is not None:
        at = match.end()
        if names.is_secret(match[1]) and not _SOURCE_FILE.search(match[1]):
            span = _value(text, match)
            if span is not None:
                yield span
                at = span[1]


def _value(text: str, match: re.Match[str]) -> Span | None:
    """Find the value after a secret name: quoted, or up to the next separator."""
    at = match.end()
    opening = _OPENING.match(text, at)
    if opening is not None:
        close = _closing(text, opening[0], opening.end())
        return (opening.end(), close) if close > opening.end() else None
    bare = _BARE.match(text, at)
    spaced = bool(match[3]) or text[match.end() - 1] in " \t"
    if bare is None or (match[3] and match[2]) or bare[0].lower().strip(".:!") in _PLAIN_WORDS:
        return None
    if spaced and match[1].lower() in _GENERIC:
        return None
    return bare.span()


def _closing(text: str, opening: str, start: int) -> int:
    """Find the quote that closes; without one the value ends with the line."""
    at = text.find(opening, start, start + 65_536)
    while at > start and len(opening) == 1 and _escaped(text, at):
        at = text.find(opening, at + 1, start + 65_536)
    if at == -1:
        line = text.find("\n", start)
        return line if line != -1 else len(text)
    return at


def _escaped(text: str, at: int) -> bool:
    slashes = 0
    while slashes < 16 and text[at - 1 - slashes : at - slashes] == "\\":
        slashes += 1
    return slashes % 2 == 1


def _flags(text: str) -> Iterator[Span]:
    for match in _FLAG.finditer(text):
        if names.is_secret(match[1]):
            value = _VALUE.match(text, match.end())
            if value is not None:
                yield value.span(1)


def _markup(text: str) -> Iterator[Span]:
    """``<password>…</password>`` and ``name="password" value="…"``."""
    for match in _ELEMENT.finditer(text):
        if names.is_secret(match[1]):
            close = text.find("<", match.end(), match.end() + 65_536)
            yield match.end(), close if close != -1 else len(text)
    for match in _ATTRIBUTE.finditer(text):
        if names.is_secret(match[1]):
            yield match.span(2)


def _sentences(text: str) -> Iterator[Span]:
    """``password is …``, ``password …``: only what no word looks like, for people write about passwords too."""
    for match in _SENTENCE.finditer(text):
        group = 1 if match[1] is not None else 2
        value = match[group]
        if any(c.isdigit() for c in value) and any(c.isalpha() for c in value):
            yield match.span(group)


def _schemes(text: str) -> Iterator[Span]:
    for match in _SCHEME.finditer(text):
        if any(c.isdigit() or c in "=._~+" for c in match[1]) or not match[1].islower():
            yield match.span(1)


def _userinfo(text: str) -> Iterator[Span]:
    for match in _USERINFO.finditer(text):
        yield from _credentials(match.span(1), match[1])
    for match in _LONG_USERINFO.finditer(text):
        if _DATABASE.search(text[max(0, match.start() - _SCHEME_CHARS) : match.start()]):
            yield from _credentials(match.span(1), match[1])


def _credentials(span: Span, info: str) -> Iterator[Span]:
    """Mask the password; a name without one too, unless it is what Git hosts call everybody."""
    user, colon, _ = info.partition(":")
    if colon:
        yield (span[0] + len(user) + 1, span[1])
    elif user not in {"git", "hg", "svn", "user", "root"}:
        yield span


def _random(text: str) -> Iterator[Span]:
    """Long random strings next to a secret word, and base64 of anything that is a secret in clear."""
    for match in _LONG.finditer(text):
        word = match[0]
        before = text[max(0, match.start() - _NEAR_CHARS) : match.start()]
        near = _NEAR.search(before) and not _DIGEST.search(before)
        if (near and _is_random(word)) or _hides_secret(word):
            yield match.span()


def _is_random(word: str) -> bool:
    if not any(c.isdigit() for c in word) or not any(c.isalpha() for c in word):
        return False
    sample = word[:256]
    counts = Counter(sample).values()
    return -sum(n / len(sample) * math.log2(n / len(sample)) for n in counts) >= _ENTROPY_BITS


def _hides_secret(word: str) -> bool:
    """Tell whether ``word`` is base64 of text that holds a token, a URL credential or an assignment."""
    if len(word) < 24 or len(word) > 65_536:
        return False
    try:
        clear = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError, UnicodeDecodeError):
        return False
    if not clear.isprintable() and "\n" not in clear:
        return False
    inner = (formats.spans(clear), _assignments(clear), _userinfo(clear), _schemes(clear))
    return any(next(iter(found), None) is not None for found in inner)
