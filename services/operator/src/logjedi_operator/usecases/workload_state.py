"""Read a workload and its pods as they are now: two calls."""

import asyncio
from dataclasses import dataclass

from logjedi_operator.domain.workload import Object, WorkloadRef, owns, selector
from logjedi_operator.ports.cluster import ListQuery
from logjedi_operator.usecases.parts import Parts


@dataclass(frozen=True, slots=True)
class WorkloadState:
    owner: Object
    pods: list[Object]


async def read(parts: Parts, ref: WorkloadRef) -> WorkloadState | None:
    """Return the workload and its pods; ``None`` if it, or the one of that uid, is gone."""
    owner = await parts.cluster.get(ref.api_version, ref.kind, ref.namespace, ref.name)
    if owner is None or owner["metadata"]["uid"] != ref.uid:
        return None
    if ref.kind == "Pod":
        return WorkloadState(owner, [owner])
    labels = selector(owner)
    if not labels:
        return WorkloadState(owner, [])
    pods, sets = await asyncio.gather(
        parts.cluster.list(ListQuery("v1", "Pod", ref.namespace, labels=labels)),
        parts.cluster.list(ListQuery("apps/v1", "ReplicaSet", ref.namespace, labels=labels))
        if ref.kind == "Deployment"
        else _nothing(),
    )
    parents = {ref.uid} | {item["metadata"]["uid"] for item in sets if owns(ref.uid, item)}
    return WorkloadState(owner, [pod for pod in pods if any(owns(uid, pod) for uid in parents)])


async def _nothing() -> list[Object]:
    return []
