"""The analyzer as a process: how it starts, refuses bad settings, serves and stops."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from logjedi_analyzer.entrypoints.documentation import REQUEST_EXAMPLE

READY = re.compile(r'"address": "(http://[^"]+)"')


def environment(**settings: Any) -> Any:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOGJEDI_", "LLM_"))}
    return {**kept, "LOGJEDI_ANALYZER_HOST": "127.0.0.1", "LOGJEDI_ANALYZER_PORT": "0", **settings}


@contextmanager
def running(tmp_path: Path, **settings: Any) -> Any:
    command = [sys.executable, "-m", "logjedi_analyzer"]
    process = subprocess.Popen(command, env=environment(**settings), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        ready = READY.search(process.stderr.readline())
        assert ready
        yield process, ready[1]
    finally:
        process.kill()
        process.communicate()


def refuse(tmp_path: Path, **settings: Any) -> Any:
    command = [sys.executable, "-m", "logjedi_analyzer"]
    done = subprocess.run(
        command, env=environment(**settings), cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


@pytest.mark.parametrize(("provider", "diagnoser"), [("", "playbook"), ("mock", "agent")])
def test_it_serves_and_stops_when_told(tmp_path: Path, provider: Any, diagnoser: Any) -> None:
    with running(tmp_path, LLM_PROVIDER=provider) as (process, address):
        answer = httpx.post(f"{address}/analyze", json=REQUEST_EXAMPLE, headers={"x-request-id": "r-1"})
        assert answer.status_code == 200
        assert answer.headers["x-request-id"] == "r-1"
        assert answer.json()["diagnosis"]["diagnoser"] == diagnoser
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=15)
        assert process.returncode == 0
        [line] = [json.loads(row) for row in rest.splitlines() if "incident explained" in row]
        assert line["correlation"] == REQUEST_EXAMPLE["correlation"]
        assert line["request_id"] == "r-1"


def test_bad_settings_are_a_line_each_and_exit_code_2(tmp_path: Path) -> None:
    lines = refuse(tmp_path, LOGJEDI_ANALYZER_PORT="x", LLM_PROVIDER="bedrock", LOGJEDI_LOG_LEVVEL="info")
    assert len(lines) == 3
    assert {line.split(":")[0] for line in lines} == {"LOGJEDI_ANALYZER_PORT", "LLM_PROVIDER", "LOGJEDI_LOG_LEVVEL"}


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with running(tmp_path) as (_, address):
        [line] = refuse(tmp_path, LOGJEDI_ANALYZER_PORT=address.rsplit(":", 1)[1])
    assert "LOGJEDI_ANALYZER_PORT" in line
    assert "in use" in line


def test_the_env_file_of_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LLM_SERVICE_AUTH_HEADER=Bearer from-file\n")
    with running(tmp_path) as (_, address):
        assert httpx.post(f"{address}/analyze", json=REQUEST_EXAMPLE).status_code == 401
        headers = {"authorization": "Bearer from-file"}
        assert httpx.post(f"{address}/analyze", json=REQUEST_EXAMPLE, headers=headers).status_code == 200


def test_an_endless_stream_is_cut_off(tmp_path: Path) -> None:
    def endless() -> Any:
        for _ in range(4096):
            yield b"x" * 65536

    with running(tmp_path) as (_, address):
        started = time.monotonic()
        try:
            status = httpx.post(f"{address}/analyze", content=endless()).status_code
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            status = 413  # the server hung up while we were still sending, as it may
        assert status == 413
        assert time.monotonic() - started < 10
        assert httpx.get(f"{address}/health").status_code == 200


def test_the_playbook_alone_loads_no_model_library(tmp_path: Path) -> None:
    code = "import sys, logjedi_analyzer.__main__; print({'strands', 'boto3', 'openai', 'mcp'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "set()"
