"""The rules of text objects and interactive elements: buttons, menus, inputs, confirm dialogs. Pure.

Source: https://docs.slack.dev/reference/block-kit/block-elements/ and …/composition-objects/
"""

from tests.localslack.schema import Rule, boolean, by_type, fields, integer, items, one_of, string

ID = string(most=255)
URL = string(most=3_000)


def plain_text(most: int) -> Rule:
    return by_type({"plain_text": fields({"text": string(most=most)}, {"emoji": boolean})})


def any_text(most: int) -> Rule:
    return by_type(
        {
            "plain_text": fields({"text": string(most=most)}, {"emoji": boolean}),
            "mrkdwn": fields({"text": string(most=most)}, {"verbatim": boolean}),
        }
    )


CONFIRM = fields(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
_OPTION = fields({"text": any_text(75), "value": string(most=150)}, {"description": plain_text(75), "url": URL})
_COMMON: dict[str, Rule] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": boolean}

BUTTON = fields(
    {"text": plain_text(75)},
    {
        "action_id": ID,
        "value": string(most=2_000, least=0),
        "url": URL,
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(most=75),
    },
)
_SELECT = fields(
    {"options": items(_OPTION, most=100)}, _COMMON | {"placeholder": plain_text(150), "initial_option": _OPTION}
)
_USERS_SELECT = fields({}, _COMMON | {"placeholder": plain_text(150), "initial_user": ID})
_OVERFLOW = fields({"options": items(_OPTION, most=5)}, {"action_id": ID, "confirm": CONFIRM})
_CHOICE = fields({"options": items(_OPTION, most=10)}, _COMMON)
_INPUT = fields(
    {},
    {
        "action_id": ID,
        "placeholder": plain_text(150),
        "initial_value": string(most=3_000),
        "multiline": boolean,
        "min_length": integer(0, 3_000),
        "max_length": integer(1, 3_000),
        "focus_on_load": boolean,
        "dispatch_action_config": fields({}, {"trigger_actions_on": items(ID, most=2)}),
    },
)
IMAGE = fields({"image_url": URL, "alt_text": string(most=2_000)})

_ACTIVE: dict[str, Rule] = {
    "button": BUTTON,
    "static_select": _SELECT,
    "users_select": _USERS_SELECT,
    "overflow": _OVERFLOW,
    "checkboxes": _CHOICE,
    "radio_buttons": _CHOICE,
}
IN_ACTIONS = by_type(_ACTIVE)
IN_SECTION = by_type(_ACTIVE | {"image": IMAGE})
IN_INPUT = by_type(
    {"plain_text_input": _INPUT} | {name: rule for name, rule in _ACTIVE.items() if name not in {"button", "overflow"}}
)
IN_CONTEXT = by_type(
    {
        "plain_text": fields({"text": string(most=2_000)}, {"emoji": boolean}),
        "mrkdwn": fields({"text": string(most=2_000)}, {"verbatim": boolean}),
        "image": IMAGE,
    }
)
