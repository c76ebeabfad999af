"""The failing workloads: the samples of ``tests/samples``, applied and broken.

On a cluster of the caller's own the images are replaced by a public one that can do the same.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from logjedi_contracts.errors import Refused
from logjedi_operator.adapters.kube import KubeCluster, connect, path
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import PatchOrder

SAMPLES = Path(__file__).parent.parent / "samples"
BREAK = "samples.logjedi.dev/break"
_OURS = {"app.kubernetes.io/part-of": "logjedi-demo"}
_PUBLIC_IMAGE = "docker.io/library/busybox:1.36"
_PUBLIC_COMMANDS = {
    "web": ["sh", "-c", "echo ok > /tmp/healthz; exec httpd -f -p 8080 -h /tmp"],
    "cache": ["dd", "if=/dev/zero", "of=/dev/null", "bs=40M"],
    "worker": ["sh", "-c", 'while true; do echo working; sleep "${INTERVAL%s}"; done'],
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One failing workload: its Deployment's name, what is wrong with it, and its objects."""

    name: str
    title: str
    needs_node: bool
    objects: list[dict[str, Any]]


def samples(*, real_node: bool, public_images: bool) -> list[Sample]:
    """Read the samples; what cannot fail without a real node is left out."""
    all_of_them = [
        _read("web", "a rollout to an image tag that does not exist", "bad-image.yaml", needs_node=False),
        _read("cache", "a memory limit too low", "oom.yaml", needs_node=True),
        _read("worker", "a ConfigMap key misspelt", "configmap-key.yaml", needs_node=False),
    ]
    chosen = [sample for sample in all_of_them if real_node or not sample.needs_node]
    return [_with_public_image(sample) for sample in chosen] if public_images else chosen


async def apply(cluster: KubeCluster, sample: Sample, namespace: str) -> None:
    """Create the sample's objects in ``namespace``."""
    for obj in sample.objects:
        body = {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
        await cluster.call("POST", path(obj["apiVersion"], obj["kind"], namespace), body=body)


async def break_it(cluster: KubeCluster, sample: Sample, namespace: str) -> None:
    """Roll out the bad revision, for a sample that was healthy before."""
    live = await deployment(cluster, sample.name, namespace)
    patch = (live or {}).get("metadata", {}).get("annotations", {}).get(BREAK)
    if live is None or not patch:
        return
    order = PatchOrder(WorkloadRef.of(live), json.loads(patch), live["metadata"]["resourceVersion"], dry_run=False)
    await cluster.patch(order)


async def fresh_namespace(cluster: KubeCluster, name: str) -> None:
    """Create the demo's namespace; one that an earlier demo left is removed first."""
    where = path("v1", "Namespace", name=name)
    await remove_namespace(cluster, name)
    for _ in deadline(60):
        if await cluster.call("GET", where, missing_ok=True) is None:
            break
        await asyncio.sleep(0.3)
    await cluster.call("POST", path("v1", "Namespace"), body={"metadata": {"name": name, "labels": _OURS}})


async def tidy(kubeconfig: str, namespace: str) -> None:
    """Leave a cluster that is not ours as it was, but for the CRD: records of others may be of that kind."""
    async with connect(Path(kubeconfig)) as cluster:
        await remove_namespace(cluster, namespace)


async def remove_namespace(cluster: KubeCluster, name: str) -> None:
    """Remove the namespace and all in it, if it is the demo's own. Raises ``Refused`` for anybody else's."""
    found = await cluster.call("GET", path("v1", "Namespace", name=name), missing_ok=True)
    if found is None:
        return
    if not _OURS.items() <= found["metadata"].get("labels", {}).items():
        raise Refused("namespace", f"namespace {name} is there already and is not the demo's own; remove or rename it")
    await cluster.call("DELETE", path("v1", "Namespace", name=name), missing_ok=True)


async def deployment(cluster: KubeCluster, name: str, namespace: str) -> dict[str, Any] | None:
    return await cluster.get("apps/v1", "Deployment", namespace, name)


def healthy(obj: dict[str, Any] | None) -> bool:
    """Tell whether a Deployment is rolled out and available, by its own status."""
    if obj is None:
        return False
    wanted, status = obj["spec"].get("replicas", 1), obj.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    return bool(status.get("observedGeneration", 0) >= obj["metadata"]["generation"]) and counts == [wanted] * 4


def deadline(seconds: float) -> Iterator[float]:
    """Yield the seconds that are left until they are used up."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        yield left


def _read(name: str, title: str, file: str, *, needs_node: bool) -> Sample:
    objects = [obj for obj in yaml.safe_load_all((SAMPLES / file).read_text()) if obj]
    return Sample(name, title, needs_node, objects)


def _with_public_image(sample: Sample) -> Sample:
    objects = json.loads(json.dumps(sample.objects))
    for obj in objects:
        if obj["kind"] != "Deployment":
            continue
        container = obj["spec"]["template"]["spec"]["containers"][0]
        container |= {"image": _PUBLIC_IMAGE, "command": _PUBLIC_COMMANDS[sample.name]}
        container.pop("args", None)
        if sample.name == "cache":
            container.pop("readinessProbe")
            container["resources"]["limits"]["cpu"] = "50m"
        notes = obj["metadata"].get("annotations", {})
        if BREAK in notes:
            notes[BREAK] = notes[BREAK].replace("registry.example/shop/web:1.O", _PUBLIC_IMAGE.replace("1.36", "1.3G"))
    return Sample(sample.name, sample.title, sample.needs_node, objects)
