"""Runs every rule over one incident, ranks what they found, and picks the answer.

Ranking: confidence, then having a remedy, then the order of ``RULES``. A rule that is sure that nothing should be
patched (the registry is down) thereby outranks one that would patch on a weaker ground.
"""

from collections.abc import Callable, Iterable, Sequence

from logjedi_analyzer.domain import gate
from logjedi_analyzer.domain.findings import Finding
from logjedi_analyzer.domain.playbook import general, image, memory, references, rollout
from logjedi_analyzer.domain.scene import Scene

Rule = Callable[[Scene], Iterable[Finding]]

RULES: tuple[Rule, ...] = (image.image, memory.memory, references.references, rollout.rollout, general.general)
"""Every rule, the most specific families first; the last one always finds something."""


def findings(scene: Scene, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """Return all findings, best first, those that may not be carried out without their remedy."""
    found = [gate.pass_through(scene, finding) for rule in rules for finding in rule(scene)]
    return tuple(sorted(found, key=_rank))


def _rank(finding: Finding) -> tuple[float, bool]:
    return (-finding.confidence, finding.remedy is None)


def ranking(found: Sequence[Finding]) -> str:
    """Say in one sentence why the first was chosen; empty if there was no choice."""
    best, others = found[0], [f for f in found[1:] if f.rule != general.UNEXPLAINED]
    if not others:
        return ""
    rest = ", ".join(f"{f.rule} ({f.confidence:.2f})" for f in others[:3])
    return f"Ranked first with {best.confidence:.2f}, before {rest}."
