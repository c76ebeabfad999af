"""What the use cases ask of the cluster. Implemented by ``adapters.kube`` and by the tests' fake.

Objects are plain JSON. Every call may raise ``DependencyDown`` (the API server does not answer, 429, 5xx) or
``Refused`` with rule ``forbidden`` (403) or ``api-server`` (any other refusal, with the API server's own words).
"""

from typing import Any, Protocol

Object = dict[str, Any]


class Conflict(Exception):  # noqa: N818 - the API server's own word for 409
    """The object changed since it was read (409 on a write with a resourceVersion)."""


class ClusterReader(Protocol):
    """Reads, for evidence and health."""

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """Read one object; ``None`` if it is not there. ``apiVersion`` and ``kind`` are always filled in."""
        ...

    async def list(
        self, api_version: str, kind: str, namespace: str, *, labels: str = "", fields: str = "", limit: int = 500
    ) -> list[Object]:
        """List objects by label and field selector, at most ``limit``; kind and apiVersion filled in."""
        ...

    async def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool, tail_lines: int, limit_bytes: int
    ) -> str | None:
        """Read the tail of a container's log, newest ``limit_bytes`` bytes; ``None`` if there is none (not started, gone)."""
        ...


class ClusterWriter(Protocol):
    """Writes, only ever of what was approved. Field manager ``logjedi``, field validation strict."""

    async def patch(
        self, target: "Object", body: Object, *, resource_version: str, dry_run: bool, patch_type: str
    ) -> Object:
        """Patch the object that ``target`` (an object with kind and metadata) names; return the server's answer.

        ``resource_version`` goes into the body, so that a change since the read is a ``Conflict``.
        """
        ...
