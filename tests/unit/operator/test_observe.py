"""From watch events to records: once for each cause, after its grace time, and never lost."""

import asyncio
from typing import Any

from logjedi_contracts.errors import DependencyDown, Refused
from logjedi_contracts.messages import Phase
from logjedi_operator.domain.record import KIND, Record
from logjedi_operator.usecases.observe import Observer, Scope
from tests.scenario.fakes.gate import Fault, Gate
from tests.scenario.fakes.shop import BAD, GOOD, NAMESPACE, Look
from tests.scenario.fakes.virtual_time import in_virtual_time
from tests.scenario.fakes.world import Operator, World

Object = dict[str, Any]


class Stage:
    """A world whose events a test hands to the observer itself. Nobody works on the records."""

    def __init__(self, scope: Scope | None = None, *faults: Fault) -> None:
        self.world = World()
        self.operator = Operator(self.world, Gate(faults=list(faults)))
        self.observer = Observer(self.operator.parts, scope or Scope((), ("kube-system",)))
        self.world.server.watchers.append(self._learn)

    def _learn(self, event: str, obj: Object) -> None:
        if obj["kind"] == KIND:
            self.operator.records.learn(event, obj)

    async def bad_rollout(self, look: Look | None = None) -> None:
        """Deploy; then let the pod of the new revision look so, from its first second on."""
        if look is not None:
            self.world.shop.behaviour[BAD] = lambda _: look
        self.world.shop.deploy(GOOD)
        await self.world.passes(3)
        self.world.shop.deploy(BAD)
        await self.world.passes(3)

    async def shows(self, *kinds: str, event: str = "ADDED") -> None:
        for kind in kinds:
            for obj in self.world.server.list(kind, NAMESPACE):
                await self.observer.see(event, obj)

    @property
    def families(self) -> list[str]:
        return sorted(record.spec.failure.family for record in self.world.records)

    @property
    def woken(self) -> set[str]:
        return self.operator.queue._queued | self.operator.queue._timers.keys()


ERR_PULL = Look("ErrImagePull", "not found", ready=False)
BACK_OFF = Look("ImagePullBackOff", "back-off", ready=False)


@in_virtual_time
async def test_a_failing_pod_is_recorded_on_its_deployment_and_worked_on() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    record = stage.world.record
    assert (record.spec.workload.kind, record.spec.workload.name) == ("Deployment", "web")
    assert record.spec.failure.reason == "ImagePullBackOff"
    assert record.key in stage.woken


@in_virtual_time
async def test_the_owner_is_fetched_when_the_watch_has_not_shown_it_yet() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Pod")
    assert stage.world.record.spec.workload.kind == "Deployment"


@in_virtual_time
async def test_seen_again_and_again_it_is_one_record() -> None:
    stage = Stage()
    await stage.bad_rollout()
    for _ in range(5):
        await stage.shows("Deployment", "ReplicaSet", "Pod", event="MODIFIED")
    assert len(stage.world.records) == 1


@in_virtual_time
async def test_a_second_process_makes_no_second_record() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    other = Operator(stage.world, Gate())
    for obj in stage.world.server.list("Pod", NAMESPACE):
        await other.observer.see("", obj)
    assert len(stage.world.records) == 1


@in_virtual_time
async def test_a_grace_time_is_waited_for_without_another_event() -> None:
    stage = Stage()
    await stage.bad_rollout(ERR_PULL)
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    assert stage.families == []
    await asyncio.sleep(15)
    assert stage.families == ["image"]
    assert stage.observer._waiting == {}


@in_virtual_time
async def test_what_heals_within_its_grace_time_is_never_recorded() -> None:
    stage = Stage()
    await stage.bad_rollout(ERR_PULL)
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    stage.world.shop.behaviour[BAD] = lambda _: Look()
    await asyncio.sleep(2)
    await stage.shows("Pod", event="MODIFIED")
    await asyncio.sleep(60)
    assert stage.families == []


@in_virtual_time
async def test_what_is_deleted_within_its_grace_time_is_never_recorded() -> None:
    stage = Stage()
    await stage.bad_rollout(ERR_PULL)
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    await stage.shows("Pod", event="DELETED")
    await asyncio.sleep(60)
    assert stage.families == []
    assert stage.observer._waiting == {}


@in_virtual_time
async def test_what_is_deleted_while_it_is_looked_at_again_is_never_recorded() -> None:
    stage = Stage(None, Fault("records.create", lambda: DependencyDown("kubernetes", "down", delay_s=1), times=3))
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    await asyncio.sleep(1.5)
    await stage.shows("Pod", event="DELETED")
    await asyncio.sleep(60)
    assert stage.families == []


@in_virtual_time
async def test_what_is_deleted_while_its_record_is_being_made_is_never_recorded() -> None:
    stage = Stage()
    await stage.bad_rollout(ERR_PULL)
    make = stage.operator.records.create

    async def slowly(record: Record) -> Record | None:
        await asyncio.sleep(5)
        return await make(record)

    stage.operator.records.create = slowly  # type: ignore[method-assign]
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    await asyncio.sleep(12)
    await stage.shows("Pod", event="DELETED")
    await asyncio.sleep(60)
    assert stage.families == []


@in_virtual_time
async def test_a_record_that_could_not_be_made_is_made_later_without_another_event() -> None:
    stage = Stage(None, Fault("records.create", lambda: DependencyDown("kubernetes", "down", delay_s=1), times=4))
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    assert stage.families == []
    await asyncio.sleep(10)
    assert stage.families == ["image"]


@in_virtual_time
async def test_a_record_that_we_may_not_make_is_tried_again_later() -> None:
    stage = Stage(None, Fault("records.create", lambda: Refused("forbidden", "no right"), times=1))
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    assert stage.families == []
    await asyncio.sleep(120)
    assert stage.families == ["image"]


@in_virtual_time
async def test_a_symptom_is_explained_by_the_cause_below_it() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too long"}
    deployment = stage.world.shop.live()
    deployment["status"]["conditions"] = [condition]
    await stage.observer.see("MODIFIED", deployment)
    assert stage.families == ["image"]


@in_virtual_time
async def test_a_symptom_without_a_cause_is_recorded_itself() -> None:
    stage = Stage()
    await stage.bad_rollout()
    condition = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too long"}
    deployment = stage.world.shop.live()
    deployment["status"]["conditions"] = [condition]
    await stage.observer.see("MODIFIED", deployment)
    assert stage.families == ["rollout"]


@in_virtual_time
async def test_an_excluded_namespace_is_left_alone() -> None:
    for scope in (Scope((), (NAMESPACE,)), Scope((NAMESPACE,), (NAMESPACE,)), Scope(("other",), ())):
        stage = Stage(scope)
        await stage.bad_rollout()
        await stage.shows("Deployment", "ReplicaSet", "Pod")
        assert stage.families == []


@in_virtual_time
async def test_an_event_of_a_workload_wakes_its_open_records() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    stage.operator.queue._queued.clear()
    await stage.shows("Pod", event="MODIFIED")
    assert stage.world.record.key in stage.woken


@in_virtual_time
async def test_a_failure_wakes_its_ended_record_instead_of_making_another() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    stage.world.tamper(lambda status: status.update(phase="Expired"))
    stage.operator.queue._queued.clear()
    await stage.shows("Pod", event="MODIFIED")
    assert stage.woken == {stage.world.record.key}
    assert len(stage.world.records) == 1


@in_virtual_time
async def test_a_new_failure_is_not_recorded_while_a_patch_is_verified_but_after() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    stage.world.tamper(lambda status: status.update(phase="Verifying"))
    crash = Look("CrashLoopBackOff", "back-off", ready=False, restarts=3)
    stage.world.shop.behaviour[BAD] = lambda _: crash
    await asyncio.sleep(2)
    await stage.shows("Pod", event="MODIFIED")
    await asyncio.sleep(30)
    assert stage.families == ["image"]
    stage.world.tamper(lambda status: status.update(phase="Resolved"))
    await asyncio.sleep(30)
    assert stage.families == ["crash", "image"]


@in_virtual_time
async def test_a_secret_in_the_kubelets_words_is_not_recorded() -> None:
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    stage = Stage()
    await stage.bad_rollout(Look("ImagePullBackOff", f"denied for token={secret}", ready=False))
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    assert secret not in stage.world.record.model_dump_json()


@in_virtual_time
async def test_a_new_record_begins_at_the_beginning() -> None:
    stage = Stage()
    await stage.bad_rollout()
    await stage.shows("Deployment", "ReplicaSet", "Pod")
    assert (stage.world.record.phase, stage.world.record.status.attempts) == (Phase.DETECTED, 1)
