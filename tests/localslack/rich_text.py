"""The rules of ``rich_text``: sections, lists, quotes and preformatted text, and what stands in them. Pure.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block/
"""

from tests.localslack.schema import Rule, boolean, by_type, fields, integer, items, one_of, string

_ANY = string(most=40_000)
_MANY = 2_000  # ours: Slack names no limit, the size of all blocks is what stops a message
_STYLE = fields({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_REFERENCE_STYLE = fields({}, dict.fromkeys(("bold", "italic", "strike", "highlight", "unlink"), boolean))

_TEXT = fields({"text": _ANY}, {"style": _STYLE})
_LINK = fields({"url": string(most=3_000)}, {"text": _ANY, "unsafe": boolean, "style": _STYLE})


def _reference(name: str) -> Rule:
    return fields({name: string(most=255)}, {"style": _REFERENCE_STYLE})


INLINE = by_type(
    {
        "text": _TEXT,
        "link": _LINK,
        "emoji": fields({"name": string(most=255)}, {"unicode": string(most=255), "style": _STYLE}),
        "user": _reference("user_id"),
        "usergroup": _reference("usergroup_id"),
        "channel": _reference("channel_id"),
        "broadcast": fields({"range": one_of("here", "channel", "everyone")}, {"style": _STYLE}),
        "color": fields({"value": string(most=7)}),
        "date": fields(
            {"timestamp": integer(0, 2**40), "format": string(most=255)},
            {"url": string(most=3_000), "fallback": _ANY, "style": _STYLE},
        ),
    }
)
_SECTION = fields({"elements": items(INLINE, most=_MANY, least=0)})
_VERBATIM = items(by_type({"text": _TEXT, "link": _LINK}), most=_MANY, least=0)
_LIST = fields(
    {
        "style": one_of("bullet", "ordered"),
        "elements": items(by_type({"rich_text_section": _SECTION}), most=_MANY),
    },
    {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": integer(0, 1)},
)

ELEMENT = by_type(
    {
        "rich_text_section": _SECTION,
        "rich_text_list": _LIST,
        "rich_text_quote": fields({"elements": items(INLINE, most=_MANY)}, {"border": integer(0, 1)}),
        "rich_text_preformatted": fields(
            {"elements": _VERBATIM}, {"border": integer(0, 1), "language": string(most=255)}
        ),
    }
)
