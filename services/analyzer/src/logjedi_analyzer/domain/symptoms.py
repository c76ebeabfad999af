"""Which container fails, and how it shows: the one reading of states and events that all rules share.

A symptom is what is seen, not why. Rules use it to keep out of one another's way: a container that cannot pull its image
says nothing about its command line.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from logjedi_analyzer.domain.scene import Scene
from logjedi_contracts.analysis import ContainerState, EventSeen


class Symptom(StrEnum):
    IMAGE = "image"
    OOM = "oom"
    EXEC = "exec"
    """The process could not be started at all: no such file, wrong format, no permission."""
    CONFIG = "config"
    MOUNT = "mount"
    PROBE = "probe"
    CRASH = "crash"
    SCHEDULING = "scheduling"
    ADMISSION = "admission"
    """The API server refuses to create pods: quota, limits, a missing ServiceAccount."""
    UNKNOWN = "unknown"


IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_CONFIG_REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError"})
_EXEC_REASONS = frozenset({"RunContainerError", "StartError", "ContainerCannotRun", "PostStartHookError"})
_EXEC_WORDS = re.compile(
    r"executable file not found|exec format error|no such file or directory|exec: |fork/exec|permission denied: unknown",
    re.IGNORECASE,
)
_START_OOM = re.compile(r"OOM-killed|memory limit too low", re.IGNORECASE)
_PROBE_WORDS = re.compile(
    r"(liveness|readiness|startup) probe (failed|errored)|failed (liveness|startup) probe", re.IGNORECASE
)
_SCHEDULING = re.compile(r"\bnodes? are available\b|FailedScheduling|Unschedulable", re.IGNORECASE)
_ADMISSION = re.compile(
    r"exceeded quota|forbidden: |is forbidden|error looking up service account|LimitRange", re.IGNORECASE
)


def failing_container(scene: Scene) -> str:
    """Name the container that the incident is about: the one reported, else the worst off; empty if none is known."""
    if scene.request.failure.container:
        return scene.request.failure.container
    states = sorted(scene.all_states, key=_how_bad, reverse=True)
    if states and _how_bad(states[0]) > 0:
        return states[0].name
    names = [str(item.get("name", "")) for section, item in scene.containers() if section == "containers"]
    return names[0] if len(names) == 1 else ""


def _how_bad(state: ContainerState) -> int:
    if state.reason in IMAGE_REASONS | _CONFIG_REASONS | _EXEC_REASONS:
        return 4
    if state.state == "waiting" and state.reason == "CrashLoopBackOff":
        return 3
    if state.state == "terminated" and state.exit_code not in (0, None):
        return 2
    return 1 if state.restarts or (state.state == "running" and not state.ready) else 0


def image_states(scene: Scene, container: str = "") -> tuple[ContainerState, ...]:
    """List the states that wait for an image, of one container or of all."""
    states = scene.states(container) if container else scene.all_states
    return tuple(state for state in states if state.reason in IMAGE_REASONS)


def oom_states(scene: Scene, container: str) -> tuple[ContainerState, ...]:
    """List the states that were killed for memory, now or the last time."""
    return tuple(s for s in scene.states(container) if _was_oom(s))


def _was_oom(state: ContainerState) -> bool:
    start = f"{state.message} {state.last_message}"
    return "OOMKilled" in (state.reason, state.last_reason) or bool(_START_OOM.search(start))


def probe_events(scene: Scene) -> tuple[EventSeen, ...]:
    return tuple(
        e
        for e in scene.evidence.events
        if e.reason in ("Unhealthy", "ProbeWarning", "Killing") and _PROBE_WORDS.search(e.message)
    )


def symptom(scene: Scene, container: str) -> Symptom:
    """Say how ``container`` (or, if empty, the workload) fails. The most specific sign wins."""
    return next(_signs(scene, container), Symptom.UNKNOWN)


def _signs(scene: Scene, container: str) -> Iterator[Symptom]:
    failure = scene.request.failure
    states = scene.states(container)
    reasons = {state.reason for state in states} | {failure.reason}
    if reasons & IMAGE_REASONS:
        yield Symptom.IMAGE
    if oom_states(scene, container) or failure.reason == "OOMKilled":
        yield Symptom.OOM
    if reasons & _EXEC_REASONS or any(_failed_to_exec(state) for state in states):
        yield Symptom.EXEC
    if reasons & _CONFIG_REASONS:
        yield (
            Symptom.EXEC
            if _EXEC_WORDS.search(failure.message) and "configmap" not in failure.message
            else Symptom.CONFIG
        )
    if "FailedMount" in reasons or any(
        e.reason in ("FailedMount", "FailedAttachVolume") for e in scene.evidence.events
    ):
        yield Symptom.MOUNT
    yield from _later_signs(scene, states)


def _later_signs(scene: Scene, states: tuple[ContainerState, ...]) -> Iterator[Symptom]:
    failure = scene.request.failure
    if probe_events(scene):
        yield Symptom.PROBE
    if failure.family == "crash" or any(_crashed(state) for state in states):
        yield Symptom.CRASH
    words = [
        failure.reason,
        failure.message,
        *(e.message for e in scene.evidence.events),
        *(p.message for p in scene.evidence.pods),
    ]
    if any(_ADMISSION.search(word) for word in words):
        yield Symptom.ADMISSION
    if any(_SCHEDULING.search(word) for word in words):
        yield Symptom.SCHEDULING
    if any(state.state == "running" and not state.ready for state in states):
        yield Symptom.PROBE


def _failed_to_exec(state: ContainerState) -> bool:
    codes = {state.exit_code, state.last_exit_code}
    words = f"{state.message} {state.last_message}"
    return bool(codes & {126, 127} or (codes & {128} and _EXEC_WORDS.search(words)))


def _crashed(state: ContainerState) -> bool:
    now = state.state == "terminated" and state.exit_code not in (0, None)
    return (
        now
        or state.reason in ("CrashLoopBackOff", "Error")
        or (state.restarts > 0 and state.last_exit_code not in (0, None))
    )
