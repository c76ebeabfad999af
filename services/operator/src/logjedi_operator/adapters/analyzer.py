"""The analyzer over HTTP. Implements ``ports.outside.Analyzer``."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
from pydantic import SecretStr, ValidationError

from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse
from logjedi_contracts.errors import DependencyDown, PermanentError


class HttpAnalyzer:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def analyze(self, request: AnalyzeRequest) -> AnalyzeResponse:
        """Ask once; the caller retries what is temporary. 4xx is never retried as it is."""
        headers = {"X-Request-Id": request.correlation, "Content-Type": "application/json"}
        try:
            answer = await self._client.post("/analyze", content=request.model_dump_json(), headers=headers)
        except httpx.HTTPError as error:
            raise DependencyDown("analyzer", type(error).__name__, delay_s=2.0) from error
        if answer.status_code in (429, 503) or answer.status_code >= 500:
            delay_s = _retry_after(answer.headers.get("Retry-After", ""))
            raise DependencyDown("analyzer", f"HTTP {answer.status_code}", delay_s=delay_s)
        if answer.status_code != 200:
            raise PermanentError(f"the analyzer refused the request with HTTP {answer.status_code}")
        try:
            return AnalyzeResponse.model_validate_json(answer.content, extra="ignore")
        except ValidationError as error:
            raise PermanentError("the analyzer's answer does not fit the contract") from error

    async def ping(self) -> None:
        """Raise ``DependencyDown`` unless the analyzer says it is healthy."""
        try:
            answer = await self._client.get("/health", timeout=2)
        except httpx.HTTPError as error:
            raise DependencyDown("analyzer", type(error).__name__) from error
        if answer.status_code != 200:
            raise DependencyDown("analyzer", f"HTTP {answer.status_code}")


@contextlib.asynccontextmanager
async def connect(url: str, auth_header: SecretStr | None, timeout: timedelta) -> AsyncIterator[HttpAnalyzer]:
    """Open a client; nothing is sent yet."""
    headers = {"Authorization": auth_header.get_secret_value()} if auth_header else {}
    seconds = httpx.Timeout(timeout.total_seconds(), connect=2)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=seconds, trust_env=False) as client:
        yield HttpAnalyzer(client)


def _retry_after(value: str) -> float:
    return min(float(value), 60.0) if value.isdigit() else 2.0
