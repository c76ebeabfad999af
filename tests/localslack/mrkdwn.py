"""Slack's mrkdwn as safe HTML: bold, italic, strike, code, quotes, links, mentions, emoji. Pure.

Text is cut into tokens first and every piece is escaped on its way out, so nothing that a message
says can become markup of the page. Only http, https and mailto links become links.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from markupsafe import Markup, escape

# Drawn as coloured signs of ordinary fonts, so that the page looks the same without an emoji font.
EMOJI = {
    "white_check_mark": ("✔", "good"), "heavy_check_mark": ("✔", "good"), "large_green_circle": ("●", "good"),
    "x": ("✖", "bad"), "no_entry": ("⊘", "bad"), "no_entry_sign": ("⊘", "bad"), "red_circle": ("●", "bad"),
    "rotating_light": ("▲", "bad"), "warning": ("⚠", "warn"), "large_yellow_circle": ("●", "warn"),
    "large_orange_circle": ("●", "warn"), "hourglass_flowing_sand": ("◔", "calm"), "hourglass": ("◔", "calm"),
    "large_blue_circle": ("●", "calm"), "information_source": ("i", "calm"), "mag": ("◎", "calm"),
    "wrench": ("⚙", "calm"), "gear": ("⚙", "calm"), "lock": ("▣", "calm"), "eyes": ("◉", "calm"),
    "arrows_counterclockwise": ("↻", "calm"), "rewind": ("↺", "warn"), "white_circle": ("○", "calm"),
}  # fmt: skip

_TOKEN = re.compile(
    r"""```\n?(?P<pre>.+?)\n?```
      | `(?P<code>[^`\n]+)`
      | <(?P<angle>[^<>\n]+)>
      | (?<!\w)\*(?P<b>[^\s*](?:[^*\n]*[^\s*])?)\*(?!\w)
      | (?<!\w)_(?P<i>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)
      | (?<!\w)~(?P<s>[^\s~](?:[^~\n]*[^\s~])?)~(?!\w)
      | (?:^|(?<=\n))(?:>|&gt;)[ ]?(?P<quote>[^\n]*)\n?
      | :(?P<emoji>[a-z0-9_+-]+):""",
    re.DOTALL | re.VERBOSE,
)
_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_SPECIAL = re.compile(r"!date\^(\d+)\^[^|]*\|?(.*)", re.DOTALL)


def html(text: str) -> Markup:
    """``text`` as Slack got it, with ``&amp; &lt; &gt;`` for the three signs that it reserves."""
    pieces: list[Markup] = []
    end = 0
    for token in _TOKEN.finditer(text):
        pieces += [literal(text[end : token.start()]), _token(token)]
        end = token.end()
    return Markup("").join([*pieces, literal(text[end:])])


def literal(text: str) -> Markup:
    """The three entities back to signs, then everything escaped once, for HTML."""
    return escape(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def emoji(name: str) -> Markup:
    """``:name:`` where the sign is not known."""
    if name not in EMOJI:
        return escape(f":{name}:")
    sign, mood = EMOJI[name]
    return Markup('<span class="emoji {}" title=":{}:">{}</span>').format(mood, name, sign)


def link(url: str, label: str = "") -> Markup:
    if not _LINK.match(url):
        return literal(label or url)
    template = Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>')
    return template.format(url.replace("&amp;", "&"), literal(label or url))


def _token(token: re.Match[str]) -> Markup:
    kind = token.lastgroup or ""
    return _HTML[kind](token[kind])


def _wrapped(tag: str, inner: Callable[[str], Markup]) -> Callable[[str], Markup]:
    def wrap(text: str) -> Markup:
        return Markup("<{0}>{1}</{0}>").format(Markup(tag), inner(text))  # noqa: S704 (tags are ours)

    return wrap


def _angle(inside: str) -> Markup:
    target, _, label = inside.partition("|")
    date = _SPECIAL.match(inside)
    if date:
        when = datetime.fromtimestamp(int(date[1]), UTC).strftime("%Y-%m-%d %H:%M UTC")
        return literal(date[2] or when)
    if target[:1] in {"@", "#"}:
        return Markup('<span class="mention">{}</span>').format(target[:1] + (label or target[1:]))
    if target[:1] == "!":
        return Markup('<span class="mention loud">{}</span>').format("@" + (label or target[1:].split("^")[0]))
    return link(target, label)


_HTML: dict[str, Callable[[str], Markup]] = {
    "pre": _wrapped("pre", literal),
    "code": _wrapped("code", literal),
    "b": _wrapped("b", html),
    "i": _wrapped("i", html),
    "s": _wrapped("s", html),
    "quote": _wrapped("blockquote", html),
    "angle": _angle,
    "emoji": emoji,
}
