"""What a click gives the app for a while: trigger ids for modals and response URLs.

A trigger id lives 3 seconds and opens one view; a response URL lives 30 minutes and takes 5 posts.
"""

import secrets
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace

from tests.localslack import blocks, chat
from tests.localslack.errors import ApiError
from tests.localslack.model import Bot, Json, Message, User
from tests.localslack.state import Workspace

TRIGGER_S = 3.0
RESPONSE_URL_S = 30 * 60.0
RESPONSE_URL_USES = 5


@dataclass(slots=True)
class Hook:
    """What a click left behind. ``source`` is the clicked message."""

    source: Message
    user: User
    at: float
    uses: int = 0


@dataclass(slots=True)
class Hooks:
    clock: Callable[[], float] = time.monotonic
    triggers: dict[str, Hook] = field(default_factory=dict)
    urls: dict[str, Hook] = field(default_factory=dict)

    def new_trigger(self, source: Message, user: User) -> str:
        key = f"{time.time_ns()}.{secrets.token_hex(16)}"
        self.triggers[key] = Hook(source, user, self.clock())
        return key

    def new_url(self, source: Message, user: User) -> str:
        """The last part of the response URL."""
        key = secrets.token_urlsafe(18)
        self.urls[key] = Hook(source, user, self.clock())
        return key

    def use_trigger(self, trigger_id: str) -> Hook:
        return self._use(self.triggers.get(trigger_id), ("trigger_id", "exchanged_trigger_id"), TRIGGER_S, 1)

    def use_url(self, key: str) -> Hook:
        return self._use(self.urls.get(key), ("url", "used_url"), RESPONSE_URL_S, RESPONSE_URL_USES)

    def _use(self, hook: Hook | None, names: tuple[str, str], life_s: float, uses: int) -> Hook:
        noun, used_up = names
        if hook is None:
            raise ApiError(f"invalid_{noun}", status=404 if noun == "url" else 200)
        if self.clock() - hook.at > life_s:
            raise ApiError(f"expired_{noun}", status=404 if noun == "url" else 200)
        if hook.uses >= uses:
            raise ApiError(used_up, status=404 if noun == "url" else 200)
        hook.uses += 1
        return hook


def open_view(workspace: Workspace, hooks: Hooks, bot: Bot, arguments: Json) -> Json:
    """``views.open``: the view is kept under ``workspace.views`` for whoever clicked."""
    blocks.check_view(arguments.get("view"))
    hook = hooks.use_trigger(str(arguments.get("trigger_id") or ""))
    view = deepcopy(arguments["view"]) | {
        "id": f"V{secrets.token_hex(5).upper()}", "team_id": workspace.team.id, "app_id": bot.app_id,
        "bot_id": bot.bot_id, "hash": secrets.token_hex(8), "opened_for": hook.user.id,
    }  # fmt: skip
    for index, block in enumerate(view["blocks"]):
        block.setdefault("block_id", f"b{index}")
    workspace.views[view["id"]] = view
    workspace.touched()
    return {"view": view}


def respond(workspace: Workspace, hook: Hook, body: Json) -> None:
    """A post to a response URL: ephemeral unless told otherwise; may replace or delete the source."""
    if body.get("delete_original"):
        workspace.delete(hook.source)
    elif body.get("replace_original"):
        workspace.update(hook.source, chat.updated(hook.source.content, body))
    else:
        workspace.post(_answer(workspace, hook, body))


def _answer(workspace: Workspace, hook: Hook, body: Json) -> Message:
    visible_to = "" if body.get("response_type") == "in_channel" else hook.user.id
    thread_ts = str(body.get("thread_ts") or "")
    source = replace(hook.source, versions=[chat.content(body)], ts=workspace.new_ts(), edited_ts="", files=[])
    return replace(source, visible_to=visible_to, thread_ts=thread_ts, deleted=False)
