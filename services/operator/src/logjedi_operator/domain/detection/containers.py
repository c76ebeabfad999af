"""What one container status says: the reason to report, or nothing.

Called by ``pods`` for each init, sidecar, main and ephemeral container. Pure; knows no owner.
Source of the reasons: the kubelet's ``pkg/kubelet/container/sync_result.go``, ``pkg/kubelet/images/types.go`` and
``kuberuntime_container.go``.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from logjedi_operator.domain.detection import times
from logjedi_operator.domain.findings import FAMILIES, Family, Graces

EXIT_CODES: Final = {
    126: "command cannot be executed",
    127: "command not found",
    128: "container could not be started",
    134: "SIGABRT",
    135: "SIGBUS",
    136: "SIGFPE",
    137: "SIGKILL",
    139: "SIGSEGV",
    143: "SIGTERM",
}
NORMAL_WAITS: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
RESTARTS: Final = 2
"""One restart is a blip, the second within the window is a pattern."""
SETTLED: Final = timedelta(seconds=60)
"""Having outlived its previous run by this, a ready container counts as recovered. Arbitrary."""

_TRANSIENT = re.compile(r"timed out|deadline exceeded|is reserved for|have not yet been read|i/o timeout")


@dataclass(frozen=True, slots=True)
class Sign:
    """A container's own failure: ``grace`` runs from the pod's start, ``None`` reports at once."""

    reason: str
    family: Family
    message: str
    since: datetime | None = None
    grace: timedelta | None = None


def read(status: dict[str, Any], now: datetime, graces: Graces) -> Sign | None:
    """Read a container that is restarted when it ends."""
    state = status.get("state") or {}
    if "waiting" in state:
        return _waiting(status, state["waiting"] or {}, graces)
    if "terminated" in state:
        return _terminated(status, state["terminated"] or {}, now, graces)
    return _running(status, state.get("running") or {}, now, graces)


def ended(status: dict[str, Any]) -> Sign | None:
    """Read a container that ended for good, badly."""
    end = (status.get("state") or {}).get("terminated") or {}
    if not end or not _failed(end):
        return None
    return Sign(end.get("reason") or "Error", Family.CRASH, told(end, 0), times.read(end.get("finishedAt")))


def told(end: dict[str, Any], restarts: int) -> str:
    """Say how a run ended: exit code by name, restarts, and the container's last words."""
    code = end.get("exitCode")
    parts = [end.get("reason") or "Error"]
    if code is not None:
        parts.append(f"exit code {code}" + (f" ({EXIT_CODES[code]})" if code in EXIT_CODES else ""))
    if restarts:
        parts.append(f"restarted {restarts} time{'s' * (restarts > 1)}")
    words = str(end.get("message") or "").strip()
    return ", ".join(parts) + (f": {words}" if words else "")


def _waiting(status: dict[str, Any], waiting: dict[str, Any], graces: Graces) -> Sign | None:
    reason, message = waiting.get("reason") or "", waiting.get("message") or ""
    if reason in NORMAL_WAITS:
        return None
    if reason == "CrashLoopBackOff":
        return _loop(status, message)
    family = FAMILIES.get(reason, Family.START)
    return Sign(reason, family, message, grace=_grace(reason, family, message, graces))


def _loop(status: dict[str, Any], message: str) -> Sign:
    """Name the root: a container that loops because it is OOM-killed is OOMKilled."""
    last = (status.get("lastState") or {}).get("terminated") or {}
    reason = "OOMKilled" if last.get("reason") == "OOMKilled" else "CrashLoopBackOff"
    text = told(last, status.get("restartCount") or 0) if last else message
    return Sign(reason, Family.CRASH, text, times.read(last.get("startedAt")))


def _grace(reason: str, family: Family, message: str, graces: Graces) -> timedelta | None:
    if reason == "ErrImagePull" or family is Family.START or _TRANSIENT.search(message):
        return graces.pending
    return graces.config or None if family is Family.CONFIG else None


def _terminated(status: dict[str, Any], end: dict[str, Any], now: datetime, graces: Graces) -> Sign | None:
    if not _failed(end):
        return None
    restarts = status.get("restartCount") or 0
    finished = times.read(end.get("finishedAt"))
    if end.get("reason") == "OOMKilled":
        return Sign("OOMKilled", Family.CRASH, told(end, restarts), finished)
    if end.get("reason") in {"StartError", "ContainerCannotRun"}:
        return Sign(end["reason"], Family.CRASH, told(end, restarts), finished)
    if restarts >= RESTARTS and _recent(end.get("startedAt"), now, graces):
        return Sign("CrashLoopBackOff", Family.CRASH, told(end, restarts), times.read(end.get("startedAt")))
    return None


def _running(status: dict[str, Any], running: dict[str, Any], now: datetime, graces: Graces) -> Sign | None:
    """A container that runs again: OOM-killed a while ago, or restarted twice within the window and not yet settled.

    The exit code does not matter here: whoever is restarted should not have ended (a failing liveness probe makes a
    well-behaved server end with 0).
    """
    last = (status.get("lastState") or {}).get("terminated") or {}
    restarts = status.get("restartCount") or 0
    if last.get("reason") == "OOMKilled" and _recent(last.get("finishedAt"), now, graces):
        return Sign("OOMKilled", Family.CRASH, told(last, restarts), times.read(last.get("finishedAt")))
    lost = last.get("reason") == "ContainerStatusUnknown"
    looping = restarts >= RESTARTS and not lost and _recent(last.get("startedAt"), now, graces)
    if looping and not _settled(status, running, last, now):
        return Sign("CrashLoopBackOff", Family.CRASH, told(last, restarts), times.read(last.get("startedAt")))
    return None


def _settled(status: dict[str, Any], running: dict[str, Any], last: dict[str, Any], now: datetime) -> bool:
    started, began, finished = (
        times.read(value) for value in (running.get("startedAt"), last.get("startedAt"), last.get("finishedAt"))
    )
    if not status.get("ready") or started is None or began is None or finished is None:
        return False
    return now - started > (finished - began) + SETTLED


def _failed(end: dict[str, Any]) -> bool:
    """Tell a bad end. ContainerStatusUnknown says that the node was lost, not that the container failed."""
    if not end or end.get("reason") == "ContainerStatusUnknown":
        return False
    return bool(end.get("exitCode")) or end.get("reason") == "OOMKilled"


def _recent(value: Any, now: datetime, graces: Graces) -> bool:
    at = times.read(value)
    return at is not None and now - at <= graces.window
