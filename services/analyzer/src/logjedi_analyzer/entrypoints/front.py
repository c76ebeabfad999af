"""What every request meets before a route does: a request id, the caller's secret, and a cap on the body.

Plain ASGI, so that a body is counted while it streams in and an unknown caller is turned away before it is read.
"""

import hmac
import re
import uuid
from collections.abc import MutableMapping
from dataclasses import dataclass

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GUARDED = "/analyze"
_REQUEST_ID = re.compile(r"[\w.:/-]{1,128}")


class TooLarge(Exception):
    """The body is larger than the cap."""


@dataclass(frozen=True, slots=True)
class Front:
    """Wraps the application. ``authorization``: the exact header value demanded, empty for none."""

    app: ASGIApp
    authorization: str
    body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._admit(scope, headers, receive, _stamped(send, request_id))

    async def _admit(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        if scope["path"] != GUARDED or scope["method"] != "POST":
            await self.app(scope, receive, send)
        elif not self._knows(headers.get("authorization", "")):
            await _refuse(401, "Authorization is missing or wrong", scope, receive, send)
        else:
            await self._read_then_call(scope, headers, receive, send)

    def _knows(self, offered: str) -> bool:
        wanted = self.authorization
        return not wanted or hmac.compare_digest(offered.encode("latin-1"), wanted.encode("utf-8"))

    async def _read_then_call(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        declared = headers.get("content-length", "0")
        too_large = declared.isdecimal() and int(declared) > self.body_bytes
        try:
            body = await self._read(receive, refuse=too_large)
        except TooLarge:
            await _refuse(413, f"the body is larger than {self.body_bytes} bytes", scope, receive, send)
            return
        if body is not None:
            await self.app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive, *, refuse: bool) -> bytes | None:
        """Read the whole body; ``None`` if the caller hung up. Raises ``TooLarge`` as soon as it is known to be."""
        body = bytearray()
        if refuse:
            raise TooLarge
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.body_bytes:
                raise TooLarge
            if not message.get("more_body", False):
                return bytes(body)


def _request_id(offered: str) -> str:
    """Keep the caller's id if it is harmless, else make one."""
    return offered if _REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex


def _stamped(send: Send, request_id: str) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["x-request-id"] = request_id
        await send(message)

    return stamped


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the application the body that was read, then whatever comes (a hang-up)."""
    pending: list[MutableMapping[str, object]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def _refuse(status: int, error: str, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"connection": "close"} if status == 413 else {"www-authenticate": "Bearer"}
    await JSONResponse({"error": error}, status_code=status, headers=headers)(scope, receive, send)
