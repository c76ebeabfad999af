"""Two sides that must behave alike: the tests' fakes, and the real adapters on a real API server."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Protocol

from logjedi_operator.adapters.kube import KubeCluster, path
from logjedi_operator.adapters.record_store import RecordStore
from logjedi_operator.domain.record import API_VERSION, KIND, Record
from logjedi_operator.ports.cluster import Cluster, Conflict
from logjedi_operator.ports.records import Records
from tests.scenario.fakes.api_server import FakeApiServer
from tests.scenario.fakes.gate import Gate
from tests.scenario.fakes.ports import FakeCluster, FakeRecords

Object = dict[str, Any]
Change = Callable[[Object], None]


class Side(Protocol):
    """The two ports, and a back door for other people's writes."""

    cluster: Cluster
    records: Records
    namespace: str

    async def deploy(self) -> Object:
        """Make a Deployment that nobody writes to any more, and return it as it is."""
        ...

    async def edit_deployment(self, change: Change) -> None: ...

    async def edit_record(self, record: Record, change: Change) -> None:
        """Let somebody else write a record's status."""
        ...

    async def remove_deployment(self) -> None: ...


def deployment(namespace: str) -> Object:
    env = [{"name": "MODE", "value": "plain"}, {"name": "PORT", "value": "80"}]
    pod_spec = {"containers": [{"name": "app", "image": "registry.example/shop/web:1.2", "env": env}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace, "labels": {"app": "web"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec},
        },
    }


class FakeSide:
    def __init__(self) -> None:
        self.namespace = "shop"
        self._server = FakeApiServer()
        self.cluster = FakeCluster(self._server, Gate())
        self.records = FakeRecords(self._server, Gate())

    async def deploy(self) -> Object:
        return self._server.create(deployment(self.namespace))

    async def edit_deployment(self, change: Change) -> None:
        self._server.edit("Deployment", self.namespace, "web", change)

    async def edit_record(self, record: Record, change: Change) -> None:
        self._server.edit(KIND, record.namespace, record.name, lambda obj: change(obj.setdefault("status", {})))

    async def remove_deployment(self) -> None:
        self._server.delete("Deployment", self.namespace, "web")


class RealSide:
    def __init__(self, api: KubeCluster) -> None:
        self.namespace = f"conformance-{secrets.token_hex(4)}"
        self.cluster = api
        self.records = RecordStore(api)
        self.api = api

    async def deploy(self) -> Object:
        await self.api.call("POST", path("apps/v1", "Deployment", self.namespace), body=deployment(self.namespace))
        return await self._settled()

    async def edit_deployment(self, change: Change) -> None:
        obj = await self._settled()
        change(obj)
        await self.api.call("PUT", path("apps/v1", "Deployment", self.namespace, "web"), body=obj)
        await self._settled()

    async def edit_record(self, record: Record, change: Change) -> None:
        where = path(API_VERSION, KIND, record.namespace, record.name)
        obj = await self.api.call("GET", where) or {}
        change(obj.setdefault("status", {}))
        await self.api.call("PUT", f"{where}/status", body=obj)

    async def remove_deployment(self) -> None:
        await self.api.call("DELETE", path("apps/v1", "Deployment", self.namespace, "web"))
        while await self.cluster.get("apps/v1", "Deployment", self.namespace, "web"):  # noqa: ASYNC110 - a server
            await asyncio.sleep(0.05)

    async def _settled(self) -> Object:
        """Wait until the Deployment controller has written all that it will write."""
        before: Object | None = None
        for _ in range(200):
            obj = await self.cluster.get("apps/v1", "Deployment", self.namespace, "web")
            if (
                obj == before
                and obj
                and obj.get("status", {}).get("observedGeneration") == obj["metadata"]["generation"]
            ):
                return obj
            before = obj
            await asyncio.sleep(0.15)
        raise Conflict("the Deployment controller keeps writing")
