import asyncio
import json
from typing import Any, Never

import httpx
import pytest

from logjedi_analyzer import bootstrap
from logjedi_analyzer.entrypoints import documentation
from logjedi_analyzer.settings import Settings
from logjedi_analyzer.usecases.diagnose import ByPlaybook
from logjedi_contracts.analysis import AnalyzeResponse
from logjedi_contracts.errors import TemporaryError

SECRET = "Bearer s3cr3t-value"
BODY = documentation.REQUEST_EXAMPLE
CAP = 2 * 1024 * 1024


def client(settings: Any = None, **overrides: Any) -> Any:
    app = bootstrap.build(settings or Settings(), **overrides).app
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://analyzer")


async def test_analyze_answers_with_a_minimal_patch() -> None:
    async with client() as http:
        response = await http.post("/analyze", json=BODY)
    assert response.status_code == 200
    answer = AnalyzeResponse.model_validate(response.json())
    container = {"name": "app", "image": "registry.example.com/shop/web:1.4.1"}
    assert answer.action
    assert answer.action.patch == {"spec": {"template": {"spec": {"containers": [container]}}}}


async def test_unknown_fields_are_ignored_at_every_depth() -> None:
    body = json.loads(json.dumps(BODY)) | {"future": 1}
    body["failure"]["future"] = {"deep": True}
    body["evidence"]["pods"][0]["containers"][0]["future"] = []
    async with client() as http:
        assert (await http.post("/analyze", json=body)).status_code == 200


@pytest.mark.parametrize(
    "sent", [None, "", "Bearer wrong", "s3cr3t-value", "bearer s3cr3t-value", SECRET + " ", "Bearer ü"]
)
async def test_without_the_exact_secret_nobody_is_served(sent: Any) -> None:
    headers = {} if sent is None else {"authorization": sent.encode()}
    settings = Settings(llm_service_auth_header=SECRET)
    async with client(settings) as http:
        response = await http.post("/analyze", content=b"{" * 100, headers=headers)
        assert response.status_code == 401
        assert SECRET not in response.text
        assert (await http.get("/health")).status_code == 200


async def test_with_the_secret_one_is_served() -> None:
    async with client(Settings(llm_service_auth_header=SECRET)) as http:
        assert (await http.post("/analyze", json=BODY, headers={"authorization": SECRET})).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "type_"),
    [
        ({**BODY, "failure": {"reason": 17, "family": "image"}}, "failure.reason", "string_type"),
        ({**BODY, "target": None}, "target", "model_type"),
        (
            {**BODY, "evidence": {"logs": [{"pod": "p", "container": "c", "lines": [{"password": "hunter2"}]}]}},
            "evidence.logs.0.lines.0",
            "string_type",
        ),
        ({}, "failure", "missing"),
        ("hunter2", "", "model_type"),
    ],
)
async def test_what_does_not_fit_is_named_and_never_echoed(body: Any, field: Any, type_: Any) -> None:
    async with client() as http:
        response = await http.post("/analyze", json=body)
    assert response.status_code == 422
    assert {"field": field, "type": type_} in response.json()["detail"]
    assert "hunter2" not in response.text
    assert "17" not in response.text


async def test_broken_json_is_not_echoed_either() -> None:
    async with client() as http:
        response = await http.post("/analyze", content=b'{"password": "hunter2"')
    assert response.status_code == 422
    assert "hunter2" not in response.text


async def test_a_declared_size_beyond_the_cap_is_refused_unread() -> None:
    async with client() as http:
        response = await http.post("/analyze", content=b"x" * (CAP + 1))
    assert response.status_code == 413


async def test_a_stream_is_cut_at_the_cap_not_at_its_end() -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(1000):
            sent += 65536
            yield b"x" * 65536

    async with client() as http:
        response = await http.post("/analyze", content=endless())
    assert response.status_code == 413
    assert sent <= CAP + 2 * 65536


async def test_a_body_at_the_cap_is_read() -> None:
    async with client() as http:
        assert (await http.post("/analyze", content=b" " * CAP)).status_code == 422


@pytest.mark.parametrize(("sent", "kept"), [("abc-123", True), ("a b", False), ("x" * 200, False), ("<script>", False)])
async def test_the_callers_request_id_is_kept_if_harmless(sent: Any, kept: Any) -> None:
    async with client() as http:
        response = await http.get("/health", headers={"x-request-id": sent})
    assert (response.headers["x-request-id"] == sent) is kept
    assert response.headers["x-request-id"]


class Stuck:
    """A diagnoser that holds its place until it is released."""

    def __init__(self) -> None:
        self.entered = 0
        self.full = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, request: Any) -> Any:
        self.entered += 1
        if self.entered == 64:
            self.full.set()
        await self.release.wait()
        return await ByPlaybook()(request)


async def test_when_all_places_are_taken_callers_come_back_later_and_health_still_answers() -> None:
    stuck = Stuck()
    async with client(diagnoser=stuck) as http:
        waiting = [asyncio.create_task(http.post("/analyze", json=BODY)) for _ in range(64)]
        await stuck.full.wait()
        refused = await http.post("/analyze", json=BODY)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert (await http.get("/health")).status_code == 200
        stuck.release.set()
        assert {response.status_code for response in await asyncio.gather(*waiting)} == {200}
        assert (await http.post("/analyze", json=BODY)).status_code == 200


async def test_a_temporary_error_becomes_503_with_its_delay() -> None:
    async def later(_: Any) -> Never:
        raise TemporaryError("warming up", delay_s=6.2)

    async with client(diagnoser=later) as http:
        response = await http.post("/analyze", json=BODY)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "7"


async def test_metrics_count_by_rule_and_result() -> None:
    async with client() as http:
        await http.post("/analyze", json=BODY)
        text = (await http.get("/metrics")).text
    assert 'logjedi_analyses_total{diagnoser="playbook",result="action",rule="image.restore"} 1.0' in text
    assert "logjedi_analyses_running 0.0" in text


async def test_the_document_describes_the_request_with_an_example() -> None:
    async with client() as http:
        document = (await http.get("/openapi.json")).json()
        assert (await http.get("/ready")).json() == {"status": "ready"}
    operation = document["paths"]["/analyze"]["post"]
    media = operation["requestBody"]["content"]["application/json"]
    assert media["schema"] == {"$ref": "#/components/schemas/AnalyzeRequest"}
    assert "evidence" in document["components"]["schemas"]["AnalyzeRequest"]["properties"]
    assert {"401", "413", "422", "503"} <= set(operation["responses"])
    for name in ("Evidence", "Target", "AnalyzeResponse"):
        assert name in document["components"]["schemas"]


async def test_logs_hold_no_evidence(caplog: pytest.LogCaptureFixture) -> None:
    body = json.loads(json.dumps(BODY))
    body["evidence"]["logs"] = [{"pod": "p", "container": "app", "lines": ["token hunter2"]}]
    async with client() as http:
        await http.post("/analyze", json=body)
    assert "hunter2" not in caplog.text


async def test_fifty_at_once() -> None:
    async with client() as http:
        answers = await asyncio.gather(*(http.post("/analyze", json=BODY) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
