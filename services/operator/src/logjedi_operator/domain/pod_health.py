"""One pod: ready, on its way, or stuck in a way that waiting will not mend.

Read by ``health`` for the pods of a workload's newest revision, and for bare pods.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from logjedi_contracts import images
from logjedi_operator.domain.workload import Object

TERMINAL_WAITS: Final = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""Waiting that only a change ends. Not ``ErrImagePull``: the kubelet tries again, and backs off if that fails."""


class State(StrEnum):
    HEALTHY = "healthy"
    PROGRESSING = "progressing"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Health:
    """A state with its reason in words, and the restarts of every container looked at."""

    state: State
    message: str
    restarts: Mapping[str, int] = field(default_factory=dict)


def assess(pod: Object, since: datetime | None = None) -> Health:
    """Judge one pod; terminations before ``since`` belong to the past."""
    status, name = pod.get("status") or {}, pod["metadata"].get("name", "")
    stuck = next(_stuck(status, since), "")
    if stuck:
        return Health(State.FAILING, f"pod {name}: {stuck}")
    if status.get("phase") == "Failed":
        return Health(State.FAILING, f"pod {name}: {status.get('reason') or 'failed'}")
    if status.get("phase") == "Succeeded":
        return Health(State.HEALTHY, f"pod {name} succeeded")
    if not _is_ready(status):
        return Health(State.PROGRESSING, f"pod {name} is not ready")
    behind = _not_yet_applied(pod)
    if behind:
        return Health(State.PROGRESSING, f"pod {name}: {behind}")
    return Health(State.HEALTHY, f"pod {name} is ready")


def restarts(pod: Object) -> Iterator[tuple[str, int]]:
    """Yield ``(pod uid/container, restart count)``."""
    uid = pod["metadata"].get("uid") or pod["metadata"].get("name", "")
    for container in _containers(pod.get("status") or {}):
        yield f"{uid}/{container.get('name', '')}", int(container.get("restartCount") or 0)


def time_of(text: Any) -> datetime | None:
    """Read one of the API server's times; ``None`` if there is none."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def _stuck(status: Object, since: datetime | None) -> Iterator[str]:
    for container in _containers(status):
        name, state = container.get("name", ""), container.get("state") or {}
        waiting = state.get("waiting") or {}
        if waiting.get("reason") in TERMINAL_WAITS:
            yield f"container {name}: {': '.join(filter(None, (waiting['reason'], waiting.get('message'))))}"
        for ended in (state.get("terminated") or {}, (container.get("lastState") or {}).get("terminated") or {}):
            if ended.get("reason") == "OOMKilled" and not _past(ended, since):
                yield f"container {name}: OOMKilled"


def _past(ended: Mapping[str, Any], since: datetime | None) -> bool:
    finished = time_of(ended.get("finishedAt"))
    return since is not None and finished is not None and finished < since.replace(microsecond=0)


def _is_ready(status: Object) -> bool:
    conditions = status.get("conditions") or []
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


def _not_yet_applied(pod: Object) -> str:
    """Say which container still runs what it ran before the pod was patched in place; empty if none does.

    Newer kubelets say so themselves (``observedGeneration``, judged by ``health``); of older ones only the image tells.
    """
    status = pod.get("status") or {}
    if "observedGeneration" in status:
        return ""
    running = {container.get("name"): container.get("image", "") for container in status.get("containerStatuses") or []}
    for container in (pod.get("spec") or {}).get("containers") or []:
        image = running.get(container.get("name"), "")
        if not _same_image(container.get("image", ""), image):
            return f"container {container.get('name')} still runs {image or 'nothing'}"
    return ""


def _same_image(wanted: str, running: str) -> bool:
    try:
        one, two = images.parse(wanted), images.parse(running)
    except ValueError:
        return wanted == running
    digests = one.digest and two.digest
    return one.name == two.name and (
        one.digest == two.digest if digests else one.tag == two.tag or not one.tag or not two.tag
    )


def _containers(status: Object) -> list[Object]:
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
