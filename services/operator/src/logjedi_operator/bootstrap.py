"""Build the operator from its settings: the only place that constructs adapters and joins them to use cases."""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from logjedi_contracts import bus, logs, signing, streams
from logjedi_contracts.errors import ConfigurationError, DependencyDown
from logjedi_operator.adapters import analyzer, kube, teller
from logjedi_operator.adapters.audit_log import AuditLog
from logjedi_operator.adapters.record_store import RecordStore
from logjedi_operator.adapters.system_clock import SystemClock
from logjedi_operator.adapters.work_queue import WorkQueue
from logjedi_operator.domain.findings import Graces
from logjedi_operator.domain.policy import Policy, load
from logjedi_operator.entrypoints import http, watch
from logjedi_operator.entrypoints.decisions import Decisions
from logjedi_operator.settings import Settings
from logjedi_operator.usecases import collect_evidence, reconcile
from logjedi_operator.usecases.observe import Observer, Scope
from logjedi_operator.usecases.parts import Identity, Parts, Timing

log = logs.get(__name__)
CONSUMER = "operator"
"""One replica serves a cluster, so a restarted one takes over its own pending messages at once."""


@dataclass(frozen=True, slots=True)
class Operator:
    """All parts, joined; ``run`` serves until SIGTERM."""

    settings: Settings
    parts: Parts
    cluster: kube.KubeCluster
    store: RecordStore
    queue: WorkQueue
    messages: bus.Bus
    analyzer: analyzer.HttpAnalyzer
    stream_teller: teller.StreamTeller
    event_teller: teller.EventTeller
    ready: asyncio.Event

    async def run(self) -> None:
        """Hold the eternal tasks. Ends when the watch ends; a defect in any task ends them all."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work, name=name) for name, work in self._tasks()]
            await self._wait_for_cluster()
            await self._watch().serve()
            for task in tasks:
                task.cancel()

    def _tasks(self) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        work = reconcile.Reconciler(self.parts)
        app = http.build(self._checks())
        named = [(f"worker-{number}", self.queue.serve(work)) for number in range(self.settings.workers)]
        return [
            *named,
            ("http", http.serve(app, self.settings.operator_host, self.settings.operator_port)),
            ("publisher", self.stream_teller.serve()),
            ("events", self.event_teller.serve()),
            ("decisions", self.messages.consume(self._subscription())),
            ("epoch", self._follow_epoch()),
        ]

    def _subscription(self) -> bus.Subscription:
        name = self.parts.identity.cluster
        return bus.Subscription(
            streams.decisions(name), streams.operator_group(name), CONSUMER, Decisions(self.parts),
            self.parts.identity.gateways,
        )  # fmt: skip

    def _watch(self) -> watch.Watch:
        observer = Observer(self.parts, Scope(self.settings.watch_namespaces, self.settings.exclude_namespaces))
        return watch.Watch(
            see_object=observer.see, see_record=self._see_record, configuration=self.cluster.configuration,
            namespaces=self.settings.watch_namespaces, ready=self.ready,
        )  # fmt: skip

    def _see_record(self, event: str, obj: dict[str, Any]) -> None:
        key = self.store.learn(event, obj)
        if key is not None and event != "DELETED":
            self.queue.wake(key)

    async def _wait_for_cluster(self) -> None:
        """Wait for the API server and the CRD; ``/ready`` says meanwhile which is missing."""
        delay = 0.5
        while True:
            try:
                await kube.record_schema_installed(self.cluster)
            except DependencyDown as error:
                log.warning("waiting", cause=str(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10.0)
            else:
                return

    def _checks(self) -> dict[str, http.Check]:
        async def watching() -> None:
            if not self.ready.is_set():
                raise DependencyDown("watch", "the first list of workloads is not through yet")

        async def schema() -> None:
            await kube.record_schema_installed(self.cluster)

        return {"redis": self.messages.ping, "analyzer": self.analyzer.ping, "kubernetes": schema, "watch": watching}

    async def _follow_epoch(self) -> None:
        """Publish everything again after a start, and whenever Redis turns out to be another one; trim the streams."""
        known = ""
        await self.ready.wait()
        while True:
            try:
                epoch = await self.messages.epoch(uuid.uuid4().hex)
                if epoch != known:
                    log.info("publishing all records again", records=reconcile.tell_everything(self.parts))
                    known = epoch
                for stream in (streams.PROPOSALS, streams.OUTCOMES, streams.decisions(self.parts.identity.cluster)):
                    await self.messages.trim(stream)
            except DependencyDown as error:
                log.warning("redis does not answer", cause=error.cause)
            await asyncio.sleep(2)


@contextlib.asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Operator]:
    """Construct everything; nothing is sent yet. Raises ``ConfigurationError``."""
    identity = _identity(settings)
    policy = _policy(settings)
    async with contextlib.AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(kube.connect(settings.kubeconfig))
        messages = await stack.enter_async_context(bus.connect(settings.redis_url))
        asker = await stack.enter_async_context(
            analyzer.connect(settings.llm_service_url, settings.llm_service_auth_header, settings.llm_client_timeout)
        )
        store, queue = RecordStore(cluster), WorkQueue()
        stream_teller = teller.StreamTeller(messages, identity.signer, identity.cluster)
        event_teller = teller.EventTeller(cluster)
        parts = Parts(
            cluster=cluster, records=store, analyzer=asker, teller=teller.Tellers(stream_teller, event_teller),
            wakeups=queue, clock=SystemClock(), audit=AuditLog(), identity=identity, policy=policy,
            graces=_graces(settings), timing=_timing(settings), evidence=_evidence(settings),
        )  # fmt: skip
        yield Operator(
            settings, parts, cluster, store, queue, messages, asker, stream_teller, event_teller, asyncio.Event()
        )


def _identity(settings: Settings) -> Identity:
    signer = signing.load_signer("LOGJEDI_SIGNING_KEY_FILE", settings.signing_key_file)
    gateways = signing.load_key_ring("LOGJEDI_GATEWAY_KEYS", settings.gateway_keys)
    if not len(gateways):
        raise ConfigurationError(["LOGJEDI_GATEWAY_KEYS: names no key; no vote could ever count"])
    # Ed25519 is deterministic, so a signature over a fixed purpose is a secret of this key alone, stable over restarts.
    audit_key = hashlib.sha256(signer.sign("logjedi.dev/audit-key/v1", b"").value.encode()).digest()
    return Identity(settings.cluster_name, signer, gateways, audit_key)


def _policy(settings: Settings) -> Policy:
    if settings.policy_file is None:
        return Policy()
    try:
        return load(settings.policy_file.read_text())
    except OSError as error:
        problem = f"LOGJEDI_POLICY_FILE: {settings.policy_file}: {error.strerror}; name a readable YAML file"
        raise ConfigurationError([problem]) from error


def _graces(settings: Settings) -> Graces:
    return Graces(pending=settings.pending_grace, window=settings.crash_grace, unavailable=settings.unavailable_grace)


def _timing(settings: Settings) -> Timing:
    return Timing(
        cooldown=timedelta(minutes=settings.analyze_cooldown_minutes), expiry=settings.proposal_expiry,
        settle=settings.settle_time, verify=settings.verify_timeout, retention=settings.retention,
        attempts=settings.max_attempts )  # fmt: skip


def _evidence(settings: Settings) -> collect_evidence.Options:
    return collect_evidence.Options(max_log_lines=settings.max_recent_log_lines, read_secrets=settings.evidence_secrets)
