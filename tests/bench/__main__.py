"""How long a click waits for its patch, against what the API server itself takes.

Real cluster, Redis and processes; one incident after another. Floor of the click: one GET, one dry run and one patch of
a Deployment by the operator's own client in the same run. ``COUNT=20`` sets how many incidents.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from logjedi_operator.adapters import kube
from logjedi_operator.adapters.kube import KubeCluster
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import PatchOrder
from tests import cluster
from tests.integration.conftest import slack_and_stack
from tests.integration.world import World
from tests.stack import Stack, schema


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of ``bench.json``; ``target`` is a bound on ``ratio`` if there is a floor, else on ``value``."""

    name: str
    value: float
    unit: str
    floor: float | None
    ratio: float | None
    target: float | None
    ok: bool | None


@dataclass(slots=True)
class Sample:
    """What one incident took, in ms."""

    click_to_patch: float
    floor: float


async def measure(stack: Stack, api: KubeCluster, count: int) -> list[Sample]:
    samples = []
    for number in range(count):
        async with World.in_new_namespace(stack, api) as world:
            samples.append(await incident(world))
        print(f"  {number + 1} of {count}", file=sys.stderr)
    return samples


async def incident(world: World) -> Sample:
    """Break a workload, approve the proposal by a signed click, wait until it is patched."""
    await world.create_sample("configmap-key.yaml")
    asked = await world.asked("worker")
    floor = await one_patch(world)
    clicked = datetime.now(UTC)
    await world.approve_in_slack(asked)
    applied = (await world.in_phase("worker", "Verifying", "Resolved")).status.applied
    assert applied is not None
    return Sample(
        click_to_patch=_ms((applied.at - clicked).total_seconds()),
        floor=floor,
    )


async def one_patch(world: World) -> float:
    """GET, dry run and patch a Deployment's annotation: milliseconds."""
    begun = time.perf_counter()
    live = await world.deployment("worker")
    body, version = {"metadata": {"labels": {"bench": "floor"}}}, live["metadata"]["resourceVersion"]
    for dry_run in (True, False):
        await world.api.patch(PatchOrder(WorkloadRef.of(live), body, version, dry_run=dry_run))
    return _ms(time.perf_counter() - begun)


def figures(samples: list[Sample]) -> list[Figure]:
    floor = statistics.median(sample.floor for sample in samples)
    click = sorted(sample.click_to_patch for sample in samples)
    p50 = statistics.median(click)
    ratio = p50 / floor
    return [
        Figure("click to patch applied, p50", round(p50, 1), "ms", round(floor, 1), round(ratio, 2), 2.0, ratio <= 2.0),
        Figure("click to patch applied, slowest", round(click[-1], 1), "ms", round(floor, 1), None, None, None),
    ]


def show(rows: list[Figure]) -> None:
    table = Table("what", "value", "floor", "ratio", "target", "ok")
    for row in rows:
        cells = (f"{row.value} {row.unit}", str(row.floor), str(row.ratio), str(row.target), str(row.ok))
        table.add_row(row.name, *cells)
    Console(width=120).print(table)


def _ms(seconds: float) -> float:
    return seconds * 1000


async def run(stack: Stack, kubeconfig: Path, count: int) -> list[Figure]:
    async with kube.connect(kubeconfig) as api:
        return figures(await measure(stack, api, count))


def main() -> int:
    count = int(os.environ.get("COUNT", "20"))
    with cluster.start() as started, tempfile.TemporaryDirectory() as folder:
        asyncio.run(schema.install(started.kubeconfig))
        with slack_and_stack(started.kubeconfig, Path(folder)) as stack:
            rows = asyncio.run(run(stack, started.kubeconfig, count))
    Path("bench.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
