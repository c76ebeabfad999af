"""Which container fails, and how it shows: the one reading of states and events that all rules share.

A symptom is what is seen, not why. Rules use it to keep out of one another's way: a container that cannot pull its
image says nothing about its command line.
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
_EXEC_WORDS = re.compile(r"executable file not found|exec format error|no such file or directory|exec: ", re.IGNORECASE)
_EXEC_MESSAGE = re.compile(r"executable file not found|exec format error|exec: ", re.IGNORECASE)
_START_OOM = re.compile(r"OOM-killed|memory limit too low", re.IGNORECASE)
_PROBE_WORDS = re.compile(
    r"(liveness|readiness|startup) probe (failed|errored)|failed (liveness|startup) probe", re.IGNORECASE
)
_SCHEDULING = re.compile(r"\bnodes? are available\b|FailedScheduling|Unschedulable", re.IGNORECASE)
_ADMISSION = re.compile(r"exceeded quota|is forbidden|error looking up service account|LimitRange", re.IGNORECASE)
_STOPPED_BY_KUBELET = frozenset({None, 0, 137, 143})
"""Exit codes of a container that others ended; any other is its own doing."""
_MEMORY_FAMILIES = frozenset({"crash", "rollout", "start", "job", ""})


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
    """List the events of failing probes, oldest first."""
    return tuple(
        e
        for e in scene.newest_events
        if e.reason in ("Unhealthy", "ProbeWarning", "Killing") and _PROBE_WORDS.search(e.message)
    )


def sick(scene: Scene, container: str) -> tuple[ContainerState, ...]:
    """List the states that are not as they should be; pods of the healthy revision usually run on beside them."""
    states = scene.states(container)
    return tuple(s for s in states if not s.ready and not (s.state == "terminated" and s.exit_code == 0)) or states


def symptom(scene: Scene, container: str) -> Symptom:
    """Say how ``container`` (or, if empty, the workload) fails. The most specific sign wins."""
    states = sick(scene, container)
    return next((sign for sign, seen in _signs(scene, container, states) if seen), Symptom.UNKNOWN)


def _signs(scene: Scene, container: str, states: tuple[ContainerState, ...]) -> Iterator[tuple[Symptom, bool]]:
    failure = scene.request.failure
    reasons = {state.reason for state in states} | {failure.reason}
    texts = [failure.message, *(text for state in states for text in (state.message, state.last_message))]
    cannot_exec = any(_EXEC_MESSAGE.search(text) for text in texts)
    killed = failure.family in _MEMORY_FAMILIES and bool(oom_states(scene, container))
    never_ran = all(state.state in ("", "waiting") and not state.restarts and not state.last_state for state in states)
    yield Symptom.IMAGE, failure.family == "image" or bool(reasons & IMAGE_REASONS)
    yield Symptom.OOM, failure.reason == "OOMKilled" or killed
    yield Symptom.EXEC, bool(reasons & _EXEC_REASONS) or any(_failed_to_exec(state) for state in states)
    yield Symptom.EXEC, cannot_exec and "CreateContainerError" in reasons
    yield Symptom.CONFIG, bool(reasons & _CONFIG_REASONS)
    yield (
        Symptom.MOUNT,
        "FailedMount" in reasons or (never_ran and _any_event(scene, "FailedMount", "FailedAttachVolume")),
    )
    yield from _running_signs(scene, states)
    yield from _pod_signs(scene)


def _running_signs(scene: Scene, states: tuple[ContainerState, ...]) -> Iterator[tuple[Symptom, bool]]:
    codes = {code for state in states for code in (state.exit_code, state.last_exit_code)}
    yield Symptom.CRASH, bool(codes - _STOPPED_BY_KUBELET)
    yield Symptom.PROBE, bool(probe_events(scene))
    yield Symptom.CRASH, scene.request.failure.family == "crash" or any(_crashed(state) for state in states)


def _pod_signs(scene: Scene) -> Iterator[tuple[Symptom, bool]]:
    failure, evidence = scene.request.failure, scene.evidence
    words = [
        failure.reason,
        failure.message,
        *(e.message for e in scene.newest_events),
        *(p.message for p in evidence.pods),
    ]
    words += [str(condition.get("message", "")) for pod in evidence.pods for condition in pod.conditions]
    yield Symptom.ADMISSION, any(_ADMISSION.search(word) for word in words)
    yield Symptom.SCHEDULING, any(_SCHEDULING.search(word) for word in words)
    yield Symptom.PROBE, any(state.state == "running" and not state.ready for state in scene.all_states)


def _any_event(scene: Scene, *reasons: str) -> bool:
    return any(event.reason in reasons for event in scene.newest_events)


def _failed_to_exec(state: ContainerState) -> bool:
    codes = {state.exit_code, state.last_exit_code}
    words = f"{state.message} {state.last_message}"
    return bool(codes & {126, 127} or (codes & {128} and _EXEC_WORDS.search(words)))


def _crashed(state: ContainerState) -> bool:
    now = state.state == "terminated" and state.exit_code not in (0, None)
    return now or state.reason in ("CrashLoopBackOff", "Error") or (state.restarts > 0 and bool(state.last_exit_code))
