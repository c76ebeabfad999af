"""The watch: kopf's event handlers, and nothing but translation.

Only ``on.event``: it writes nothing into the watched objects (stateful handlers would). kopf's settings are those
that keep memory and latency low (facts in docs/benchmarks.md). If the watch dies for good, the process ends: never
alive but blind.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import kopf
from kubernetes.aio.client.configuration import Configuration

from logjedi_contracts import logs
from logjedi_contracts.errors import DependencyDown, LogJediError
from logjedi_operator.domain.record import GROUP, PLURAL
from logjedi_operator.domain.workload import Object

log = logs.get(__name__)

SeeObject = Callable[[str, Object], Awaitable[None]]
SeeRecord = Callable[[str, Object], None]
WATCHED = (
    ("", "v1", "pods", "Pod"),
    ("apps", "v1", "replicasets", "ReplicaSet"),
    ("apps", "v1", "deployments", "Deployment"),
    ("batch", "v1", "jobs", "Job"),
)


@dataclass(frozen=True, slots=True)
class Watch:
    """What to call for objects and for our own records."""

    see_object: SeeObject
    see_record: SeeRecord
    configuration: Configuration
    namespaces: tuple[str, ...]
    ready: asyncio.Event

    async def serve(self) -> None:
        """Watch until SIGTERM or SIGINT (kopf handles both). Raises ``DependencyDown`` if kopf gives up."""
        registry = kopf.OperatorRegistry()
        for group, version, plural, kind in WATCHED:
            kopf.on.event(group, version, plural, registry=registry)(self._handler(kind))
        kopf.on.event(GROUP, "v1alpha1", PLURAL, registry=registry)(self._record)
        kopf.on.login(registry=registry)(self._login)
        try:
            await kopf.operator(
                registry=registry, settings=_settings(), standalone=True, ready_flag=self.ready,
                clusterwide=not self.namespaces, namespaces=self.namespaces,
            )  # fmt: skip
        except Exception as error:  # kopf ends with errors of many kinds; all mean that nobody is watching any more
            raise DependencyDown("kubernetes", f"the watch ended: {type(error).__name__}: {error}") from error

    def _handler(self, kind: str) -> Callable[..., Awaitable[None]]:
        async def see(event: dict[str, Any], **_: Any) -> None:
            obj: Object = {**event["object"], "kind": kind}
            try:
                await self.see_object(event["type"] or "", obj)
            except LogJediError as error:
                log.warning("an event was not looked at", object=obj["metadata"]["name"], cause=str(error))

        return see

    async def _record(self, event: dict[str, Any], **_: Any) -> None:
        self.see_record(event["type"] or "", event["object"])

    async def _login(self, **_: Any) -> kopf.ConnectionInfo:
        """Use the same credentials as our own client; asked again when a token has expired."""
        ours = self.configuration
        token = await ours.get_api_key_with_prefix("BearerToken", alias="authorization")
        return kopf.ConnectionInfo(
            server=ours.host,
            ca_path=ours.ssl_ca_cert,
            ca_data=ours.ca_cert_data,
            insecure=not ours.verify_ssl,
            token=token.removeprefix("Bearer ") if token else None,
            certificate_path=ours.cert_file,
            private_key_path=ours.key_file,
        )


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.queueing.worker_limit = 50
    settings.queueing.idle_timeout = 0.01  # with kopf's default, worker_limit makes the throughput collapse
    settings.watching.server_timeout = 300
    settings.watching.chunk_size = 500
    settings.networking.error_backoffs = (0.2, 0.5, 1, 2, 3, 5, 8, 13, 21)
    settings.execution.default_backoff = 5
    return settings
