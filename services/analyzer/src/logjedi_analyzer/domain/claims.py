"""What a model claims, held against the evidence before anyone is asked about it.

A patch may name only what the evidence shows: known containers, fields that policy lets be touched, values and no
directives. The operator's policy checks again; here a bad claim means that the playbook answers instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from logjedi_analyzer.domain import changes, gate, quoting
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.scene import Scene, as_list, as_mapping, dig
from logjedi_contracts.messages import Risk

_LISTS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Claim:
    """A model's explanation, not yet believed."""

    summary: str
    root_cause: str
    recommendation: str
    confidence: float
    patch: Mapping[str, Any] | None
    risk: Risk
    why_no_patch: str
    rests_on: tuple[str, ...]


class Unfounded(ValueError):
    """The claim names what the evidence does not show; the text says what, without quoting the model at length."""


def believe(scene: Scene, claim: Claim, findings: Sequence[Finding]) -> Finding:
    """Turn a claim into a finding; what policy forbids is withheld, as with a rule. Raises ``Unfounded``."""
    same = _playbook_twin(claim, findings)
    remedy = same.remedy if same else _remedy(scene, claim)
    finding = Finding(
        rule=same.rule if same else "",
        cause=claim.root_cause or claim.summary,
        fix=claim.recommendation,
        confidence=claim.confidence,
        rests_on=claim.rests_on,
        remedy=remedy,
        withheld="" if remedy else claim.why_no_patch,
    )
    return gate.pass_through(scene, finding)


def _playbook_twin(claim: Claim, findings: Sequence[Finding]) -> Finding | None:
    """Find the playbook's finding with the very same patch; its parameters and risk are then known to be right."""
    return next((f for f in findings if f.remedy and claim.patch and dict(f.remedy.patch) == dict(claim.patch)), None)


def _remedy(scene: Scene, claim: Claim) -> Remedy | None:
    if not claim.patch:
        return None
    _refuse_directives(claim.patch)
    topics = frozenset(_topics(scene, claim.patch))
    if not topics:
        raise Unfounded("the model's patch changes nothing")
    return Remedy(dict(claim.patch), topics, risk=claim.risk)


def _refuse_directives(value: Any) -> None:
    if value is None:
        raise Unfounded("the model's patch deletes a field")
    if isinstance(value, Mapping):
        if any(str(key).startswith("$") for key in value):
            raise Unfounded("the model's patch holds a directive")
        for item in value.values():
            _refuse_directives(item)
    for item in as_list(value):
        _refuse_directives(item)


def _topics(scene: Scene, patch: Mapping[str, Any]) -> Iterator[str]:
    """Name what the patch touches in policy's words. Raises ``Unfounded`` for anything outside the pod template."""
    node: Mapping[str, Any] = patch
    path = scene.pod_spec_path
    for depth, key in enumerate(path):
        at_spec = depth == 1 and scene.kind != "CronJob"
        if at_spec and "replicas" in node:
            yield "replicas"
        _only(node, {key, "replicas"} if at_spec else {key})
        node = as_mapping(node.get(key))
    for field, value in dig(patch, path).items() if dig(patch, path) else ():
        yield from _container_topics(scene, value) if field in _LISTS else [changes.pod_topic(field)]


def _only(node: Mapping[str, Any], allowed: set[str]) -> None:
    others = sorted(set(node) - allowed)
    if others:
        raise Unfounded(f"the model's patch touches {quoting.clip(others[0], 60)}")


def _container_topics(scene: Scene, items: Any) -> Iterator[str]:
    for item in as_list(items):
        name = str(as_mapping(item).get("name", ""))
        if name not in scene.names:
            raise Unfounded(
                f"the model's patch names container {quoting.clip(name, 60) or '(none)'}, which does not exist"
            )
        yield from (changes.container_topic(field) for field in item if field != "name")
