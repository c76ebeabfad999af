"""Builders of incidents: a request as the operator would send it, with only what a test is about spelt out."""

from typing import Any

from logjedi_analyzer.domain import answers
from logjedi_analyzer.domain.playbook import engine
from logjedi_analyzer.domain.scene import Scene
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse, ProposedAction

APP = {"name": "app", "image": "registry.example.com/shop/web:1.1"}
_API = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}


def incident(
    reason: str,
    family: str,
    *,
    container: str = "app",
    message: str = "",
    kind: str = "Deployment",
    pod_spec: dict[str, Any] | None = None,
    states: list[dict[str, Any]] | None = None,
    pods: list[dict[str, Any]] | None = None,
    limits: dict[str, Any] | None = None,
    budget: dict[str, Any] | None = None,
    history: list[str] | None = None,
    **evidence: Any,
) -> AnalyzeRequest:
    """Build a request. ``states``: the containers of one pod; ``evidence``: further fields of the evidence."""
    workload = {"kind": kind, "spec": template(kind, pod_spec if pod_spec is not None else {"containers": [APP]})}
    one_pod = [{"name": "web-1", "phase": "Running", "containers": [{"name": "app", **s} for s in states or []]}]
    body: dict[str, Any] = {
        "correlation": "shop/web-1",
        "target": {
            "api_version": _API.get(kind, "apps/v1"), "kind": kind, "namespace": "shop", "name": "web", "uid": "u-1",
        },
        "failure": {
            "reason": reason, "family": family, "container": container, "message": message,
            "first_seen": "2026-11-23T10:00:00Z",
        },
        "evidence": {"workload": workload, "pods": one_pod if pods is None else pods, **evidence},
        "history": history or [],
    }  # fmt: skip
    body |= {"limits": limits} if limits is not None else {}
    body |= {"budget": budget} if budget is not None else {}
    return AnalyzeRequest.read(body)


def template(kind: str, pod_spec: dict[str, Any]) -> dict[str, Any]:
    if kind == "Pod":
        return pod_spec
    if kind == "CronJob":
        return {"jobTemplate": {"spec": {"template": {"spec": pod_spec}}}}
    return {"template": {"spec": pod_spec}}


def diagnose(request: AnalyzeRequest) -> AnalyzeResponse:
    """Answer as the playbook does."""
    return answers.answer(engine.findings(Scene(request)))


def action(answer: AnalyzeResponse) -> ProposedAction:
    """Take the proposed action, and hold that there is one."""
    assert answer.action is not None, answer
    return answer.action


def containers(answer: AnalyzeResponse, section: str = "containers") -> list[dict[str, Any]]:
    """Take the containers out of the patch of a Deployment, and hold that nothing else is in it."""
    patch = action(answer).patch
    assert list(patch) == ["spec"]
    assert list(patch["spec"]) == ["template"]
    assert list(patch["spec"]["template"]) == ["spec"]
    assert list(patch["spec"]["template"]["spec"]) == [section]
    found: list[dict[str, Any]] = patch["spec"]["template"]["spec"][section]
    return found


def revision(*changes: dict[str, Any], healthy_replicas: int = 1, name: str = "web-old") -> dict[str, Any]:
    return {"name": name, "revision": 3, "healthy_replicas": healthy_replicas, "changes": list(changes)}


def change(path: str, healthy: Any = None, failing: Any = None) -> dict[str, Any]:
    """Build a change of container ``app``; a missing side is ``None``."""
    return {
        "path": f"spec.template.spec.containers[app].{path}",
        "healthy": healthy,
        "failing": failing,
        "in_healthy": healthy is not None,
        "in_failing": failing is not None,
    }
