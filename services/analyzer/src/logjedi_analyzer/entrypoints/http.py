"""The HTTP front: ``POST /analyze`` and the endpoints for probes and metrics.

Maps the error tree once: ``TemporaryError`` → 503 with ``Retry-After``, a body that does not fit → 422 naming
fields and problem types only. Bodies are never logged or echoed.
"""

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError

from logjedi_analyzer.entrypoints import documentation
from logjedi_analyzer.entrypoints.front import Front
from logjedi_analyzer.entrypoints.telemetry import Telemetry
from logjedi_analyzer.ports.diagnoser import Diagnoser
from logjedi_contracts import logs
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse
from logjedi_contracts.errors import TemporaryError

_LOG = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """``places``: analyses that may run at once; an arbitrary number well above what one operator sends."""

    authorization: str = ""
    body_bytes: int = 2 * 1024 * 1024
    places: int = 64


class Places:
    """Bounded concurrency that turns callers away instead of queueing them."""

    def __init__(self, count: int, telemetry: Telemetry) -> None:
        self._free = count
        self._telemetry = telemetry

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        if self._free <= 0:
            self._telemetry.saturated.inc()
            raise TemporaryError("all places are taken", delay_s=2.0)
        self._free -= 1
        try:
            with self._telemetry.running.track_inprogress(), self._telemetry.seconds.time():
                yield
        finally:
            self._free += 1


def create_app(diagnose: Diagnoser, options: Options) -> FastAPI:
    """Build the application; nothing connects and nothing is shared between two of them."""
    telemetry = Telemetry()
    app = FastAPI(title="LogJedi analyzer", version="0.1.0", docs_url=None, redoc_url=None)
    app.add_middleware(Front, authorization=options.authorization, body_bytes=options.body_bytes)
    app.add_exception_handler(TemporaryError, _later)
    app.add_exception_handler(ValidationError, _does_not_fit)
    _add_analyze(app, diagnose, Places(options.places, telemetry), telemetry)
    _add_probes(app, telemetry)
    documentation.describe(app)
    return app


def _add_analyze(app: FastAPI, diagnose: Diagnoser, places: Places, telemetry: Telemetry) -> None:
    @app.post(
        "/analyze",
        response_model=AnalyzeResponse,
        summary="Explain one incident",
        responses=documentation.ERRORS,
        openapi_extra=documentation.BODY,
    )
    async def analyze(request: Request) -> Response:
        """Answer with a cause, and either a minimal patch or the statement that no safe one is known."""
        incident = AnalyzeRequest.model_validate_json(await request.body(), extra="ignore")
        with logs.about(incident.correlation or "-"):
            async with places.take():
                started = time.perf_counter()
                answer = await diagnose(incident)
            telemetry.count(answer)
            _log(incident, answer, time.perf_counter() - started)
        return Response(answer.model_dump_json(), media_type="application/json")


def _log(incident: AnalyzeRequest, answer: AnalyzeResponse, seconds: float) -> None:
    diagnosis = answer.diagnosis
    _LOG.info(
        "incident explained",
        kind=incident.target.kind,
        namespace=incident.target.namespace,
        name=incident.target.name,
        reason=incident.failure.reason,
        rule=diagnosis.rule,
        diagnoser=diagnosis.diagnoser,
        confidence=diagnosis.confidence,
        action=answer.action.type if answer.action else "none",
        fallback=diagnosis.fallback,
        milliseconds=round(seconds * 1000, 1),
    )


def _add_probes(app: FastAPI, telemetry: Telemetry) -> None:
    @app.get("/health", summary="The process is alive")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", summary="The service takes work; it depends on nothing")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(telemetry.registry), media_type=CONTENT_TYPE_LATEST)


async def _later(_: Request, error: Exception) -> Response:
    delay_s = error.delay_s if isinstance(error, TemporaryError) else 1.0
    return JSONResponse({"error": str(error)}, status_code=503, headers={"retry-after": str(math.ceil(delay_s))})


async def _does_not_fit(_: Request, error: Exception) -> Response:
    rows = (
        error.errors(include_input=False, include_url=False, include_context=False)
        if isinstance(error, ValidationError)
        else []
    )
    detail = [{"field": ".".join(str(part) for part in row["loc"]), "type": row["type"]} for row in rows]
    return JSONResponse({"error": "the body does not fit", "detail": detail[:50]}, status_code=422)
