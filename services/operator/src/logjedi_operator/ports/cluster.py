"""What the use cases ask of the cluster. Implemented by ``adapters.kube`` and by the tests' fake.

Objects are plain JSON. Every call may raise ``DependencyDown`` (the API server does not answer, 429, 5xx) or
``Refused`` with rule ``forbidden`` (403), ``gone`` (404 of a write) or ``api-server`` (any other refusal), with the API
server's own words.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from logjedi_contracts.errors import TemporaryError
from logjedi_contracts.messages import STRATEGIC_MERGE
from logjedi_operator.domain.workload import WorkloadRef

Object = dict[str, Any]


class Conflict(TemporaryError):
    """The object changed since it was read (409 on a write with a resourceVersion): read again, then judge."""

    def __init__(self, message: str) -> None:
        super().__init__(message, delay_s=0.1)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which objects to list. ``labels`` and ``fields`` are selectors in Kubernetes' syntax."""

    api_version: str
    kind: str
    namespace: str
    labels: str = ""
    fields: str = ""
    limit: int = 500


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The tail of one container's log: the newest ``tail_lines`` lines within ``limit_bytes`` bytes."""

    namespace: str
    pod: str
    container: str
    previous: bool = False
    tail_lines: int = 200
    limit_bytes: int = 65_536


@dataclass(frozen=True, slots=True)
class PatchOrder:
    """One patch. ``resource_version`` is sent with it, so that a change since the read is a ``Conflict``."""

    target: WorkloadRef
    body: Object
    resource_version: str
    dry_run: bool
    patch_type: str = STRATEGIC_MERGE


class ClusterReader(Protocol):
    """Reads, for evidence and health."""

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """Read one object; ``None`` if it is not there. ``apiVersion`` and ``kind`` are always filled in."""
        ...

    async def list(self, query: ListQuery) -> list[Object]:
        """List objects, at most ``query.limit``; kind and apiVersion filled in."""
        ...

    async def logs(self, query: LogQuery) -> str | None:
        """Read the tail of a container's log; ``None`` if there is none (not started, gone, no previous)."""
        ...


class ClusterWriter(Protocol):
    """Writes, only ever of what was approved. Field manager ``logjedi``, field validation strict."""

    async def patch(self, order: PatchOrder) -> Object:
        """Patch; return the object as the server answered. Raises ``Conflict``, and the errors above."""
        ...


class Cluster(ClusterReader, ClusterWriter, Protocol):
    """Both halves."""
