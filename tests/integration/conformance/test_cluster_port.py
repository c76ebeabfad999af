"""``ports.cluster.Cluster``: what the use cases rely on."""

from typing import Any

import pytest

from logjedi_contracts.errors import Refused
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import Conflict, ListQuery, LogQuery, PatchOrder
from tests.integration.conformance.sides import Side

Object = dict[str, Any]
NEW_IMAGE = "registry.example/shop/web:1.1"


def containers(**fields: Any) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": "app", **fields}]}}}}


def order(live: Object, body: Object, *, dry_run: bool = False, **changes: str) -> PatchOrder:
    ref = WorkloadRef.of(live)
    target = WorkloadRef(ref.api_version, ref.kind, ref.namespace, ref.name, changes.get("uid", ref.uid))
    return PatchOrder(target, body, changes.get("version", live["metadata"]["resourceVersion"]), dry_run)


def app(obj: Object) -> Object:
    found: Object = obj["spec"]["template"]["spec"]["containers"][0]
    return found


async def read(side: Side) -> Object:
    obj = await side.cluster.get("apps/v1", "Deployment", side.namespace, "web")
    assert obj is not None
    return obj


async def test_an_object_is_read_with_its_kind(side: Side) -> None:
    await side.deploy()
    obj = await read(side)
    assert (obj["apiVersion"], obj["kind"], obj["metadata"]["name"]) == ("apps/v1", "Deployment", "web")


async def test_what_is_missing_is_none(side: Side) -> None:
    assert await side.cluster.get("apps/v1", "Deployment", side.namespace, "missing") is None


async def test_a_list_is_selected_by_label_and_names_its_kind(side: Side) -> None:
    await side.deploy()
    (found,) = await side.cluster.list(ListQuery("apps/v1", "Deployment", side.namespace, labels="app=web"))
    assert (found["apiVersion"], found["kind"]) == ("apps/v1", "Deployment")
    assert await side.cluster.list(ListQuery("apps/v1", "Deployment", side.namespace, labels="app=other")) == []


async def test_the_log_of_a_missing_pod_is_none(side: Side) -> None:
    assert await side.cluster.logs(LogQuery(side.namespace, "missing", "app")) is None


async def test_a_dry_run_answers_and_persists_nothing(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, containers(image=NEW_IMAGE), dry_run=True))
    assert app(answer)["image"] == NEW_IMAGE
    assert await read(side) == live


async def test_a_patch_is_persisted_and_answered(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, containers(image=NEW_IMAGE)))
    assert app(answer)["image"] == NEW_IMAGE
    assert (answer["apiVersion"], answer["kind"]) == ("apps/v1", "Deployment")
    assert app(await read(side))["image"] == NEW_IMAGE


async def test_a_change_of_the_spec_raises_the_generation(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, containers(image=NEW_IMAGE)))
    assert answer["metadata"]["generation"] == live["metadata"]["generation"] + 1


async def test_a_change_of_a_deployments_annotation_raises_it_too(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, {"metadata": {"annotations": {"logjedi.dev/attempt": "n"}}}))
    assert answer["metadata"]["annotations"]["logjedi.dev/attempt"] == "n"
    assert answer["metadata"]["generation"] == live["metadata"]["generation"] + 1


async def test_a_change_of_a_label_does_not_raise_it(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, {"metadata": {"labels": {"touched": "yes"}}}))
    assert answer["metadata"]["generation"] == live["metadata"]["generation"]


async def test_list_items_are_merged_by_key(side: Side) -> None:
    live = await side.deploy()
    body = containers(env=[{"name": "PORT", "value": "8080"}, {"name": "NEW", "value": "yes"}])
    env = {item["name"]: item["value"] for item in app(await side.cluster.patch(order(live, body)))["env"]}
    assert env == {"MODE": "plain", "PORT": "8080", "NEW": "yes"}


async def test_an_item_is_deleted_by_directive(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, containers(env=[{"name": "PORT", "$patch": "delete"}])))
    assert app(answer)["env"] == [{"name": "MODE", "value": "plain"}]


async def test_null_removes_a_field(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, containers(env=None)))
    assert "env" not in app(answer)


async def test_a_patch_that_changes_nothing_is_no_write(side: Side) -> None:
    live = await side.deploy()
    answer = await side.cluster.patch(order(live, containers(image=app(live)["image"])))
    assert answer["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_patch_of_an_older_version_is_a_conflict(side: Side, *, dry_run: bool) -> None:
    live = await side.deploy()
    await side.edit_deployment(lambda obj: obj["metadata"]["labels"].update(touched="yes"))
    with pytest.raises(Conflict, match="modified"):
        await side.cluster.patch(order(live, containers(image=NEW_IMAGE), dry_run=dry_run))


async def test_a_patch_of_an_object_that_was_made_again_is_a_conflict(side: Side) -> None:
    old = await side.deploy()
    await side.remove_deployment()
    new = await side.deploy()
    with pytest.raises(Conflict):
        await side.cluster.patch(order(old, containers(image=NEW_IMAGE)))
    assert await read(side) == new


async def test_a_patch_for_another_uid_is_refused_even_at_the_same_version(side: Side) -> None:
    live = await side.deploy()
    with pytest.raises(Refused, match=r"metadata\.uid.*field is immutable"):
        await side.cluster.patch(order(live, containers(image=NEW_IMAGE), uid="00000000-0000-0000-0000-000000000000"))
    assert await read(side) == live


async def test_a_misspelt_field_is_refused_by_name(side: Side) -> None:
    live = await side.deploy()
    with pytest.raises(Refused, match=r'unknown field "spec.template.spec.containers\[0\].imagee"') as caught:
        await side.cluster.patch(order(live, containers(imagee=NEW_IMAGE), dry_run=True))
    assert caught.value.rule == "api-server"


async def test_a_patch_of_what_is_gone_says_so(side: Side) -> None:
    live = await side.deploy()
    await side.remove_deployment()
    with pytest.raises(Refused, match="not found") as caught:
        await side.cluster.patch(order(live, containers(image=NEW_IMAGE)))
    assert caught.value.rule == "gone"
