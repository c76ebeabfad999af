"""The main job, whole and real: processes, a real API server and node, Redis, a Slack and a page to click on."""

import json

import pytest

from tests import cluster
from tests.demo.workloads import BREAK
from tests.integration.world import World

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]


async def break_web(world: World) -> None:
    await world.create_sample("bad-image.yaml")
    await world.healthy("web")
    live = await world.deployment("web")
    await world.patch_deployment("web", json.loads(live["metadata"]["annotations"][BREAK]))


async def test_a_bad_image_is_proposed_approved_in_slack_applied_verified_and_recorded(world: World) -> None:
    await break_web(world)
    asked = await world.asked("web")
    assert asked.status.diagnosis is not None
    assert asked.status.diagnosis.rule == "image.restore"
    assert await world.image("web") == "registry.example/shop/web:1.O", "nothing is applied before the click"

    await world.approve_in_slack(asked)
    ended = await world.in_phase("web", "Resolved", "RolledBack", "Failed")

    assert ended.phase == "Resolved"
    assert await world.image("web") == "registry.example/shop/web:1.0"
    assert ended.status.applied is not None
    assert [actor.id for actor in ended.status.applied.by] == ["slack:U0ALICE"]
    assert ended.status.dry_run is not None
    assert ended.status.dry_run.ok
    assert ended.status.verification is not None
    assert ended.status.verification.healthy
    assert len(ended.status.decisions) == 1
    live = await world.deployment("web")
    managers = [row["manager"] for row in live["metadata"]["managedFields"]]
    assert "logjedi" in managers


async def test_the_slack_message_is_updated_in_place_through_every_phase(world: World) -> None:
    await break_web(world)
    asked = await world.asked("web")
    await world.approve_in_slack(asked)
    await world.in_phase("web", "Resolved")

    async def told() -> bool:
        messages = [row for row in await world.slack_messages(asked) if not row["message"].get("thread_ts")]
        return len(messages) == 1 and "Resolved" in messages[0]["plain"] and len(messages[0]["history"]) >= 3

    await world.until("one message tells the whole story", told)


async def test_a_misspelt_configmap_key_is_mended_by_a_click_on_the_page(world: World) -> None:
    await world.create_sample("configmap-key.yaml")
    asked = await world.asked("worker")
    assert asked.spec.failure.reason == "CreateContainerConfigError"

    assert await world.decide_on_page(asked, "approve") == 200
    ended = await world.in_phase("worker", "Resolved", "RolledBack", "Failed")

    assert ended.phase == "Resolved"
    env = (await world.deployment("worker"))["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[0]["valueFrom"]["configMapKeyRef"] == {"name": "worker-settings", "key": "INTERVAL"}


async def test_a_memory_limit_that_kills_is_raised(world: World, kube: cluster.Cluster) -> None:
    if kube.node != "real":
        pytest.skip("nothing is killed for want of memory without a real node; never skipped under CI")
    await world.create_sample("oom.yaml")
    asked = await world.asked("cache")
    assert asked.spec.failure.reason == "OOMKilled"

    await world.approve_in_slack(asked)
    ended = await world.in_phase("cache", "Resolved", "RolledBack", "Failed")

    assert ended.phase == "Resolved"
    container = (await world.deployment("cache"))["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"]["memory"] == "64Mi"


async def test_a_rejected_proposal_changes_nothing_and_says_who_rejected_it(world: World) -> None:
    await world.create_sample("configmap-key.yaml")
    asked = await world.asked("worker")
    before = (await world.deployment("worker"))["metadata"]["generation"]

    assert await world.decide_on_page(asked, "reject") == 200
    ended = await world.in_phase("worker", "Rejected")

    assert "developer" in ended.status.message
    assert (await world.deployment("worker"))["metadata"]["generation"] == before


async def test_a_patch_that_does_not_help_is_undone(world: World, kube: cluster.Cluster) -> None:
    if kube.node != "real":
        pytest.skip("needs a container that really crashes; never skipped under CI")
    await world.create_sample("configmap-key.yaml")
    asked = await world.asked("worker")
    # The key that is put right belongs to a program that then fails for another reason.
    await world.patch_deployment(
        "worker",
        {
            "spec": {
                "template": {"spec": {"containers": [{"name": "worker", "env": [{"name": "EXIT_CODE", "value": "3"}]}]}}
            }
        },
    )
    asked = await world.asked("worker")
    await world.approve_in_slack(asked)
    ended = await world.in_phase("worker", "RolledBack", "Resolved", "Failed", "Stale")

    assert ended.phase == "RolledBack", ended.status.message
    env = (await world.deployment("worker"))["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "EXIT_CODE", "value": "3"} in env, "what somebody else changed stays"
    references = [row["valueFrom"]["configMapKeyRef"]["key"] for row in env if "valueFrom" in row]
    assert references == ["INTERVALL"]


async def test_a_failure_that_heals_by_itself_ends_its_proposal(world: World) -> None:
    await break_web(world)
    asked = await world.asked("web")

    await world.set_image("web", "web", "registry.example/shop/web:1.1")
    ended = await world.in_phase("web", "Recovered")

    assert ended.uid == asked.uid
    assert await world.image("web") == "registry.example/shop/web:1.1"


async def test_a_deleted_workload_ends_its_proposal(world: World) -> None:
    await world.create_sample("configmap-key.yaml")
    await world.asked("worker")

    await world.api.call("DELETE", f"/apis/apps/v1/namespaces/{world.namespace}/deployments/worker")

    await world.in_phase("worker", "Gone")


async def test_a_change_of_the_touched_field_makes_the_proposal_stale_and_a_new_one_is_made(world: World) -> None:
    await break_web(world)
    asked = await world.asked("web")

    await world.set_image("web", "web", "registry.example/shop/web:1.OO")
    again = await world.asked_again("web", asked)

    assert again.status.proposal is not None
    assert [past.phase for past in again.status.history] == ["Stale"]
    assert await world.image("web") == "registry.example/shop/web:1.OO", "nothing was applied"
    await world.approve_in_slack(again)
    await world.in_phase("web", "Resolved")


async def test_a_click_on_what_has_just_changed_applies_nothing(world: World) -> None:
    await break_web(world)
    asked = await world.asked("web")
    await world.set_image("web", "web", "registry.example/shop/web:1.OO")
    await world.approve_in_slack(asked)

    await world.asked_again("web", asked)

    assert await world.image("web") == "registry.example/shop/web:1.OO"


async def test_healthy_rollouts_raise_nothing(world: World) -> None:
    await world.create_sample("bad-image.yaml")
    await world.healthy("web")
    await world.set_image("web", "web", "registry.example/shop/web:1.1")
    await world.healthy("web")
    await world.patch_deployment("web", {"spec": {"replicas": 0}})

    async def nothing() -> bool:
        return not await world.records()

    await world.stays("no record", nothing)
