"""What is missing is named, waited for, and nothing is lost meanwhile."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from logjedi_contracts import signing, streams
from logjedi_operator.adapters.kube import KubeCluster
from tests import cluster
from tests.integration.conftest import plan_of, slack_and_stack
from tests.integration.world import World
from tests.stack import Process, Stack, schema

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def own_stack(kube: cluster.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with slack_and_stack(kube.kubeconfig, tmp_path_factory.mktemp("outages"), LOGJEDI_CLUSTER_NAME="outages") as stack:
        yield stack


async def missing(ready_url: str) -> dict[str, str]:
    """What ``/ready`` says is missing."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer: dict[str, Any] = (await client.get(ready_url)).json()
    return dict(answer["missing"])


async def test_what_failed_while_redis_was_down_is_proposed_when_it_returns(own_stack: Stack, api: KubeCluster) -> None:
    async with World.in_new_namespace(own_stack, api) as world:
        own_stack.kill("redis")
        await world.create_sample("configmap-key.yaml")
        record = await world.in_phase("worker", "Proposed")
        assert record.status.asked is None
        assert "redis" in await missing(own_stack.processes["operator"].ready_url)
        assert "redis" in await missing(own_stack.processes["approval-gateway"].ready_url)

        own_stack.start("redis")

        await world.asked("worker")
        await world.approve_in_slack(await world.record("worker"))
        await world.in_phase("worker", "Resolved")


async def test_what_failed_while_the_analyzer_was_down_is_explained_when_it_returns(
    own_stack: Stack, api: KubeCluster
) -> None:
    async with World.in_new_namespace(own_stack, api) as world:
        own_stack.kill("analyzer")
        await world.create_sample("configmap-key.yaml")
        await world.in_phase("worker", "Analyzing")
        assert "analyzer" in await missing(own_stack.processes["operator"].ready_url)

        own_stack.start("analyzer")

        await world.asked("worker")


async def test_an_emptied_redis_is_filled_again_from_the_records(own_stack: Stack, api: KubeCluster) -> None:
    async with World.in_new_namespace(own_stack, api) as world:
        await world.create_sample("configmap-key.yaml")
        record = await world.asked("worker")
        async with world.redis() as client:
            await client.flushall()

        async def clickable() -> bool:
            try:
                return await world.decide_on_page(record, "approve") == 200
            except httpx.HTTPError:
                return False

        await world.until("the page knows the proposal again", clickable)
        await world.in_phase("worker", "Resolved")


async def test_malformed_and_unsigned_messages_are_parked_with_their_error(own_stack: Stack, api: KubeCluster) -> None:
    async with World.in_new_namespace(own_stack, api) as world:
        stream = streams.decisions("outages")
        async with world.redis() as client:
            await client.xadd(stream, {"body": "{", "key": "0" * 16, "signature": "x"})
            await client.xadd(stream, {"nothing": "of use"})

            async def parked() -> bool:
                rows = await client.xrange(streams.dead(stream))
                return len([fields for _, fields in rows if fields.get("error")]) >= 2

            await world.until("both are parked, each with its error", parked)
            assert (await client.xpending(stream, streams.operator_group("outages")))["pending"] == 0


async def test_a_missing_crd_is_named_with_its_cure_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGJEDI_TEST_CLUSTER", "simulated")
    monkeypatch.delenv("LOGJEDI_KUBECONFIG", raising=False)
    with cluster.start() as bare:
        operator = operator_alone(bare.kubeconfig, tmp_path)
        try:
            said = await waits_for(operator, "crd")
            assert "kubectl apply -f" in said
            await schema.install(bare.kubeconfig)
            await no_longer_waits_for(operator, "crd")
        finally:
            operator.stop()


async def test_an_unreachable_api_server_is_named_and_waited_for(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.yaml"
    nowhere.write_text(yaml.safe_dump(kubeconfig_to("https://127.0.0.1:9")))
    operator = operator_alone(nowhere, tmp_path)
    try:
        assert await waits_for(operator, "kubernetes")
        assert operator.running
    finally:
        operator.stop()


@pytest.mark.parametrize(
    ("service", "setting", "value", "told"),
    [
        ("logjedi_operator", "LOGJEDI_CLUSTR_NAME", "x", "did you mean LOGJEDI_CLUSTER_NAME?"),
        ("logjedi_operator", "LOGJEDI_SETTLE_TIME", "soon", "LOGJEDI_SETTLE_TIME: "),
        ("logjedi_operator", "APPLY_MODE", "always", "APPLY_MODE: "),
        ("logjedi_operator", "LOGJEDI_POLICY_FILE", "/nowhere/policy.yaml", "LOGJEDI_POLICY_FILE: "),
        ("logjedi_operator", "LOGJEDI_GATEWAY_KEYS", "/nowhere/key.pem", "LOGJEDI_GATEWAY_KEYS: "),
        ("logjedi_analyzer", "LOGJEDI_DIAGNOSER", "oracle", "LOGJEDI_DIAGNOSER: "),
        ("logjedi_approval_gateway", "LOGJEDI_APPROVAL_RULES_FILE", "/nowhere", "LOGJEDI_APPROVAL_RULES_FILE: "),
        ("logjedi_approval_gateway", "LOGJEDI_GATEWAY_HOST", "::", "LOGJEDI_WEB_DEVELOPMENT_IDENTITY"),
    ],
)
def test_a_bad_setting_is_one_line_and_no_traceback(
    tmp_path: Path, kube: cluster.Cluster, service: str, setting: str, value: str, told: str
) -> None:
    by_module = {
        "logjedi_operator": "operator",
        "logjedi_analyzer": "analyzer",
        "logjedi_approval_gateway": "approval-gateway",
    }
    plan = plan_of(kube.kubeconfig, tmp_path)
    process = next(process for process in plan.processes() if process.name == by_module[service])
    environment = {**process.environment, setting: value}
    ended = subprocess.run(
        [sys.executable, "-m", service], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 2, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    problems = [line for line in ended.stderr.splitlines() if not line.startswith(("{", "timestamp="))]
    assert len(problems) == 1, ended.stderr


def operator_alone(kubeconfig: Path, folder: Path) -> Process:
    plan = plan_of(kubeconfig, folder)
    operator = next(process for process in plan.processes() if process.name == "operator")
    operator.start()
    return operator


async def waits_for(operator: Process, dependency: str) -> str:
    """Wait until ``/ready`` names ``dependency``; return what it says of it."""
    for _ in range(200):
        try:
            said = (await missing(operator.ready_url)).get(dependency, "")
        except (httpx.HTTPError, json.JSONDecodeError):
            said = ""
        if said:
            return said
        await asyncio.sleep(0.1)
    raise AssertionError(operator.tail())


async def no_longer_waits_for(operator: Process, dependency: str) -> None:
    for _ in range(200):
        if dependency not in await missing(operator.ready_url):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(operator.tail())


def kubeconfig_to(server: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "nowhere",
        "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
        "clusters": [{"name": "nowhere", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "nobody", "user": {"token": "none"}}],
    }


def test_keys_made_for_a_stack_are_not_readable_by_others(tmp_path: Path) -> None:
    private, _ = signing.write_key_pair(tmp_path, "any")
    assert private.stat().st_mode & 0o077 == 0
