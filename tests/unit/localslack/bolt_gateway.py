"""A gateway as small as can be: slack_bolt behind one FastAPI route, on a loopback port."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.localslack import LocalSlack

Payload = dict[str, Any]


def bolt_app(slack: LocalSlack, secret: str, seen: list[Payload]) -> AsyncApp:
    """Approve updates the message, reject answers privately through ``respond``, ask opens a modal."""
    app = AsyncApp(signing_secret=secret, client=AsyncWebClient(slack.token, base_url=slack.api_url))

    async def approve(ack: Any, body: Payload, client: Any, say: Any) -> None:
        seen.append(body)
        where = {"channel": body["container"]["channel_id"], "ts": body["container"]["message_ts"]}
        await client.chat_update(**where, text=f"approved by {body['user']['name']}")
        await say(text="decided", thread_ts=where["ts"])
        await ack()

    async def reject(ack: Any, body: Payload, respond: Any) -> None:
        seen.append(body)
        await respond(text="you may not", response_type="ephemeral", replace_original=False)
        await ack()

    async def ask(ack: Any, body: Payload, client: Any) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=_modal())
        await ack()

    async def submitted(ack: Any, body: Payload) -> None:
        reason = body["view"]["state"]["values"]["reason"]["why"]["value"]
        if not reason:
            await ack(response_action="errors", errors={"reason": "say why"})
            return
        seen.append(body)
        await ack()

    for action_id, listener in {"approve": approve, "reject": reject, "ask": ask}.items():
        app.action(action_id)(listener)
    app.view("reason")(submitted)
    return app


@asynccontextmanager
async def running(app: AsyncApp) -> AsyncIterator[str]:
    """The gateway's address."""
    web, handler = FastAPI(), AsyncSlackRequestHandler(app)

    @web.post("/slack/events")
    async def events(request: Request) -> Response:
        return await handler.handle(request)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(web, log_level="critical", lifespan="off")
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])  # serve() would take the signals and tick every 0.1 s
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        await server.shutdown(sockets=[listener])


def _modal() -> Payload:
    field = {"type": "plain_text_input", "action_id": "why", "multiline": True}
    label = {"type": "plain_text", "text": "Why?"}
    return {
        "type": "modal",
        "callback_id": "reason",
        "title": {"type": "plain_text", "text": "Reject"},
        "submit": {"type": "plain_text", "text": "Reject"},
        "private_metadata": "lja-1",
        "blocks": [{"type": "input", "block_id": "reason", "label": label, "element": field}],
    }
