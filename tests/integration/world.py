"""What the integration tests do to the running system, as sentences: break, click, wait, look."""

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import redis.asyncio as redis
import yaml

from logjedi_contracts import signing
from logjedi_operator.adapters.kube import KubeCluster, path
from logjedi_operator.domain.record import API_VERSION, KIND, Record
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import ListQuery, PatchOrder
from tests.demo import clicks, workloads
from tests.stack import Stack

SAMPLES = Path(__file__).parents[1] / "samples"
PATIENCE_S = 60.0


@dataclass(slots=True)
class World:
    stack: Stack
    api: KubeCluster
    namespace: str

    @classmethod
    @contextlib.asynccontextmanager
    async def in_new_namespace(cls, stack: Stack, api: KubeCluster) -> AsyncIterator["World"]:
        namespace = f"shop-{secrets.token_hex(3)}"
        await api.call("POST", path("v1", "Namespace"), body={"metadata": {"name": namespace}})
        try:
            yield cls(stack, api, namespace)
        finally:
            await api.call("DELETE", path("v1", "Namespace", name=namespace))

    # -- the cluster

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        body = {**obj, "metadata": {**obj["metadata"], "namespace": self.namespace}}
        return await self.api.call("POST", path(obj["apiVersion"], obj["kind"], self.namespace), body=body) or {}

    async def create_sample(self, file: str) -> None:
        for obj in yaml.safe_load_all((SAMPLES / file).read_text()):
            await self.create(obj)

    async def deployment(self, name: str) -> dict[str, Any]:
        found = await self.api.get("apps/v1", "Deployment", self.namespace, name)
        assert found is not None
        return found

    async def patch_deployment(self, name: str, patch: dict[str, Any]) -> dict[str, Any]:
        live = await self.deployment(name)
        order = PatchOrder(WorkloadRef.of(live), patch, live["metadata"]["resourceVersion"], dry_run=False)
        return await self.api.patch(order)

    async def set_image(self, name: str, container: str, image: str) -> None:
        containers = [{"name": container, "image": image}]
        await self.patch_deployment(name, {"spec": {"template": {"spec": {"containers": containers}}}})

    async def image(self, name: str) -> str:
        return str((await self.deployment(name))["spec"]["template"]["spec"]["containers"][0]["image"])

    async def healthy(self, name: str) -> None:
        await self.until(f"{name} is healthy", lambda: self._healthy(name))

    async def _healthy(self, name: str) -> bool:
        return workloads.healthy(await self.api.get("apps/v1", "Deployment", self.namespace, name))

    # -- the records

    async def records(self) -> list[Record]:
        found = await self.api.list(ListQuery(API_VERSION, KIND, self.namespace))
        return [Record.from_object(obj) for obj in found]

    async def record(self, workload: str) -> Record:
        """The one record of a workload."""
        own = [record for record in await self.records() if record.spec.workload.name == workload]
        assert len(own) == 1, [record.name for record in own]
        return own[0]

    async def in_phase(self, workload: str, *phases: str, patience_s: float = PATIENCE_S) -> Record:
        """Wait until the workload's record is in one of ``phases``."""

        async def there() -> Record | None:
            own = [record for record in await self.records() if record.spec.workload.name == workload]
            return own[0] if own and own[0].phase in phases else None

        found = await self.until(f"{workload} is {' or '.join(phases)}", there, patience_s)
        assert isinstance(found, Record)
        return found

    async def asked(self, workload: str) -> Record:
        """Wait until people have been asked about the workload's proposal."""

        async def there() -> Record | None:
            own = [record for record in await self.records() if record.spec.workload.name == workload]
            return own[0] if own and own[0].phase == "Proposed" and own[0].status.asked else None

        found = await self.until(f"people were asked about {workload}", there)
        assert isinstance(found, Record)
        return found

    async def asked_again(self, workload: str, before: Record) -> Record:
        """Wait until people have been asked about another proposal than ``before``'s."""

        async def there() -> Record | None:
            record = await self.record(workload)
            new, old = record.status.proposal, before.status.proposal
            other = new is not None and old is not None and new.nonce != old.nonce
            return record if other and record.phase == "Proposed" and record.status.asked else None

        found = await self.until(f"people are asked about {workload} again", there)
        assert isinstance(found, Record)
        return found

    async def write_status(self, record: Record) -> None:
        """Write a record's status as somebody with write access would."""
        where = path(API_VERSION, KIND, record.namespace, record.name) + "/status"
        await self.api.call("PUT", where, body=record.to_object())

    # -- people

    @property
    def slack_url(self) -> str:
        return str(self.stack.plan.environment["LOGJEDI_SLACK_API_URL"]).removesuffix("/api/")

    async def approve_in_slack(self, record: Record, user: str = "U0ALICE") -> None:
        """Press Approve on the message about the record's proposal, once it is there."""
        clicker = clicks.Clicker(self.slack_url, user=user)

        async def clicked() -> bool:
            problems = await clicker.approve([record])
            assert not problems, problems
            return bool(clicker.clicked)

        await self.until("the click was taken", clicked)

    async def slack_messages(self, record: Record) -> list[dict[str, Any]]:
        """The messages about a record, each with all its versions."""
        async with httpx.AsyncClient(base_url=self.slack_url, trust_env=False) as client:
            found: list[dict[str, Any]] = (await client.get("/control/messages")).json()
        return [row for row in found if _about(row) == record.uid]

    async def decide_on_page(self, record: Record, verdict: str) -> int:
        """Use the page's own form."""
        base = self.stack.plan.page.rstrip("/")
        where = f"/approvals/{record.spec.cluster}/{record.uid}"
        async with httpx.AsyncClient(base_url=base, trust_env=False, follow_redirects=True) as client:
            page = (await client.get(where)).text
            fields = dict(re.findall(r'name="(token|nonce)" value="([^"]*)"', page))
            answer = await client.post(where, data={**fields, "verdict": verdict}, headers={"Origin": base})
            return answer.status_code

    # -- Redis and keys

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.stack.plan.redis_url, decode_responses=True)

    def key_of(self, service: str) -> signing.Signer:
        """The private key of a service of this stack: what a thief of it could do."""
        return signing.load_signer("test", self.stack.plan.folder / "keys" / f"{service}.key.pem")

    # -- waiting

    async def until(self, what: str, look: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Look until there is something to see; fail with ``what`` and the state of things."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.15)
        told = [f"{r.name}: {r.phase}: {r.status.message}" for r in await self.records()]
        raise AssertionError(f"not within {patience_s:.0f} s: {what}; records: {told}\n{self._logs()}")

    async def stays(self, what: str, look: Callable[[], Any], for_s: float = 3.0) -> None:
        """Make sure that something stays true for a while."""
        until = time.monotonic() + for_s
        while time.monotonic() < until:
            assert await look(), f"no longer so: {what}\n{self._logs()}"
            await asyncio.sleep(0.2)

    def _logs(self) -> str:
        names = ("operator", "approval-gateway", "analyzer")
        rows = [f"{name}: {line[:300]}" for name in names for line in self.stack.processes[name].tail(6).splitlines()]
        return "\n".join(rows)


def _about(row: dict[str, Any]) -> str:
    payload = (row["message"].get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("uid", ""))
