"""Run the demo. Settings by environment: ``APPROVE=1 KEEP=1 CONTEXT=name YES=1``; ``down`` ends what KEEP left."""

import asyncio
import os
import secrets
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.live import Live

from logjedi_contracts.errors import LogJediError
from logjedi_operator.adapters import kube
from logjedi_operator.adapters.kube import KubeCluster
from logjedi_operator.domain.record import Record
from tests import cluster
from tests.cluster import prerequisites
from tests.demo import clicks, keeping, story, target, workloads
from tests.stack import Plan, Process, ProcessFailed, Stack, free_port, free_ports, schema

PATIENCE_S = 300.0
_QUICK = {"LOGJEDI_SETTLE_TIME": "5s", "LOGJEDI_VERIFY_TIMEOUT": "90s", "LOGJEDI_PENDING_GRACE": "3s"}
"""Shorter than the defaults: nobody wants to watch a pod be healthy for half a minute."""


@dataclass(slots=True)
class Demo:
    """One run."""

    console: Console
    target: target.Target
    folder: Path
    approve: bool
    slack_url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")
    secret: str = field(default_factory=lambda: secrets.token_hex(16))

    def plan(self) -> Plan:
        """Plan the stack against the target and the local Slack."""
        own = {
            "KUBECONFIG": self.target.kubeconfig,
            "SLACK_BOT_TOKEN": "xoxb-local",
            "SLACK_SIGNING_SECRET": self.secret,
            "LOGJEDI_SLACK_CHANNEL": "C0APPROVALS",
            "LOGJEDI_SLACK_API_URL": f"{self.slack_url}/api/",
            "LOGJEDI_TEST_SLACK_APPROVERS": "U0ALICE",
            "LOGJEDI_CLUSTER_NAME": "demo",
            "WATCH_NAMESPACES": "" if self.target.own else self.target.namespace,
        }
        base = {key: value for key, value in os.environ.items() if key not in ("LOGJEDI_KUBECONFIG", "REDIS_URL")}
        return Plan({**base, **_QUICK, **own}, self.folder, free_ports())

    def local_slack(self, plan: Plan) -> Process:
        port = self.slack_url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "tests.localslack", "--port", port, "--gateway", plan.page.rstrip("/")]
        return Process(
            "local-slack", [*command, "--signing-secret", self.secret], dict(os.environ), self.folder / "slack.log"
        )

    async def run(self, plan: Plan) -> bool:
        """Break three workloads and follow them to their end; tell whether all were healed."""
        async with kube.connect(Path(self.target.kubeconfig)) as api:
            samples = workloads.samples(
                real_node=self.target.node != "simulated", public_images=self.target.node == "external"
            )
            await self._break(api, samples)
            self._say_where(plan)
            healed = await self._follow(api, samples)
            self.console.print(story.end(samples, await story.records(api, self.target.namespace)))
            return healed

    async def _break(self, api: KubeCluster, samples: list[workloads.Sample]) -> None:
        await workloads.fresh_namespace(api, self.target.namespace)
        for sample in samples:
            await workloads.apply(api, sample, self.target.namespace)
        first = samples[0]
        for _ in workloads.deadline(90):
            if workloads.healthy(await workloads.deployment(api, first.name, self.target.namespace)):
                break
            await asyncio.sleep(0.3)
        await workloads.break_it(api, first, self.target.namespace)
        self.console.print(f"{len(samples)} workloads were broken in namespace {self.target.namespace}")

    def _say_where(self, plan: Plan) -> None:
        self.console.print(f"page         [bold]{plan.page}[/]", highlight=False)
        self.console.print(f"local Slack  [bold]{self.slack_url}/[/]", highlight=False)
        self.console.print(f"kubectl      export KUBECONFIG={self.target.kubeconfig}", highlight=False, soft_wrap=True)
        if not self.approve:
            self.console.print("click Approve on the page, or in the local Slack as Alice")

    async def _follow(self, api: KubeCluster, samples: list[workloads.Sample]) -> bool:
        """Draw until every workload has come to an end; without ``APPROVE`` people have all the time they like."""
        clicker, lines = clicks.Clicker(self.slack_url), story.Lines(self.console)
        until = time.monotonic() + PATIENCE_S
        with Live(console=self.console, refresh_per_second=4, transient=True) as screen:
            while not self.approve or time.monotonic() < until:
                found = await story.records(api, self.target.namespace)
                if self.console.is_terminal:
                    screen.update(story.live(samples, found))
                else:
                    lines.show(found)
                if self.approve:
                    waiting = [record for record in found if record.phase == "Proposed" and record.status.asked]
                    for problem in await clicker.approve(waiting):
                        self.console.print(f"[red]{problem}[/]")
                done = [await _healed(api, sample, found) for sample in samples]
                if all(end is not None for end in done):
                    return all(done)
                await asyncio.sleep(0.4)
        return False


async def _healed(api: KubeCluster, sample: workloads.Sample, found: list[Record]) -> bool | None:
    """Tell whether a workload was healed, by its record and by its own status; ``None``: not at its end yet."""
    record = story.of(sample, found)
    if record is None or record.status.audit.sequence == 0 or record.phase in _OPEN:
        return None
    return record.phase == "Resolved" and workloads.healthy(
        await workloads.deployment(api, sample.name, record.namespace)
    )


_OPEN = frozenset({"Detected", "Analyzing", "Proposed", "Approved", "Applying", "Verifying", "Stale"})


def main() -> int:
    """Return 0 if every workload was healed (or, after ``down``, in any case), 1 otherwise."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 132)
    if sys.argv[1:] == ["down"]:
        console.print(f"ended: {', '.join(keeping.end()) or 'nothing was left'}")
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return _demo(console)
    except (cluster.ClusterError, ProcessFailed, LogJediError) as error:
        console.print(f"[bold red]{error}[/]", soft_wrap=True)
        if isinstance(error, cluster.ClusterError) and error.cure:
            console.print(error.cure, markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("interrupted; nothing is left running")
        return 130


def _demo(console: Console) -> int:
    keep, context = os.environ.get("KEEP") == "1", os.environ.get("CONTEXT", "")
    keeping.end()
    folder = keeping.folder()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if not context:
        prerequisites.ensure(console, os.environ)
    begun = time.monotonic()
    chosen = target.choose(console, folder, context=context, keep=keep)
    try:
        console.print(f"cluster: {chosen.node} node" + (f" ({chosen.reason})" if chosen.reason else ""))
        asyncio.run(schema.install(Path(chosen.kubeconfig)))
        healed = _with_stack(Demo(console, chosen, folder, os.environ.get("APPROVE") == "1"), keep=keep)
    finally:
        if not chosen.own and not keep:
            asyncio.run(workloads.tidy(chosen.kubeconfig, chosen.namespace))
        chosen.stop()
    console.print(f"{'all healed' if healed else 'NOT all healed'} in {time.monotonic() - begun:.0f} s")
    return 0 if healed else 1


def _with_stack(demo: Demo, *, keep: bool) -> bool:
    plan = demo.plan()
    slack = demo.local_slack(plan)
    stack = Stack(plan, progress=lambda line: demo.console.print(f"[dim]{line}[/]"), stays=keep)
    slack.stays = keep
    slack.start()
    try:
        asyncio.run(clicks.until_up(demo.slack_url))
        with stack:
            healed = asyncio.run(demo.run(plan))
            if keep:
                foreign = (
                    {}
                    if demo.target.own
                    else {"kubeconfig": demo.target.kubeconfig, "namespace": demo.target.namespace}
                )
                keeping.write([slack, *stack.processes.values()], **foreign)
                demo.console.print("left running; end it with: make demo-down")
            return healed
    finally:
        if not keep:
            slack.stop()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
