"""The API server, in plain JSON: reads for evidence, patches for what was approved.

The typed models of the ``kubernetes`` client cost 2 s and 86 MB and about 3 ms a call (docs/benchmarks.md), so only its
configuration, authentication and connection pool are used. Errors are mapped once, here.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from logjedi_contracts.errors import ConfigurationError, DependencyDown, Refused
from logjedi_operator.domain.workload import WorkloadRef
from logjedi_operator.ports.cluster import Conflict, ListQuery, LogQuery, Object, PatchOrder

FIELD_MANAGER: Final = "logjedi"
TIMEOUT_S: Final = 10
_MANY_LINES: Final = 5000
_PLURALS: Final = {
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "LogJediAnalysis": "logjedianalyses",
    "Endpoints": "endpoints",
}
_CLUSTER_SCOPED: Final = frozenset({"Node", "Namespace", "PersistentVolume", "CustomResourceDefinition"})
_UNAVAILABLE: Final = frozenset({408, 429, 500, 502, 503, 504})


@contextlib.asynccontextmanager
async def connect(kubeconfig: Path | None) -> AsyncIterator["KubeCluster"]:
    """Load credentials (named file, else the pod's own, else the user's) and open a client; no call is made yet."""
    configuration = Configuration()
    try:
        if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(client_configuration=configuration)
        else:
            named = str(kubeconfig) if kubeconfig else None
            await config.load_kube_config(config_file=named, client_configuration=configuration)
    except (config.ConfigException, OSError) as error:
        cure = "name a readable kubeconfig in LOGJEDI_KUBECONFIG or KUBECONFIG"
        raise ConfigurationError([f"LOGJEDI_KUBECONFIG: {error}; {cure}"]) from error
    configuration.connection_pool_maxsize = 32
    async with ApiClient(configuration) as client:
        yield KubeCluster(client)


class KubeCluster:
    """Implements ``ports.cluster.Cluster``."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self.configuration: Configuration = client.configuration

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        answer = await self.call("GET", path(api_version, kind, namespace, name), missing_ok=True)
        return None if answer is None else {**answer, "apiVersion": api_version, "kind": kind}

    async def list(self, query: ListQuery) -> list[Object]:
        parameters = {"limit": str(query.limit), "labelSelector": query.labels, "fieldSelector": query.fields}
        where = path(query.api_version, query.kind, query.namespace)
        answer = await self.call("GET", where, query={key: value for key, value in parameters.items() if value})
        items = (answer or {}).get("items") or []
        return [{**item, "apiVersion": query.api_version, "kind": query.kind} for item in items]

    async def logs(self, query: LogQuery) -> str | None:
        """Read the tail, and of it the newest bytes: the kubelet's own ``limitBytes`` would keep the oldest."""
        parameters = {
            "container": query.container,
            "previous": "true" if query.previous else "false",
            "tailLines": str(query.tail_lines or _MANY_LINES),
        }
        where = path("v1", "Pod", query.namespace, query.pod) + "/log"
        status, body = await self._request("GET", where, parameters, None, "application/json")
        # 400: the container is waiting to start or has no previous instance; 404: the pod is gone.
        if status in (400, 404):
            return None
        if status != 200:
            raise _error(status, body)
        return body[-query.limit_bytes :].decode(errors="replace")

    async def patch(self, order: PatchOrder) -> Object:
        target = order.target
        body = {**order.body, "metadata": {**order.body.get("metadata", {})}}
        body["metadata"] |= {"resourceVersion": order.resource_version, "uid": target.uid}
        query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        if order.dry_run:
            query["dryRun"] = "All"
        where = path(target.api_version, target.kind, target.namespace, target.name)
        answer = await self.call("PATCH", where, query=query, body=body, content_type=order.patch_type)
        return {**(answer or {}), "apiVersion": target.api_version, "kind": target.kind}

    async def call(  # noqa: PLR0913 - the six parts of an HTTP request
        self,
        method: str,
        where: str,
        *,
        query: dict[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        missing_ok: bool = False,
    ) -> Object | None:
        """Make one request and read its JSON answer.

        Raises ``Conflict`` (409), ``DependencyDown`` (no answer, 429, 5xx) or ``Refused`` with the server's words;
        ``None`` for a 404 if ``missing_ok``.
        """
        status, raw = await self._request(method, where, query, body, content_type)
        if status == 404 and missing_ok:
            return None
        if status >= 300:
            raise _error(status, raw)
        answer: Object = json.loads(raw)
        return answer

    async def _request(
        self, method: str, where: str, query: dict[str, str] | None, body: Object | None, content_type: str
    ) -> tuple[int, bytes]:
        request = await self._client.param_serialize(
            method,
            where,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            answer = await self._client.call_api(*request, _request_timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
            return answer.status, await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise DependencyDown("kubernetes", f"{type(error).__name__}: {error}") from error


async def record_schema_installed(cluster: KubeCluster) -> None:
    """Raise ``DependencyDown`` naming the cure unless the LogJediAnalysis CRD is there."""
    if await cluster.call("GET", "/apis/logjedi.dev/v1alpha1", missing_ok=True) is None:
        cure = "install it: kubectl apply -f charts/logjedi/files/logjedianalyses.yaml"
        raise DependencyDown("crd", f"logjedianalyses.logjedi.dev is not installed; {cure}")


def path(api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
    """Spell the path of a collection or, with a name, of an object."""
    prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    scope = f"/namespaces/{namespace}" if namespace and kind not in _CLUSTER_SCOPED else ""
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    return f"{prefix}{scope}/{plural}" + (f"/{name}" if name else "")


def path_of(ref: WorkloadRef) -> str:
    return path(ref.api_version, ref.kind, ref.namespace, ref.name)


def _error(status: int, body: bytes) -> Exception:
    words = _words(body)
    if status == 409:
        return Conflict(words)
    if status in _UNAVAILABLE:
        return DependencyDown("kubernetes", f"HTTP {status}: {words}")
    if status == 404:
        return Refused("gone", words)
    if status in (401, 403):
        return Refused("forbidden", words)
    return Refused("api-server", words)


def _words(body: bytes) -> str:
    """Read the message of a ``Status`` answer; a proxy's HTML is cut short."""
    try:
        answer: Any = json.loads(body)
        return str(answer.get("message", ""))[:2000]
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace")
