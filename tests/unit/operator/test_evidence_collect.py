"""The collection as a whole: what is asked, what is kept, what survives failures, what never leaves."""

import json
from datetime import timedelta
from typing import Any

import pytest

from logjedi_contracts.analysis import AnalyzeRequest
from logjedi_contracts.errors import DependencyDown, Refused
from logjedi_operator.domain import detection, redaction
from logjedi_operator.domain.findings import Finding, Graces
from logjedi_operator.domain.ownership import Owners
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import ListQuery, LogQuery
from logjedi_operator.usecases import collect_evidence
from logjedi_operator.usecases.collect_evidence import Options, collect
from tests.unit.operator.fakes import (
    NAMESPACE,
    NOW,
    FakeReader,
    ago,
    container,
    deployment,
    end,
    event,
    owner_of,
    pod,
    replicaset,
    running,
    status,
    template,
    waiting,
)

APP = "spec.template.spec.containers[app]"
KEY_PATH = f"{APP}.env[MODE].valueFrom.configMapKeyRef.key"
PASSWORD = "correct-horse-battery"
MESSAGE = "couldn't find key MOOD in ConfigMap shop/web-config"


def keyed(key: str) -> dict[str, Any]:
    env = [
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "web-config", "key": key}}},
        {"name": "DB_PASS", "value": PASSWORD},
    ]
    return template(container(env=env))


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}, "data": data}


class Shop:
    """A Deployment whose second revision fails as told."""

    def __init__(self, *statuses: dict[str, Any], bad: dict[str, Any], good: dict[str, Any]) -> None:
        self.deployment = deployment(bad, available=1, replicas=1)
        self.old = replicaset("web-1", 1, self.deployment, template=good, ready=1)
        self.new = replicaset("web-2", 2, self.deployment, template=bad)
        self.pod = pod(*statuses, owner=self.new, name="web-2-x", spec=bad["spec"])
        self.healthy_pod = pod(status(running(hours=1), ready=True, started=True), owner=self.old, name="web-1-y")
        self.reader = FakeReader([self.deployment, self.old, self.new, self.healthy_pod, self.pod])

    def finding(self) -> Finding:
        owners = Owners()
        for obj in self.reader.objects:
            owners.learn(obj)
        attributed = owners.attribute(detection.detect(self.pod, NOW, Graces())[0], self.pod)
        assert isinstance(attributed, Finding)
        return attributed


@pytest.fixture
def misspelt() -> Shop:
    shop = Shop(status(waiting("CreateContainerConfigError", MESSAGE)), bad=keyed("MOOD"), good=keyed("MODE"))
    shop.reader.objects += [
        configmap("web-config", MODE="fast", PORT="1"),
        configmap("other", X="1"),
        event(shop.pod, "Failed", f"Error: {MESSAGE}; password={PASSWORD}", count=4),
        event(shop.healthy_pod, "Pulled", "pulled", type="Normal", at=ago(hours=1)),
    ]
    return shop


@pytest.fixture
def crashing() -> Shop:
    last = end(1, message="panic: no mode")
    return Shop(
        status(waiting("CrashLoopBackOff", "back-off"), last=last, restarts=3),
        status(running(minutes=4), name="side", ready=True, started=True),
        bad=keyed("MODE"),
        good=keyed("MODE"),
    )


async def test_a_misspelt_key_is_told_with_its_candidate_and_can_be_mended(misspelt: Shop) -> None:
    collected = await collect(misspelt.reader, misspelt.finding())
    reference = next(one for one in collected.evidence.references if one.path == KEY_PATH)
    assert (reference.exists, len(reference.candidates), reference.candidates[0].distance) == (False, 1, 2)
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "env": [
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"key": reference.candidates[0].name}}}]}]}}}}  # fmt: skip
    resolved = redaction.resolve(patch, collected.pseudonyms)
    env = resolved["spec"]["template"]["spec"]["containers"][0]["env"][0]
    assert env["valueFrom"]["configMapKeyRef"] == {"key": "MODE"}


async def test_nothing_secret_and_no_name_leaves(misspelt: Shop) -> None:
    collected = await collect(misspelt.reader, misspelt.finding())
    request = AnalyzeRequest(
        target=misspelt.finding().owner.target(), failure=collected.failure, evidence=collected.evidence
    )
    sent = request.model_dump_json()
    assert [word for word in (PASSWORD, "web-config", "MOOD") if word in sent] == []
    assert collected.evidence.redactions > 0
    for line in [*collected.excerpt, collected.message]:
        assert PASSWORD not in line
    assert "MOOD in ConfigMap shop/web-config" in collected.excerpt[0]
    assert json.dumps(collected.live).count(PASSWORD) == 1


async def test_the_healthy_revision_is_compared_in_pseudonyms(misspelt: Shop) -> None:
    collected = await collect(misspelt.reader, misspelt.finding())
    revision = collected.evidence.revision
    assert revision is not None
    assert (revision.name, revision.healthy_replicas) == ("web-1", 1)
    (change,) = revision.changes
    assert change.path == KEY_PATH
    reference = next(one for one in collected.evidence.references if one.path == KEY_PATH)
    assert (change.failing, change.healthy) == (reference.name, reference.candidates[0].name)


async def test_failing_pods_come_first_and_their_events_are_counted(misspelt: Shop) -> None:
    collected = await collect(misspelt.reader, misspelt.finding())
    assert [one.name for one in collected.evidence.pods] == ["web-2-x", "web-1-y"]
    assert [(one.object, one.count) for one in collected.evidence.events] == [("Pod/web-1-y", 1), ("Pod/web-2-x", 4)]


async def test_logs_are_the_newest_lines_of_the_failing_container_alone(crashing: Shop) -> None:
    crashing.reader.log_texts = {
        ("web-2-x", "app", True): "\n".join([f"line {n}" for n in range(500)] + [f"FATAL password={PASSWORD}"]),
        ("web-2-x", "side", False): "not of interest",
    }
    collected = await collect(crashing.reader, crashing.finding(), Options(max_log_lines=50))
    (tail,) = collected.evidence.logs
    assert (tail.container, tail.previous, len(tail.lines), tail.truncated) == ("app", True, 50, True)
    assert tail.lines[-1].startswith("FATAL password=<redacted-")
    assert collected.evidence.truncated
    assert any(line.startswith("FATAL password=<redacted-") for line in collected.excerpt)
    assert sum(isinstance(call, LogQuery) for call in crashing.reader.calls) == 1


async def test_a_container_that_runs_again_has_two_logs(crashing: Shop) -> None:
    again = status(running(seconds=5), last=end(1), restarts=3)
    crashing.pod["status"]["containerStatuses"][0] = again
    crashing.reader.log_texts = {("web-2-x", "app", previous): f"run {previous}" for previous in (True, False)}
    collected = await collect(crashing.reader, crashing.finding())
    assert [(tail.previous, tail.lines) for tail in collected.evidence.logs] == [
        (True, ["run True"]),
        (False, ["run False"]),
    ]


async def test_a_private_key_in_a_log_goes_whole(crashing: Shop) -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7Zk3", "u1m9Q0w8", "-----END PRIVATE KEY-----", "bye"]
    crashing.reader.log_texts = {("web-2-x", "app", True): "\n".join(lines)}
    collected = await collect(crashing.reader, crashing.finding())
    assert "u1m9Q0w8" not in collected.evidence.model_dump_json()
    assert collected.evidence.logs[0].lines[-1] == "bye"


async def test_huge_logs_are_cut_to_their_newest_bytes(crashing: Shop) -> None:
    crashing.reader.log_texts = {("web-2-x", "app", True): "x" * 500_000 + "\nlast words"}
    collected = await collect(crashing.reader, crashing.finding(), Options(max_log_bytes=10_000))
    assert collected.evidence.logs[0].lines[-1] == "last words"
    assert len(collected.evidence.model_dump_json()) < 30_000


@pytest.mark.parametrize("kind", ["Pod", "ReplicaSet", "ConfigMap", "Event", "HorizontalPodAutoscaler", "log"])
async def test_a_failing_call_is_a_note_and_never_a_failed_analysis(crashing: Shop, kind: str) -> None:
    crashing.reader.broken = {kind: DependencyDown("api-server", "429 too many requests")}
    collected = await collect(crashing.reader, crashing.finding())
    expected = kind != "log" or any(isinstance(call, LogQuery) for call in crashing.reader.calls)
    assert expected
    assert any("too many requests" in note for note in collected.evidence.notes)
    assert collected.failure.reason == "CrashLoopBackOff"


async def test_a_call_that_hangs_is_a_note_too(crashing: Shop) -> None:
    crashing.reader.slow = {"ConfigMap"}
    collected = await collect(crashing.reader, crashing.finding(), Options(call_timeout=timedelta(milliseconds=20)))
    assert any("ConfigMap" in note and "no answer" in note for note in collected.evidence.notes)
    assert {one.exists for one in collected.evidence.references} == {None}


async def test_an_owner_that_is_gone_or_another_is_refused(crashing: Shop) -> None:
    finding = crashing.finding()
    crashing.deployment["metadata"]["uid"] = "another"
    with pytest.raises(Refused, match="no longer there") as refused:
        await collect(crashing.reader, finding)
    assert refused.value.rule == "gone"
    crashing.reader.objects = []
    with pytest.raises(Refused):
        await collect(crashing.reader, finding)


async def test_an_incident_costs_at_most_twelve_calls() -> None:
    many = [f"c{n}" for n in range(5)]
    volumes = [
        {"name": "v", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "s", "secret": {"secretName": "tls"}},
    ]
    bad = template(*[container(name) for name in many], serviceAccountName="web", volumes=volumes)
    last = end(1)
    statuses = [status(running(seconds=2), name=name, last=last, restarts=5) for name in many]
    shop = Shop(*statuses, bad=bad, good=bad)
    shop.reader.log_texts = {("web-2-x", name, previous): "x" for name in many for previous in (True, False)}
    collected = await collect(shop.reader, shop.finding(), Options(read_secrets=True))
    assert len(shop.reader.calls) == 12
    assert collected.evidence.truncated
    assert collected.evidence.logs


async def test_secrets_are_read_only_when_allowed_and_their_values_never_kept() -> None:
    bad = template(container(envFrom=[{"secretRef": {"name": "db-cred"}}]))
    shop = Shop(status(waiting("CreateContainerConfigError", 'secret "db-cred" not found')), bad=bad, good=template())
    secret = {"kind": "Secret", "metadata": {"name": "db-creds", "namespace": NAMESPACE}, "data": {"p": "Z2VoZWlt"}}
    shop.reader.objects.append(secret)
    blind = await collect(shop.reader, shop.finding())
    assert not any(isinstance(call, ListQuery) and call.kind == "Secret" for call in shop.reader.calls)
    assert [(one.exists, one.candidates) for one in blind.evidence.references] == [(False, [])]
    seeing = await collect(shop.reader, shop.finding(), Options(read_secrets=True))
    assert [len(one.candidates) for one in seeing.evidence.references] == [1]
    assert "Z2VoZWlt" not in seeing.evidence.model_dump_json()
    assert "db-cred" not in seeing.evidence.model_dump_json()


async def test_a_secret_that_a_healthy_revision_uses_is_a_candidate_without_reading_any() -> None:
    def using(name: str) -> dict[str, Any]:
        return template(container(envFrom=[{"secretRef": {"name": name}}]))

    waits = status(waiting("CreateContainerConfigError", 'secret "db-cred" not found'))
    shop = Shop(waits, bad=using("db-cred"), good=using("db-creds"))
    collected = await collect(shop.reader, shop.finding())
    (reference,) = collected.evidence.references
    (candidate,) = reference.candidates
    sources = [{"secretRef": {"name": candidate.name}}]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "envFrom": sources}]}}}}
    resolved = redaction.resolve(patch, collected.pseudonyms)
    assert resolved["spec"]["template"]["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "db-creds"}}]
    shop.old["status"]["readyReplicas"] = 0
    assert (await collect(shop.reader, shop.finding())).evidence.references[0].candidates == []


async def test_a_full_list_proves_only_what_is_in_it(misspelt: Shop) -> None:
    misspelt.reader.objects.insert(0, configmap("aaa"))
    collected = await collect(misspelt.reader, misspelt.finding(), Options(list_limit=1))
    reference = next(one for one in collected.evidence.references if one.kind == "ConfigMap")
    assert reference.exists is None


async def test_a_lone_pod_and_a_cronjob_have_evidence_too() -> None:
    lone = pod(status({"terminated": end(3)}), phase="Failed", spec={"restartPolicy": "Never"}, name="lone")
    reader = FakeReader([lone], {("lone", "app", False): "bye"})
    (finding,) = detection.detect(lone, NOW, Graces())
    collected = await collect(reader, finding)
    assert collected.evidence.logs[0].lines == ["bye"]
    cron: dict[str, Any] = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "n", "namespace": NAMESPACE, "uid": "uc"},
    }
    job: dict[str, Any] = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "n-1", "namespace": NAMESPACE, "uid": "uj"},
    }
    job["metadata"]["ownerReferences"] = owner_of(cron)
    failed = pod(status({"terminated": end(3)}), owner=job, name="n-1-p", phase="Failed")
    reader = FakeReader([cron, job, failed], {("n-1-p", "app", False): "bye"})
    owner = WorkloadRef.of(cron)
    collected = await collect(reader, Finding(owner, "BackoffLimitExceeded", finding.family))
    assert [one.name for one in collected.evidence.pods] == ["n-1-p"]
    assert collected.evidence.logs[0].lines == ["bye"]


async def test_hostile_and_odd_objects_do_not_break_the_collection(crashing: Shop) -> None:
    meta = crashing.deployment["metadata"]
    meta["annotations"]["note"] = "x" * 300_000
    crashing.deployment["spec"]["template"]["spec"]["containers"][0]["args"] = ["y" * 100_000, None, 7]
    crashing.pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = "z" * 100_000
    crashing.reader.objects.append(event(crashing.pod, "R" * 5_000, "m" * 100_000))
    crashing.reader.log_texts = {("web-2-x", "app", True): "q" * 100_000 + "\x00\x1b[31m\ud7ff"}
    collected = await collect(crashing.reader, crashing.finding())
    assert len(collected.evidence.model_dump_json()) < 100_000
    args = collected.evidence.workload["spec"]["template"]["spec"]["containers"][0]["args"]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "args": args}]}}}}
    resolved = redaction.resolve(patch, collected.pseudonyms)
    assert resolved["spec"]["template"]["spec"]["containers"][0]["args"][0] == "y" * 100_000


def test_the_defaults_are_as_documented() -> None:
    options = collect_evidence.Options()
    assert (options.max_calls, options.max_log_lines, options.read_secrets) == (12, 200, False)
    assert ago(minutes=0) == "2026-11-23T12:00:00Z"
