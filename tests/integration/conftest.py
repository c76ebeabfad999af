"""One cluster and one Redis-backed stack for all integration tests; every test works in a namespace of its own."""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from logjedi_operator.adapters import kube as kube_adapter
from tests import cluster
from tests.integration.world import World
from tests.stack import Plan, Process, Stack, free_port, free_ports, schema
from tests.unit.approval_gateway import stack as gateways


@pytest.fixture(scope="session")
def kube() -> Iterator[cluster.Cluster]:
    """A usable API server with the CRD; a real node where the machine allows one (always under CI)."""
    with cluster.start(cluster.ClusterSpec(name=f"it-{secrets.token_hex(3)}")) as started:
        asyncio.run(schema.install(started.kubeconfig))
        yield started


@pytest.fixture
async def api(kube: cluster.Cluster) -> AsyncIterator[kube_adapter.KubeCluster]:
    """The operator's own client, as cluster administrator."""
    async with kube_adapter.connect(kube.kubeconfig) as client:
        yield client


def plan_of(kubeconfig: Path, folder: Path, **settings: str) -> Plan:
    """Plan a stack with short waits; ``settings`` override."""
    quick = {
        "KUBECONFIG": str(kubeconfig),
        "LOGJEDI_CLUSTER_NAME": "test",
        "LOGJEDI_SETTLE_TIME": "3s",
        "LOGJEDI_VERIFY_TIMEOUT": "60s",
        "LOGJEDI_PENDING_GRACE": "1s",
        "LOGJEDI_LOG_FORMAT": "text",
    }
    base = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    return Plan({**base, **quick, **settings}, folder, free_ports())


@pytest.fixture(scope="module")
def whole_stack(kube: cluster.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Redis, the three services and the local Slack as processes, one set for a module."""
    folder = tmp_path_factory.mktemp("stack")
    with slack_and_stack(kube.kubeconfig, folder) as stack:
        yield stack


@contextlib.contextmanager
def slack_and_stack(kubeconfig: Path, folder: Path, **settings: str) -> Iterator[Stack]:
    """Start the local Slack and a stack that posts to it."""
    port, secret = free_port(), secrets.token_hex(8)
    chat = {
        "SLACK_BOT_TOKEN": "xoxb-local",
        "SLACK_SIGNING_SECRET": secret,
        "LOGJEDI_SLACK_CHANNEL": "C0APPROVALS",
        "LOGJEDI_SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
        "LOGJEDI_TEST_SLACK_APPROVERS": "U0ALICE",
    }
    plan = plan_of(kubeconfig, folder, **chat, **settings)
    command = [sys.executable, "-m", "tests.localslack", "--port", str(port), "--gateway", plan.page.rstrip("/")]
    slack = Process("local-slack", [*command, "--signing-secret", secret], dict(os.environ), folder / "slack.log")
    slack.ready_url = f"http://127.0.0.1:{port}/control/messages"
    slack.start()
    try:
        slack.wait_ready()
        with Stack(plan) as stack:
            stack.processes["local-slack"] = slack
            yield stack
    finally:
        slack.stop()


@pytest.fixture
async def world(whole_stack: Stack, api: kube_adapter.KubeCluster) -> AsyncIterator[World]:
    """The module's stack, the API server, and a fresh namespace."""
    async with World.in_new_namespace(whole_stack, api) as here:
        yield here


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Valkey for a module of the gateway's own tests."""
    with gateways.valkey() as server:
        yield server.url


@pytest.fixture(scope="module")
async def stack(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[gateways.Stack]:
    """The gateway, the local Slack and an operator that only signs, one set for a module."""
    async with gateways.whole(tmp_path_factory.mktemp("gateway"), redis_url) as made:
        yield made
