import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from logjedi_contracts import logs


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """Give the root logger and structlog back as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    chatty = {name: logging.getLogger(name).level for name in logs._CHATTY}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_service_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator")
    structlog.stdlib.get_logger("x").warning("message kept\nfor later", stream="s")
    [line] = lines(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "message kept\nfor later", "level": "warning", "service": "operator", "stream": "s"}


def test_libraries_speak_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator")
    with logs.about("shop/front-1"):
        logging.getLogger("a.library").info("hello %s", "there")
    [line] = lines(capsys)
    assert (line["event"], line["level"], line["correlation"]) == ("hello there", "info", "shop/front-1")


def test_correlation_is_bound_within_and_cleared_after(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator")
    log = structlog.stdlib.get_logger("x")
    with logs.about("shop/outer"):
        with logs.about("shop/inner"):
            log.info("inner")
        log.info("outer")
    with pytest.raises(ValueError, match="on the way"), logs.about("shop/failed"):
        raise ValueError("on the way")
    log.info("after")
    assert [line.get("correlation") for line in lines(capsys)] == ["shop/inner", "shop/outer", None]


async def test_correlations_of_concurrent_messages_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator")
    log, met = structlog.stdlib.get_logger("x"), asyncio.Barrier(2)

    async def handle(name: str) -> None:
        with logs.about(name):
            await met.wait()
            log.info("mine", name=name)

    await asyncio.gather(handle("a"), handle("b"))
    assert all(line["correlation"] == line["name"] for line in lines(capsys))


def test_text_for_people_begins_with_what_people_look_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator", style="text")
    structlog.stdlib.get_logger("x").info("hello", a=1)
    assert capsys.readouterr().err.split("=")[0] == "timestamp"


def test_a_level_hides_what_is_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator", level="warning")
    structlog.stdlib.get_logger("x").info("unheard")
    structlog.stdlib.get_logger("x").error("heard")
    assert [line["event"] for line in lines(capsys)] == ["heard"]


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
@pytest.mark.parametrize("name", ["slack_bolt.App", "slack_sdk.web.async_base_client", "httpx", "uvicorn.access"])
def test_libraries_that_log_bodies_and_addresses_are_kept_quiet(
    capsys: pytest.CaptureFixture[str], name: str, level: str
) -> None:
    logs.configure("gateway", level=level)
    for report in (logging.getLogger(name).debug, logging.getLogger(name).info, logging.getLogger(name).warning):
        report("POST https://hooks.example.com/services/T0/B0/hunter2 body={'token': 'xoxb-hunter2'}")
    assert lines(capsys) == []


def test_configuring_twice_prints_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator")
    logs.configure("operator")
    structlog.stdlib.get_logger("x").info("once")
    assert len(lines(capsys)) == 1


def test_a_traceback_is_one_line_without_the_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("operator")
    token = "xoxb-" + "hunter2"[::1]  # spelt so that no source line of the traceback holds it

    def fail() -> None:
        raise KeyError(len(token))

    try:
        fail()
    except KeyError:
        structlog.stdlib.get_logger("x").exception("failed")
    [line] = lines(capsys)
    assert "Traceback" in line["exception"]
    assert "KeyError: 12" in line["exception"]
    assert token not in line["exception"]
