"""The one HTTP server: channels' routes, health and metrics. It publishes no API description."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from logjedi_approval_gateway.entrypoints.readiness import Readiness
from logjedi_contracts.errors import PermanentError, TemporaryError


def app(routers: Iterable[APIRouter], readiness: Readiness) -> FastAPI:
    """Make the application. Errors of ours are mapped to statuses here and nowhere else."""
    made = FastAPI(title="LogJedi approval gateway", docs_url=None, redoc_url=None, openapi_url=None)
    made.include_router(_health(readiness))
    for router in routers:
        made.include_router(router)
    made.add_exception_handler(TemporaryError, _temporary)
    made.add_exception_handler(PermanentError, _permanent)
    made.add_exception_handler(RequestValidationError, _malformed)
    return made


def _health(readiness: Readiness) -> APIRouter:
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> dict[str, bool]:
        return {"ok": True}

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        missing = dict(readiness.missing)
        return JSONResponse({"ready": not missing, "missing": missing}, status_code=503 if missing else 200)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _temporary(_: Request, error: Exception) -> Response:
    delay_s = error.delay_s if isinstance(error, TemporaryError) else 5.0
    headers = {"Retry-After": str(max(1, round(delay_s)))}
    return PlainTextResponse("A part of LogJedi does not answer. Try again in a moment.\n", 503, headers=headers)


async def _permanent(_: Request, __: Exception) -> Response:
    return PlainTextResponse("The request cannot be served.\n", 400)


async def _malformed(_: Request, __: Exception) -> Response:
    return PlainTextResponse("The request is malformed.\n", 422)
