"""``/health``, ``/ready`` and ``/metrics``: what probes and Prometheus ask."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from logjedi_contracts.errors import DependencyDown, LogJediError

Check = Callable[[], Awaitable[None]]


def build(checks: Mapping[str, Check]) -> web.Application:
    """Make the application; ``checks`` are by the name that ``/ready`` shows when one raises."""

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        missing = {
            name: cause for name, cause in await asyncio.gather(*(_ask(*row) for row in checks.items())) if cause
        }
        return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/health", health), web.get("/ready", ready), web.get("/metrics", metrics)])
    return app


async def _ask(name: str, check: Check) -> tuple[str, str]:
    try:
        async with asyncio.timeout(3):
            await check()
    except TimeoutError:
        return name, "no answer within 3 s"
    except DependencyDown as error:
        return error.dependency, error.cause
    except LogJediError as error:
        return name, str(error)
    return name, ""


async def serve(app: web.Application, host: str, port: int) -> None:
    """Serve until cancelled."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
