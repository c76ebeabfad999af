"""Rollouts that broke a healthy workload: put back the fields that explain the failure, and only those.

Stays silent where another image, limit or name is the whole story (their rules know better), where pods of the healthy
revision fail in the same way (then the rollout is not to blame), and never drops what it cannot spell as a merge.
"""

import re
from collections.abc import Iterator, Sequence

from logjedi_analyzer.domain import changes, gate, log_lines, quoting, reverts, suspects, symptoms
from logjedi_analyzer.domain.changes import Change
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.scene import Scene
from logjedi_analyzer.domain.suspects import Suspects
from logjedi_analyzer.domain.symptoms import Symptom
from logjedi_contracts.analysis import PodState
from logjedi_contracts.messages import Risk

_SAFE = frozenset({"image", "references"})
_UNPROVEN = "It is not known whether the revision before was ever healthy, so going back to it may not help."
_OUTSIDE = re.compile(
    r"connection refused|econnrefused|no such host|enotfound|etimedout|could not connect|connection timed out",
    re.IGNORECASE,
)


def rollout(scene: Scene) -> Iterator[Finding]:
    """Find what the last rollout broke; none without a healthy revision, or if it is not to blame."""
    container = symptoms.failing_container(scene)
    symptom = symptoms.symptom(scene, container)
    if scene.evidence.revision is None or symptom is Symptom.IMAGE or _fails_before_too(scene, container):
        return
    found = suspects.find(scene, container, symptom)
    if found.changes and not (symptom is Symptom.OOM and _changed_image(scene, container)):
        yield _finding(scene, container, symptom, found)


def _changed_image(scene: Scene, container: str) -> bool:
    """A new image may rightly need more memory; then raising the limit undoes less."""
    return any(change.container == container and change.topic == "image" for change in changes.of(scene))


def _healthy_pods(scene: Scene) -> list[PodState]:
    name = scene.evidence.revision.name if scene.evidence.revision else ""
    return [pod for pod in scene.evidence.pods if name and pod.revision == name]


def _fails_before_too(scene: Scene, container: str) -> bool:
    """Whether pods of the healthy revision fail now as well: then something outside has changed."""
    states = [state for pod in _healthy_pods(scene) for state in pod.containers if state.name == container]
    return bool(states) and not any(state.ready for state in states)


def _finding(scene: Scene, container: str, symptom: Symptom, found: Suspects) -> Finding:
    allowed = [change for change in found.changes if change.topic in gate.allowed_paths(scene)]
    chosen = found.changes if found.named or not allowed else tuple(allowed)
    left_out = [change for change in found.changes if change not in chosen]
    try:
        remedy = _remedy(chosen) if found.named or _was_healthy(scene) else None
        withheld = "" if remedy else _UNPROVEN
    except reverts.Irreversible as reason:
        remedy, withheld = None, str(reason)
    return Finding(
        rule="rollout.restore",
        cause=_cause(scene, container, found),
        fix=_fix(scene, chosen, left_out),
        confidence=_confidence(scene, container, symptom, found) - (0.15 if left_out else 0.0),
        rests_on=_rests_on(scene, container, found),
        remedy=remedy,
        withheld=withheld,
    )


def _was_healthy(scene: Scene) -> bool:
    return bool(scene.evidence.revision and scene.evidence.revision.healthy_replicas)


def _remedy(chosen: Sequence[Change]) -> Remedy:
    patch, directives = reverts.patch(chosen)
    touches = frozenset(change.topic for change in chosen)
    parameters = {"directives": reverts.DELETE_ADDED_ENV} if directives else {}
    return Remedy(patch, touches, risk=Risk.LOW if touches <= _SAFE else Risk.MEDIUM, parameters=parameters)


def _cause(scene: Scene, container: str, found: Suspects) -> str:
    revision = scene.evidence.revision
    who = f"Container {container} of {scene.target}" if container else scene.target
    what = quoting.listed([change.describe() for change in found.changes[:4]])
    more = f" and {len(found.changes) - 4} more" if len(found.changes) > 4 else ""
    number = revision.revision if revision else 0
    reason = scene.request.failure.reason
    return f"{who} fails with {reason} since the rollout after revision {number}, in which {what}{more}."


def _fix(scene: Scene, chosen: Sequence[Change], left_out: Sequence[Change]) -> str:
    number = scene.evidence.revision.revision if scene.evidence.revision else 0
    fields = quoting.listed([_back(change) for change in chosen])
    also = quoting.listed([change.field for change in left_out])
    rest = f" If that does not help, {also} changed too and policy keeps it from being put back." if left_out else ""
    return f"Put back what revision {number} ran with: {fields}.{rest}"


def _back(change: Change) -> str:
    if not change.source.in_healthy:
        return f"{change.field} removed"
    value = change.source.healthy
    return f"{change.field} = {quoting.clip(value, 80)}" if isinstance(value, str) else change.field


def _confidence(scene: Scene, container: str, symptom: Symptom, found: Suspects) -> float:
    """Named by the evidence, one change alone, several that cannot be told apart; less if the cause may be outside."""
    if found.named:
        return 0.93 if _was_healthy(scene) else 0.75
    running_still = any(
        state.ready for pod in _healthy_pods(scene) for state in pod.containers if state.name == container
    )
    if _points_outside(scene, container) and not running_still:
        return 0.45
    if not _was_healthy(scene):
        return 0.4
    base = 0.88 if len(found.changes) == 1 else 0.78
    return base - (0.25 if symptom is Symptom.UNKNOWN else 0.0)


def _points_outside(scene: Scene, container: str) -> bool:
    return any(_OUTSIDE.search(line) for line in log_lines.telling(scene, container))


def _rests_on(scene: Scene, container: str, found: Suspects) -> tuple[str, ...]:
    revision = scene.evidence.revision
    ready = revision.healthy_replicas if revision else 0
    healthy = f"revision {revision.revision} ran with {ready} ready" if revision and ready else ""
    lines = found.named or log_lines.telling(scene, container)
    messages = [state.message or state.last_message for state in scene.states(container)][:1]
    return (*dict.fromkeys([*lines, *messages]), healthy, *(change.describe() for change in found.changes[:8]))
