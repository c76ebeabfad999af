"""Which changes of a rollout explain a failure, and which of them the evidence names.

A symptom rules most fields out (a replica count does not crash a process); the kubelet's words and the container's own
log then point at one. What cannot be told apart stays together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logjedi_analyzer.domain import changes, log_lines
from logjedi_analyzer.domain.changes import Change
from logjedi_analyzer.domain.scene import Scene
from logjedi_analyzer.domain.symptoms import Symptom
from logjedi_contracts import spelling

_RUNNING = ("image", "env", "command", "args", "references", "volumes", "securityContext", "lifecycle")
_PLAUSIBLE: Mapping[Symptom, tuple[tuple[str, ...], ...]] = {
    Symptom.EXEC: (("command", "args"), ("image", "securityContext", "volumes")),
    Symptom.CONFIG: (("references", "env", "securityContext"), ("image", "volumes")),
    Symptom.MOUNT: (("references", "volumes"),),
    Symptom.PROBE: (("probes",), ("ports", "env", "args", "command", "image", "references", "volumes"), ("resources",)),
    Symptom.CRASH: (_RUNNING, ("resources",)),
    Symptom.OOM: (("env", "args", "command"),),
    Symptom.SCHEDULING: (("resources", "scheduling"), ("replicas", "references", "volumes")),
    Symptom.ADMISSION: (("references", "resources"), ("replicas", "securityContext")),
    Symptom.UNKNOWN: ((*_RUNNING, "probes", "resources", "scheduling"), ("replicas",)),
}
"""Topics that can bring a symptom about, in tiers: a later one counts only when nothing of an earlier one changed."""
_COMMAND = frozenset({"command", "args"})
_TYPO = 2
_TELLING = 4
_POD_WIDE = frozenset({Symptom.MOUNT, Symptom.SCHEDULING, Symptom.ADMISSION, Symptom.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Suspects:
    """Changes that explain the failure. ``named``: lines that point at exactly them, empty if nothing does."""

    changes: tuple[Change, ...]
    named: tuple[str, ...] = ()


def find(scene: Scene, container: str, symptom: Symptom) -> Suspects:
    """Pick the changes that explain ``symptom`` of ``container``; empty if none does."""
    near = [change for change in changes.of(scene) if _concerns(change, container, symptom)]
    lines = _words(scene, container)
    for tier in _tiers(lines, symptom):
        plausible = tuple(change for change in near if change.topic in tier)
        if plausible:
            return _narrowed(lines, plausible, near)
    return Suspects(())


def _tiers(lines: Sequence[str], symptom: Symptom) -> tuple[tuple[str, ...], ...]:
    if symptom is Symptom.CONFIG and any("runAsNonRoot" in line for line in lines):
        return (("securityContext", "image"),)
    return (("container",), *_PLAUSIBLE.get(symptom, ()))


def _concerns(change: Change, container: str, symptom: Symptom) -> bool:
    if symptom is Symptom.CONFIG and change.topic == "env" and not change.names_source:
        return False
    if change.container:
        return change.container == container or (not container and symptom in _POD_WIDE)
    return change.topic in ("references", "volumes", "securityContext") or symptom in _POD_WIDE


def _narrowed(lines: Sequence[str], plausible: tuple[Change, ...], near: Sequence[Change]) -> Suspects:
    """Keep only what the words name, if they name some."""
    hits = {change.path: list(_pointing(lines, change)) for change in plausible}
    named = tuple(change for change in plausible if hits[change.path])
    if not named:
        return Suspects(_with_image(plausible, near))
    quoted = dict.fromkeys(line for change in named for line in hits[change.path][-2:])
    return Suspects(_with_image(named, near), tuple(quoted))


def _with_image(chosen: tuple[Change, ...], near: Sequence[Change]) -> tuple[Change, ...]:
    """Keep a rewritten command and the image that came with it together; a misspelt one goes back alone."""
    commands = [change for change in chosen if change.topic == "command" and change.source.in_healthy]
    if all(spelling.edits(" ".join(c.texts()), " ".join(c.healthy_texts())) <= _TYPO for c in commands):
        return chosen
    return chosen + tuple(change for change in near if change.topic == "image" and change not in chosen)


def _words(scene: Scene, container: str) -> tuple[str, ...]:
    messages = [text for state in scene.states(container) for text in (state.message, state.last_message)]
    events = [event.message for event in scene.newest_events if event.type != "Normal"]
    telling = log_lines.telling(scene, container, count=12)
    return tuple(text for text in (*messages, scene.request.failure.message, *events, *telling) if text)


def _pointing(lines: Sequence[str], change: Change) -> Iterator[str]:
    """Find lines that hold the variable's name, or a value long enough not to be there by chance.

    The healthy value counts too: a probe still asks for the port that the variable no longer names.
    """
    words = {change.env_name} if change.env_name else set()
    if change.topic != "image":
        texts = (*change.texts(), *(change.healthy_texts() if change.topic == "env" else ()))
        parts = [part for text in texts for part in (text, *(text.split() if change.topic in _COMMAND else ()))]
        words |= {part for part in parts if len(part) >= _TELLING and not part.startswith("<redacted")}
    return (line for word in sorted(words) for line in log_lines.naming(lines, word))
