"""The failing workloads: the samples of ``tests/samples``, applied and broken.

On a cluster of the caller's own the images are replaced by a public one that can do the same.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from logjedi_operator.adapters.kube import KubeCluster, path
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import PatchOrder

SAMPLES = Path(__file__).parent.parent / "samples"
NAMESPACE = "shop"
BREAK = "samples.logjedi.dev/break"
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


async def apply(cluster: KubeCluster, sample: Sample) -> None:
    """Create the sample's objects anew."""
    for obj in sample.objects:
        where = path(obj["apiVersion"], obj["kind"], NAMESPACE)
        await cluster.call("DELETE", f"{where}/{obj['metadata']['name']}", missing_ok=True)
        await cluster.call("POST", where, body=obj)


async def break_it(cluster: KubeCluster, sample: Sample) -> None:
    """Roll out the bad revision, for a sample that was healthy before."""
    live = await deployment(cluster, sample.name)
    patch = (live or {}).get("metadata", {}).get("annotations", {}).get(BREAK)
    if live is None or not patch:
        return
    order = PatchOrder(WorkloadRef.of(live), json.loads(patch), live["metadata"]["resourceVersion"], dry_run=False)
    await cluster.patch(order)


async def ensure_namespace(cluster: KubeCluster) -> None:
    if await cluster.get("v1", "Namespace", "", NAMESPACE) is None:
        await cluster.call("POST", path("v1", "Namespace"), body={"metadata": {"name": NAMESPACE}})


async def deployment(cluster: KubeCluster, name: str) -> dict[str, Any] | None:
    return await cluster.get("apps/v1", "Deployment", NAMESPACE, name)


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
