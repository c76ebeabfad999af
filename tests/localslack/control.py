"""The same handle for other processes, as JSON: what was posted, press this, fail that.

``GET /control/messages``, ``POST /control/click`` and ``POST /control/fail``. For drivers of the demo
and of tests that run this server as a process of its own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from tests.localslack import arguments
from tests.localslack.errors import ApiError
from tests.localslack.model import Json, Message

if TYPE_CHECKING:
    from tests.localslack.server import LocalSlack


@dataclass(slots=True)
class Control:
    slack: "LocalSlack"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/messages", self.messages),
            web.post("/control/click", self.click),
            web.post("/control/fail", self.fail),
        ]

    async def messages(self, _: web.Request) -> web.Response:
        """Every message, also deleted and ephemeral ones, oldest first."""
        return web.json_response([_shown(message) for message in self.slack.workspace.messages])

    async def click(self, request: web.Request) -> web.Response:
        """``{"ts", "action_id", "user"}``; 404 when there is no such message or button."""
        given = await _read(request)
        try:
            result = await self.slack.click(given["ts"], given["action_id"], user=given.get("user", "U0ALICE"))
        except KeyError as error:
            raise web.HTTPNotFound(text=str(error)) from error
        return web.json_response(
            {"status": result.status, "body": result.body, "shown": result.shown, "elapsed_s": result.elapsed_s}
        )

    async def fail(self, request: web.Request) -> web.Response:
        """``{"method", "error", "status", "hang_s", "times"}``, as ``LocalSlack.fail_next``."""
        given = await _read(request)
        try:
            self.slack.fail_next(given.pop("method"), **given)
        except (KeyError, TypeError) as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        return web.json_response({"ok": True})


async def _read(request: web.Request) -> Json:
    try:
        return await arguments.read(request)
    except ApiError as error:
        raise web.HTTPBadRequest(text=error.code) from error


def _shown(message: Message) -> Json:
    return {
        "plain": message.plain, "history": message.history, "visible_to": message.visible_to,
        "channel": message.channel, "deleted": message.deleted, "message": message.as_json(),
    }  # fmt: skip
