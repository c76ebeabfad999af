"""Kill -9 each process in the middle of the job: all is healed all the same, and each workload is patched once."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from logjedi_operator.adapters.kube import KubeCluster
from logjedi_operator.domain.preimage import ATTEMPT_ANNOTATION
from tests import cluster
from tests.demo.workloads import BREAK
from tests.integration.conftest import slack_and_stack
from tests.integration.world import World
from tests.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def own_stack(kube: cluster.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of this module's own, since its processes are killed."""
    with slack_and_stack(kube.kubeconfig, tmp_path_factory.mktemp("killed"), LOGJEDI_CLUSTER_NAME="killed") as stack:
        yield stack


async def patched_once(world: World, name: str) -> bool:
    """One attempt is written on the object, and the record holds one applied patch with an unbroken audit count."""
    record = await world.record(name)
    live = await world.deployment(name)
    proposal = record.status.proposal
    assert proposal is not None
    assert live["metadata"]["annotations"][ATTEMPT_ANNOTATION] == proposal.nonce
    return record.status.attempts == 1 and record.status.audit.sequence == len(
        ["analysis-started", "proposed", "approved", "apply-started", "applied", "healthy"]
    )


async def test_each_process_is_killed_in_the_middle_and_all_workloads_are_healed_once(
    own_stack: Stack, api: KubeCluster, kube: cluster.Cluster
) -> None:
    async with World.in_new_namespace(own_stack, api) as world:
        await world.create_sample("bad-image.yaml")
        await world.healthy("web")
        names = ["web", "worker", *(["cache"] if kube.node == "real" else [])]
        generations = {}

        own_stack.kill("analyzer")
        live = await world.deployment("web")
        await world.patch_deployment("web", json.loads(live["metadata"]["annotations"][BREAK]))
        await world.create_sample("configmap-key.yaml")
        if "cache" in names:
            await world.create_sample("oom.yaml")
        await world.in_phase("worker", "Analyzing")
        own_stack.kill("operator")
        own_stack.start("analyzer")
        own_stack.kill("redis")
        own_stack.start("operator", wait=False)
        await world.in_phase("worker", "Proposed")
        own_stack.kill("approval-gateway")
        own_stack.start("redis")
        own_stack.start("approval-gateway")

        asked = [await world.asked(name) for name in names]
        generations = {name: (await world.deployment(name))["metadata"]["generation"] for name in names}
        own_stack.kill("operator")
        for record in asked:
            await world.approve_in_slack(record)
        own_stack.kill("redis")
        own_stack.kill("approval-gateway")
        own_stack.start("redis")
        own_stack.start("approval-gateway")
        own_stack.start("operator", wait=False)
        await asyncio.sleep(1.5)
        own_stack.kill("operator")
        own_stack.start("operator")

        for name in names:
            ended = await world.in_phase(name, "Resolved", "RolledBack", "Failed", "Refused", "Stale", patience_s=90)
            assert ended.phase == "Resolved", ended.status.message
            assert await patched_once(world, name)
            assert (await world.deployment(name))["metadata"]["generation"] == generations[name] + 1


@pytest.mark.parametrize("moment_s", [0.0, 0.04, 0.08, 0.12])
async def test_the_operator_killed_at_some_moment_after_the_click_patches_once(
    own_stack: Stack, api: KubeCluster, moment_s: float
) -> None:
    async with World.in_new_namespace(own_stack, api) as world:
        await world.create_sample("configmap-key.yaml")
        asked = await world.asked("worker")
        generation = (await world.deployment("worker"))["metadata"]["generation"]

        await world.approve_in_slack(asked)
        await asyncio.sleep(moment_s)
        own_stack.kill("operator")
        own_stack.start("operator", wait=False)

        ended = await world.in_phase("worker", "Resolved", "RolledBack", "Failed", "Refused", "Stale")
        assert ended.phase == "Resolved", ended.status.message
        assert await patched_once(world, "worker")
        assert (await world.deployment("worker"))["metadata"]["generation"] == generation + 1
