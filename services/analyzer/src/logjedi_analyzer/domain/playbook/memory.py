"""Containers killed for memory: give back what a rollout took, else raise the limit by one bounded step.

Never past the policy's ceiling, never twice (a second kill after a raise means a leak, or a limit that is wrong by more
than a step, and a person has to look), and never where no limit of the container is what killed it.
"""

import re
from collections.abc import Iterator
from fractions import Fraction

from logjedi_analyzer.domain import changes, memory_sizes, patch_paths, symptoms
from logjedi_analyzer.domain.changes import Change
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.scene import Scene, dig
from logjedi_contracts.messages import Risk

_FIELD = "resources.limits.memory"
_RAISED = re.compile(
    r"memory\.(raise|restore)|rais\w+ .*memory|memory.* rais|increas\w+ .*memory|memory limit|killed for memory"
    r"|needs more memory|OOMKilled",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(r"\b(Rejected|Expired|Stale|Refused|Advised|Superseded|Recovered|Gone)\b", re.IGNORECASE)
_LEAST_GAIN = Fraction(21, 20)
"""A raise below five per cent helps nobody."""


def memory(scene: Scene) -> Iterator[Finding]:
    """Find the one finding about the failing container's memory; none if it was not killed for memory."""
    container = symptoms.failing_container(scene)
    if not container or symptoms.symptom(scene, container) is not symptoms.Symptom.OOM:
        return
    limit = str(dig(scene.container(container), ("resources", "limits", "memory")) or "")
    lowered = _lowered(scene, container, limit)
    if _raised_before(scene):
        yield _advise(scene, container, "leak", limit)
    elif not limit or memory_sizes.read(limit) is None:
        yield _advise(scene, container, "no-limit", limit)
    elif lowered is not None:
        yield _restore(scene, container, limit, lowered)
    else:
        yield _raise(scene, container, limit)


def _raised_before(scene: Scene) -> bool:
    return bool(_raises(scene))


def _raises(scene: Scene) -> list[str]:
    """Pick the attempts about memory that were carried out."""
    return [line for line in scene.request.history if _RAISED.search(line) and not _NOT_DONE.search(line)]


def _lowered(scene: Scene, container: str, limit: str) -> str | None:
    """Find the higher limit that the healthy revision had, if policy allows it."""
    for change in changes.of(scene):
        healthy = _healthy_limit(change) if change.container == container else None
        old, new, ceiling = (memory_sizes.read(text) for text in (healthy, limit, scene.limits.memory))
        if old is not None and new is not None and new < old and (ceiling is None or old <= ceiling):
            return healthy
    return None


def _healthy_limit(change: Change) -> str | None:
    """Read the healthy memory limit out of a change of that very field, or of an object above it."""
    if change.field != _FIELD and not _FIELD.startswith(f"{change.field}."):
        return None
    below = _FIELD.removeprefix(change.field).strip(".")
    value = dig(change.source.healthy, tuple(below.split("."))) if below else change.source.healthy
    return str(value) if change.source.in_healthy and value is not None else None


def _restore(scene: Scene, container: str, limit: str, healthy: str) -> Finding:
    revision = scene.evidence.revision
    number = revision.revision if revision else 0
    return Finding(
        rule="memory.restore-limit",
        cause=f"Container {container} of {scene.target} is killed for memory since its limit was lowered "
        f"from {healthy} to {limit}.",
        fix=f"Set the memory limit of container {container} back to {healthy}, which revision {number} ran with.",
        confidence=0.95,
        rests_on=(*_kills(scene, container), f"revision {number} was healthy with a memory limit of {healthy}"),
        remedy=_limit(scene, container, healthy, Risk.LOW),
    )


def _raise(scene: Scene, container: str, limit: str) -> Finding:
    old = memory_sizes.read(limit) or Fraction(0)
    step = Fraction(str(scene.limits.step))
    ceiling = memory_sizes.read(scene.limits.memory)
    bound = old * step if ceiling is None else min(old * step, ceiling)
    new = memory_sizes.spell(bound, limit)
    if (memory_sizes.read(new) or 0) < old * _LEAST_GAIN:
        return _advise(scene, container, "at-ceiling", limit)
    return Finding(
        rule="memory.raise-limit",
        cause=f"Container {container} of {scene.target} needs more memory than its limit of {limit} and is killed.",
        fix=f"Raise the memory limit of container {container} from {limit} to {new}.",
        confidence=0.85,
        rests_on=_kills(scene, container),
        remedy=_limit(scene, container, new, Risk.MEDIUM),
    )


def _limit(scene: Scene, container: str, value: str, risk: Risk) -> Remedy:
    path = f"{scene.container_path(container)}.{_FIELD}"
    return Remedy(patch_paths.build(path, value), frozenset({"resources"}), risk=risk)


def _kills(scene: Scene, container: str) -> tuple[str, ...]:
    states = symptoms.oom_states(scene, container)
    lines = [
        f"{state.name}: OOMKilled, exit code {state.exit_code if state.reason == 'OOMKilled' else state.last_exit_code}"
        f" after {state.restarts} restarts"
        for state in states[:3]
    ]
    return tuple(dict.fromkeys(lines)) or (f"{container}: {scene.request.failure.reason}",)


def _advise(scene: Scene, container: str, why: str, limit: str) -> Finding:
    cause, fix = {
        "leak": (
            f"is killed for memory again although its limit was raised before (now {limit or 'none'})",
            "Look for a memory leak or measure what it really needs; another step up is not proposed.",
        ),
        "no-limit": (
            "is killed for memory without a limit of its own in the workload",
            "Check the node's memory pressure and the namespace's LimitRange, and set a memory request and limit.",
        ),
        "at-ceiling": (
            f"needs more than its memory limit of {limit}, and policy allows {scene.limits.memory} at most",
            "Lower its consumption, or let an administrator raise the policy's bound for memory.",
        ),
    }[why]
    return Finding(
        rule=f"memory.{why}",
        cause=f"Container {container} of {scene.target} {cause}.",
        fix=fix,
        confidence=0.85,
        rests_on=(*_kills(scene, container), *_raises(scene)),
    )
