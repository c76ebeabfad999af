"""The process itself: wrong settings end it with one line each, a signal ends it cleanly, a kill loses nothing."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logjedi_contracts import bus as buses
from logjedi_contracts import envelope, messages, streams
from tests.localslack import CHANNEL_ID, Options, Tamper, serve
from tests.unit.approval_gateway import samples
from tests.unit.approval_gateway import stack as stacks


@pytest.fixture
def environment(redis_url: str, tmp_path: Path) -> dict[str, str]:
    stacks.Keys(tmp_path)
    rules = tmp_path / "rules.yaml"
    rules.write_text(stacks.RULES)
    return {
        "PATH": os.environ["PATH"],
        "REDIS_URL": redis_url,
        "LOGJEDI_SIGNING_KEY_FILE": str(tmp_path / "gateway.key.pem"),
        "LOGJEDI_OPERATOR_KEYS": f"{samples.CLUSTER}={tmp_path / 'operator.pub.pem'}",
        "LOGJEDI_APPROVAL_RULES_FILE": str(rules),
        "LOGJEDI_GATEWAY_HOST": "127.0.0.1",
        "LOGJEDI_GATEWAY_PORT": "0",
        "LOGJEDI_WEB_DEVELOPMENT_IDENTITY": "alice",
    }


async def start(environment: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "logjedi_approval_gateway",
        env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def process(environment: dict[str, str], folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Start the real process; give it and its address."""
    made = await start(environment, folder)
    assert made.stderr is not None
    try:
        async with asyncio.timeout(30):
            while b"approval gateway ready" not in (line := await made.stderr.readline()):
                assert line, "ended before it was ready"
        found = re.search(rb"http://[\d.:]+", line)
        assert found is not None
        yield made, found[0].decode()
    finally:
        with contextlib.suppress(ProcessLookupError):
            made.kill()
        await made.communicate()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"REDIS_URL": ""}, "REDIS_URL: "),
        ({"LOGJEDI_SIGNING_KEY_FILE": "/nowhere.pem"}, "LOGJEDI_SIGNING_KEY_FILE: /nowhere.pem: No such file"),
        ({"LOGJEDI_OPERATOR_KEYS": "a=/nowhere.pem"}, "LOGJEDI_OPERATOR_KEYS: a=/nowhere.pem: No such file"),
        ({"LOGJEDI_APPROVAL_RULES_FILE": "/nowhere.yaml"}, "LOGJEDI_APPROVAL_RULES_FILE: /nowhere.yaml: No such file"),
        ({"LOGJEDI_GATEWAY_HOST": "0.0.0.0"}, "LOGJEDI_WEB_DEVELOPMENT_IDENTITY: "),  # noqa: S104
        ({"SLACK_BOT_TOKEN": "xoxb-very-secret"}, "SLACK_SIGNING_SECRET: "),
        ({"LOGJEDI_GATEWAY_PROT": "80"}, "LOGJEDI_GATEWAY_PROT: no service knows this setting; did you mean"),
    ],
    ids=str,
)
async def test_a_wrong_setting_is_one_line_and_exit_2(
    environment: dict[str, str], tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    made = await start(environment | changed, tmp_path)
    _, errors = await made.communicate()
    assert made.returncode == 2
    [line] = errors.decode().splitlines()
    assert line.startswith(said)
    assert "very-secret" not in line


async def test_rules_without_an_approver_refuse_to_start(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules: [{name: a, approvers: {slackGroups: [S1]}}]")
    made = await start(environment, tmp_path)
    _, errors = await made.communicate()
    assert made.returncode == 2
    assert "no rule names an approver" in errors.decode()
    async with process(environment | {"LOGJEDI_NOTIFY_ONLY": "true"}, tmp_path):
        pass


async def test_a_signal_ends_it_cleanly(environment: dict[str, str], tmp_path: Path) -> None:
    async with process(environment, tmp_path) as (made, _):
        made.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(made.communicate(), 10)
    assert made.returncode == 0
    assert b"Traceback" not in errors


async def test_a_killed_gateway_takes_up_what_it_had_read(environment: dict[str, str], tmp_path: Path) -> None:
    keys = stacks.Keys(tmp_path)
    async with buses.connect(environment["REDIS_URL"]) as bus:
        for _ in range(3):
            made = samples.proposal()
            async with process(environment, tmp_path) as (gateway, _):
                sent = envelope.wrap(
                    made, cluster=samples.CLUSTER, analysis=f"{made.record.namespace}/{made.record.name}"
                )
                await bus.publish(streams.PROPOSALS, sent, keys.operator)
                gateway.kill()
            async with process(environment, tmp_path), asyncio.timeout(10):
                while not await _asked(bus, keys, made):  # noqa: ASYNC110 - Redis tells nobody
                    await asyncio.sleep(0.05)


async def _asked(bus: buses.Bus, keys: stacks.Keys, made: messages.ProposalMade) -> bool:
    rows = await bus.client.xrange(streams.decisions(samples.CLUSTER))
    read = [envelope.decode(fields, keys.gateway).message for _, fields in rows]
    return any(isinstance(one, messages.ProposalAsked) and one.digest == made.digest for one in read)


async def test_no_token_signature_or_body_is_logged_at_any_level(environment: dict[str, str], tmp_path: Path) -> None:
    keys, made = stacks.Keys(tmp_path), samples.proposal()
    async with serve(Options(signing_secret=stacks.SECRET, gateway="http://127.0.0.1:1")) as slack:
        chat = {
            "SLACK_BOT_TOKEN": slack.token,
            "SLACK_SIGNING_SECRET": stacks.SECRET,
            "LOGJEDI_SLACK_CHANNEL": CHANNEL_ID,
            "LOGJEDI_SLACK_API_URL": slack.api_url,
            "LOGJEDI_LOG_LEVEL": "DEBUG",
        }
        async with process(environment | chat, tmp_path) as (gateway, address):
            slack.send_clicks_to(address)
            async with buses.connect(environment["REDIS_URL"]) as bus:
                analysis = f"{made.record.namespace}/{made.record.name}"
                sent = envelope.wrap(made, cluster=samples.CLUSTER, analysis=analysis)
                await bus.publish(streams.PROPOSALS, sent, keys.operator)
            message = await slack.until(lambda m: stacks.digest_of(m) == made.digest)
            alice = slack.workspace.users["U0ALICE"]
            tampers = (Tamper(), Tamper(secret="forged"), Tamper(value="nonsense"))
            for press in [
                slack.clicker.request(message, "logjedi_approve", user=alice, tamper=tamper) for tamper in tampers
            ]:
                await slack.clicker.send(press)
            gateway.send_signal(signal.SIGTERM)
            _, logged = await asyncio.wait_for(gateway.communicate(), 10)
    signatures = [result.request.headers["X-Slack-Signature"] for result in slack.clicker.results]
    lines = logged.decode()
    assert '"result": "recorded"' in lines
    for secret in (slack.token, stacks.SECRET, "payload=", made.nonce, "trigger_id", *signatures):
        assert secret not in lines
