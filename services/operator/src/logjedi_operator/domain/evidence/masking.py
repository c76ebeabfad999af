"""From what was read to what may leave: everything passes the redactor here, and nowhere else.

Order matters: every object is learnt and every candidate offered before the first text is masked, so that a name in
a log line has the pseudonym of the same name in the spec.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from logjedi_contracts.analysis import Candidate, Evidence, Failure, LogTail, PodState, Reference, Revision
from logjedi_operator.domain.evidence import excerpts, managers, occurrences, references, revisions, states
from logjedi_operator.domain.evidence.raw import Raw
from logjedi_operator.domain.redaction import Kind, Pseudonyms, Redactor
from logjedi_operator.domain.workload import Object, pod_spec

MAX_REFERENCES: Final = 100
MAX_NOTES: Final = 20
_GENERIC = (
    "error info warn warning debug name data value key config file path message id url host port user type status time"
)
GENERIC: Final = frozenset(_GENERIC.split())
"""Words of every log: as bare words they betray no name."""

_KINDS: Final = {
    "ConfigMap": Kind.CONFIGMAP,
    "Secret": Kind.SECRET,
    "PersistentVolumeClaim": Kind.PVC,
    "ServiceAccount": Kind.SERVICEACCOUNT,
    "ConfigMapKey": Kind.KEY,
    "SecretKey": Kind.KEY,
}
_METADATA = ("name", "namespace", "labels", "annotations", "generation", "creationTimestamp")


@dataclass(frozen=True, slots=True)
class Collected:
    """Evidence and failure are redacted. ``pseudonyms``, ``live`` (the owner as read) stay in the operator.

    ``excerpt`` and ``message`` are for people: real names, no secret values.
    """

    evidence: Evidence
    failure: Failure
    pseudonyms: Pseudonyms
    live: Object
    excerpt: list[str]
    message: str


def mask(raw: Raw) -> Collected:
    """Mask everything and assemble the evidence."""
    redactor = Redactor(frozenset(_clear_words(raw)))
    history = revisions.newest_first(raw.live, raw.replicasets)
    compared = revisions.healthy(history)
    _learn(raw, compared, redactor)
    found = [_reference(judged, redactor) for judged in _judged(raw)]
    evidence = Evidence(
        workload=_workload(raw.live, redactor),
        pods=[_pod(pod, redactor) for pod in raw.pods],
        events=occurrences.events([_event(event, redactor) for event in raw.events]),
        logs=_logs(raw, redactor),
        revision=_revision(raw, compared, redactor),
        image_history=revisions.images(history),
        references=found,
        owners=managers.find(raw.live, raw.autoscalers),
        notes=[redactor.text(states.clip(note)) for note in _notes(raw, compared)],
    )
    failure = _failure(raw, redactor)
    counted = evidence.model_copy(update={"redactions": redactor.count, "truncated": _truncated(raw, evidence)})
    show = redactor.table.with_names
    excerpt = excerpts.pick(failure.message, evidence.logs, evidence.events)
    shown = [show(line) for line in excerpt]
    return Collected(counted, failure, redactor.table, raw.live, shown, show(failure.message))


def _clear_words(raw: Raw) -> Iterator[str]:
    """Words that the evidence shows anyway: the workload's own names, its containers, variables, volumes, images."""
    meta, spec = raw.live["metadata"], pod_spec(raw.live)
    yield from GENERIC
    yield from (meta["name"], meta.get("namespace", ""))
    yield from (str(value) for value in (meta.get("labels") or {}).values())
    for group in ("initContainers", "containers", "volumes"):
        for item in spec.get(group) or []:
            yield item.get("name", "")
            yield from (env.get("name", "") for env in item.get("env") or [])
            yield from item.get("image", "").replace(":", "/").replace("@", "/").split("/")


def _learn(raw: Raw, compared: revisions.Ran | None, redactor: Redactor) -> None:
    redactor.learn(raw.live)
    if compared is not None:
        redactor.learn(_template(compared.replicaset), revisions.TEMPLATE)
    for pod in raw.pods[:2]:
        redactor.learn(pod.get("spec") or {}, "pod")


def _judged(raw: Raw) -> list[references.Judged]:
    unique = list(dict.fromkeys(raw.named))[:MAX_REFERENCES]
    return [references.judge(named, raw.existing) for named in unique]


def _reference(judged: references.Judged, redactor: Redactor) -> Reference:
    """Offer each candidate for the path of the reference; distances are of the real names."""
    named, kind = judged.named, _KINDS[judged.named.kind]
    path = _place(named, named.name, redactor)
    return Reference(
        path=path,
        kind=named.kind,
        name=redactor.table.offer(path, kind, named.name),
        container=named.container,
        optional=named.optional,
        exists=judged.exists,
        candidates=[
            Candidate(
                name=redactor.table.offer(_place(named, near.name, redactor), kind, near.name),
                distance=near.distance,
                same_folded=near.same_folded,
            )
            for near in judged.candidates
        ],
    )


def _place(named: references.Named, name: str, redactor: Redactor) -> str:
    """Spell the path at which ``name`` would stand: a pull secret's name is itself part of it."""
    if "imagePullSecrets[" not in named.path:
        return named.path
    return f"{named.path.rpartition('[')[0]}[{redactor.table.name(Kind.SECRET, name)}]"


def _workload(live: Object, redactor: Redactor) -> dict[str, Any]:
    kept = {key: value for key, value in live["metadata"].items() if key in _METADATA}
    parts = {"metadata": kept, "spec": live.get("spec") or {}, "status": live.get("status") or {}}
    return {"apiVersion": live.get("apiVersion", ""), "kind": live.get("kind", ""), **redactor.object(parts)}


def _pod(pod: Object, redactor: Redactor) -> PodState:
    state = states.state(pod)
    containers = [
        one.model_copy(
            update={"message": redactor.text(one.message), "last_message": redactor.text(one.last_message)},
        )
        for one in state.containers
    ]
    conditions = [{**c, "message": redactor.text(c["message"])} if "message" in c else c for c in state.conditions]
    changed = {"message": redactor.text(state.message), "containers": containers, "conditions": conditions}
    return state.model_copy(update=changed)


def _event(event: Object, redactor: Redactor) -> Object:
    text = redactor.text(str(event.get("message") or event.get("note") or ""))
    return {**event, "message": text, "note": text}


def _logs(raw: Raw, redactor: Redactor) -> list[LogTail]:
    """Mask whole tails, then cut lines: a private key spans many."""
    tails = []
    for log in raw.logs:
        lines, cut = occurrences.tail(redactor.text(log.text), raw.max_lines)
        tails.append(
            LogTail(pod=log.pod, container=log.container, previous=log.previous, lines=lines, truncated=cut or log.cut)
        )
    return tails


def _revision(raw: Raw, compared: revisions.Ran | None, redactor: Redactor) -> Revision | None:
    """Compare masked templates: pseudonyms are equal exactly where values are."""
    if compared is None:
        return None
    good = redactor.object(_template(compared.replicaset), revisions.TEMPLATE)
    failing = redactor.object(_template(raw.live), revisions.TEMPLATE)
    return Revision(
        name=compared.name,
        revision=compared.number,
        healthy_replicas=compared.healthy,
        changes=revisions.compare(good, failing),
    )


def _template(obj: Object) -> Object:
    return (obj.get("spec") or {}).get("template") or {}


def _notes(raw: Raw, compared: revisions.Ran | None) -> list[str]:
    notes = list(raw.notes)
    if compared is not None and not compared.healthy:
        notes.append(f"revision {compared.number} came before; whether it was ever healthy is not known")
    return notes[:MAX_NOTES]


def _failure(raw: Raw, redactor: Redactor) -> Failure:
    finding = raw.finding
    return Failure(
        reason=states.clip(finding.reason, states.NAME_CHARS),
        family=finding.family,
        container=finding.container,
        message=redactor.text(states.clip(finding.message)),
        severity=finding.severity,
        first_seen=finding.since or datetime.now(UTC),
    )


def _truncated(raw: Raw, evidence: Evidence) -> bool:
    return raw.truncated or any(log.truncated for log in evidence.logs)
