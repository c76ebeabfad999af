"""References to objects or keys that do not exist: the one existing name that was meant, if there is exactly one.

Distances between the real names were measured before masking and came as facts; this module decides whether one
candidate is clearly the nearest. Two equally near names are a question for a person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from logjedi_analyzer.domain import changes, patch_paths, quoting, symptoms
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.scene import Scene
from logjedi_analyzer.domain.symptoms import Symptom
from logjedi_contracts import paths
from logjedi_contracts.analysis import Candidate, Reference
from logjedi_contracts.messages import Risk

_FAR = 2
"""Edits beyond which a name is another name."""
_SYMPTOMS = frozenset({Symptom.CONFIG, Symptom.MOUNT, Symptom.ADMISSION, Symptom.SCHEDULING, Symptom.UNKNOWN})
_WORDS = {
    "ConfigMapKey": "key {0} of a ConfigMap",
    "SecretKey": "key {0} of a Secret",
    "PersistentVolumeClaim": "PersistentVolumeClaim {0}",
}


@dataclass(frozen=True, slots=True)
class Correction:
    """A missing reference and the name that was meant. ``why`` says how it is known."""

    reference: Reference
    name: str
    why: str
    confidence: float


def references(scene: Scene) -> Iterator[Finding]:
    """Find the one finding about missing references; none if all exist or the workload fails otherwise."""
    container = symptoms.failing_container(scene)
    if symptoms.symptom(scene, container) not in _SYMPTOMS:
        return
    missing = [r for r in scene.evidence.references if _is_missing(r, container)]
    if not missing:
        return
    corrections = [c for c in (_correct(scene, r) for r in missing) if c is not None]
    if len(corrections) < len(missing):
        yield _advise(scene, container, missing)
        return
    try:
        yield _propose(scene, container, corrections)
    except patch_paths.Unpatchable:
        yield _advise(scene, container, missing)


def _is_missing(reference: Reference, container: str) -> bool:
    """Whether this reference stops the failing container. Unknown existence counts only with a near candidate."""
    if reference.optional or "imagePullSecrets" in reference.path:
        return False
    if reference.container and container and reference.container != container:
        return False
    return reference.exists is False or (reference.exists is None and nearest(reference) is not None)


def nearest(reference: Reference) -> Candidate | None:
    """Pick the candidate that is near and clearly nearer than the second; ``None`` if there is no such one."""
    folded = [c for c in reference.candidates if c.same_folded]
    if len(folded) == 1:
        return folded[0]
    near = sorted(reference.candidates, key=lambda c: c.distance)
    if not near or folded or near[0].distance > _allowed_distance(reference.name):
        return None
    lead = near[1].distance - near[0].distance if len(near) > 1 else _FAR
    return near[0] if lead >= near[0].distance else None


def _allowed_distance(name: str) -> int:
    """Two edits, but of a short name that is not masked only as many as leave most of it standing."""
    return _FAR if name.startswith("<") else min(_FAR, len(name) // 3)


def _correct(scene: Scene, reference: Reference) -> Correction | None:
    known = {candidate.name for candidate in reference.candidates}
    healthy = next(
        (c.source.healthy for c in changes.of(scene) if c.path == reference.path and c.source.in_healthy), None
    )
    if isinstance(healthy, str) and healthy in known:
        return Correction(reference, healthy, f"the healthy revision used {healthy}, which exists", 0.97)
    near = nearest(reference)
    if near is None:
        return None
    spelling = (
        "the same but for case and separators"
        if near.same_folded
        else f"{near.distance} edit{'s' * (near.distance > 1)} away"
    )
    return Correction(reference, near.name, f"{near.name} exists and is {spelling}", 0.9 if near.distance > 1 else 0.95)


def _propose(scene: Scene, container: str, corrections: Sequence[Correction]) -> Finding:
    patch = _patch(scene, corrections)
    fixes = [f"{c.reference.name} to {c.name}" for c in corrections]
    return Finding(
        rule="references.correct",
        cause=_cause(scene, container, [c.reference for c in corrections]),
        fix=f"Correct {quoting.listed(fixes)}.",
        confidence=min(c.confidence for c in corrections),
        rests_on=(*_said(scene, container), *(f"{c.reference.path}: {c.why}" for c in corrections)),
        remedy=Remedy(patch, frozenset({"references"}), risk=Risk.LOW),
    )


def _patch(scene: Scene, corrections: Sequence[Correction]) -> dict[str, Any]:
    """Correct all names in one patch; several in one atomic list are corrected in the same copy of it."""
    fields: dict[str, Any] = {}
    for each in corrections:
        path, reference = each.reference.path, each.reference
        now = fields.get(path, paths.get(scene.evidence.workload, path))
        fields[path] = patch_paths.rename(now, reference.kind, reference.name, each.name)
    return patch_paths.build_all(fields.items())


def _advise(scene: Scene, container: str, missing: Sequence[Reference]) -> Finding:
    near = [_candidates(reference) for reference in missing]
    return Finding(
        rule="references.missing",
        cause=_cause(scene, container, missing),
        fix=f"Create what is missing or correct the name: {'; '.join(near)}.",
        confidence=0.8,
        rests_on=(*_said(scene, container), *(f"{r.path} names {r.name}" for r in missing)),
    )


_UNREAD = "resembles no name known here (Secrets are read only with LOGJEDI_EVIDENCE_SECRETS=true)"
_UNLIKE: Final = {"Secret": _UNREAD, "SecretKey": _UNREAD}
"""What can be said of Secrets: without the right to read them, a near name may well exist."""


def _candidates(reference: Reference) -> str:
    names = [f"{c.name} ({c.distance} edits away)" for c in reference.candidates]
    found = f"might mean {' or '.join(names)}" if names else _UNLIKE.get(reference.kind, "resembles no existing name")
    return f"{_thing(reference)} {found}"


def _cause(scene: Scene, container: str, missing: Sequence[Reference]) -> str:
    who = f"Container {container} of {scene.target}" if container else scene.target
    things = quoting.listed([_thing(reference) for reference in missing])
    return f"{who} cannot start: {things} {'does' if len(missing) == 1 else 'do'} not exist."


def _thing(reference: Reference) -> str:
    return _WORDS.get(reference.kind, reference.kind + " {0}").format(reference.name)


def _said(scene: Scene, container: str) -> tuple[str, ...]:
    """Quote the kubelet: the newest message about the failing container or its volumes."""
    states = [s.message for s in scene.states(container) if s.message and s.state == "waiting"]
    events = [e.message for e in scene.evidence.events if e.type == "Warning" and "not found" in e.message]
    return tuple(dict.fromkeys([*states[:1], *events[-1:]]))
