"""The HTTP side of the Web API: faults, token, rate limit, method, answer, in Slack's order.

``/api/<method>``, ``/upload/v1/<file>`` and ``/actions/<response url>``. Every answer is JSON with ``ok``.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.localslack import arguments, chat, hooks, reads
from tests.localslack.errors import ApiError
from tests.localslack.faults import Fault, Faults, RateLimit
from tests.localslack.files import Uploads
from tests.localslack.model import Bot, Json
from tests.localslack.state import Workspace

Method = Callable[[Workspace, Bot, Json], Json]

METHODS: dict[str, Method] = {
    "auth.test": reads.auth_test,
    "chat.postMessage": chat.post_message,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.update": chat.update,
    "chat.delete": chat.delete,
    "conversations.history": reads.history,
    "conversations.replies": reads.replies,
    "conversations.info": reads.conversation_info,
    "users.info": reads.user_info,
    "usergroups.users.list": reads.usergroup_users,
}


@dataclass(slots=True)
class WebApi:
    workspace: Workspace
    faults: Faults = field(default_factory=Faults)
    post_limit: RateLimit = field(default_factory=RateLimit)
    given_out: hooks.Hooks = field(default_factory=hooks.Hooks)
    uploads: Uploads = field(default_factory=Uploads)
    calls: list[tuple[str, Json]] = field(default_factory=list)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/{method}", self.call),
            web.post("/upload/v1/{file}", self.upload),
            web.post("/actions/{team}/{key}", self.respond),
        ]

    async def call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        fault = self.faults.take(method)
        if fault is not None and not fault.lost:
            broken = await _suffered(fault)
            if broken is not None:
                return broken
        answer = await self._answer(request, method)
        if fault is not None and fault.lost:
            _drop(request)
        return answer

    async def _answer(self, request: web.Request, method: str) -> web.Response:
        try:
            given = await arguments.read(request)
            bot = self._bot(request, given)
            self.calls.append((method, {key: value for key, value in given.items() if key != "token"}))
            self._limit(method, given)
            answer = self._run(request, method, bot, given)
        except ApiError as error:
            return _refusal(error)
        return web.json_response({"ok": True, **answer})

    def _run(self, request: web.Request, method: str, bot: Bot, given: Json) -> Json:
        match method:
            case "views.open":
                return hooks.open_view(self.workspace, self.given_out, bot, given)
            case "files.getUploadURLExternal":
                return self.uploads.ask(given, base_url=str(request.url.origin()))
            case "files.completeUploadExternal":
                return self.uploads.complete(self.workspace, bot, given)
            case _ if method in METHODS:
                return METHODS[method](self.workspace, bot, given)
            case _:
                raise ApiError("unknown_method")

    def _bot(self, request: web.Request, given: Json) -> Bot:
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ").strip() or str(given.get("token") or "")
        if not token:
            raise ApiError("not_authed")
        if token not in self.workspace.bots:
            raise ApiError("invalid_auth")
        return self.workspace.bots[token]

    def _limit(self, method: str, given: Json) -> None:
        wait_s = self.post_limit.wait_s(str(given.get("channel"))) if method == "chat.postMessage" else 0
        if wait_s:
            raise ApiError("ratelimited", status=429, retry_after_s=wait_s)

    async def upload(self, request: web.Request) -> web.Response:
        data = await _uploaded(request)
        if not self.uploads.receive(request.match_info["file"], data):
            return web.Response(status=400, text="upload failed")
        return web.Response(text=f"OK - {len(data)}")

    async def respond(self, request: web.Request) -> web.Response:
        try:
            hook = self.given_out.use_url(request.match_info["key"])
            hooks.respond(self.workspace, hook, await arguments.read(request))
        except ApiError as error:
            return _refusal(error)
        return web.Response(text="ok")


def _refusal(error: ApiError) -> web.Response:
    return web.json_response(error.body(), status=error.status, headers=error.headers())


async def _suffered(fault: Fault) -> web.Response | None:
    """The fault's own answer; None when the call goes on after having hung."""
    await asyncio.sleep(fault.hang_s)
    if fault.error:
        return _refusal(ApiError(fault.error, status=fault.status, retry_after_s=fault.retry_after_s))
    if fault.status != 200:
        return web.Response(status=fault.status, text="injected fault")
    return None


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


async def _uploaded(request: web.Request) -> bytes:
    """The raw body, or the one file of a multipart form."""
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    form = await request.post()
    parts = [part.file.read() for part in form.values() if isinstance(part, web.FileField)]
    return parts[0] if parts else b""
