"""``POST /slack/events``: our own check of the raw bytes, then bolt.

Nothing is parsed before the signature fits. A request seen before gets the same answer without a second effect.
No failure shows a traceback or logs a body.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from logjedi_approval_gateway import metrics
from logjedi_approval_gateway.channels.slack import NAME, verify
from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown

log = logs.get(__name__)
PATIENCE_S = 0.3
"""A store that hangs must leave time to tell the clicker so within a second."""


def router(app: AsyncApp, secret: str, first_time: Callable[[str], Awaitable[bool]]) -> APIRouter:
    """Make the route. ``first_time`` says whether a signature is new."""
    routes = APIRouter()

    @routes.post("/slack/events")
    async def events(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _unbelieved(413, "too_large")
        if not verify.is_genuine(secret, request.headers, body, now_s=time.time()):
            return _unbelieved(401, "signature")
        try:
            content = body.decode()
        except UnicodeDecodeError:
            return _unbelieved(401, "encoding")
        if not await _is_first(request, first_time):
            metrics.REPLAYED.labels(channel=NAME).inc()
            return Response(status_code=200)
        return await _dispatch(app, request, content)

    return routes


async def _dispatch(app: AsyncApp, request: Request, content: str) -> Response:
    try:
        answer = await app.async_dispatch(AsyncBoltRequest(body=content, headers=dict(request.headers)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # bolt reads the body before its listeners do; signed nonsense is refused without its text in any log
        return _unbelieved(401, "unreadable")
    return Response(content=answer.body, status_code=answer.status, media_type="text/plain")


async def _is_first(request: Request, first_time: Callable[[str], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await first_time(request.headers["x-slack-signature"])
    except (DependencyDown, TimeoutError):
        return True  # the vote itself will find the store down, and tell the clicker so


async def _body(request: Request) -> bytes | None:
    """Read at most the allowed size; ``None``: it is larger."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > verify.MAX_BODY_BYTES:
        return None
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > verify.MAX_BODY_BYTES:
            return None
    return bytes(read)


def _unbelieved(status: int, reason: str) -> Response:
    metrics.UNBELIEVED.labels(channel=NAME, reason=reason).inc()
    log.warning("request refused", channel=NAME, reason=reason)
    return Response(status_code=status)
