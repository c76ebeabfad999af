"""Kubernetes timestamps, read leniently: what cannot be read is absent, never an error."""

from datetime import UTC, datetime
from typing import Any


def read(value: Any) -> datetime | None:
    """Read an RFC 3339 time (``Time`` or ``MicroTime``), in UTC; ``None`` if there is none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    """Find a status condition by type; empty if there is none."""
    for found in (obj.get("status") or {}).get("conditions") or []:
        if found.get("type") == kind:
            return dict(found)
    return {}
