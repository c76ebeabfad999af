"""From ranked findings to the wire's answer."""

from collections.abc import Sequence

from logjedi_analyzer.domain import quoting
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.playbook import engine
from logjedi_contracts.analysis import AnalyzeResponse, ProposedAction
from logjedi_contracts.messages import Diagnosis

_LINE = 1024


def answer(found: Sequence[Finding]) -> AnalyzeResponse:
    """Answer with the best finding; the ranking is told where there was a choice."""
    best = found[0]
    ranking = engine.ranking(found)
    return AnalyzeResponse(
        diagnosis=Diagnosis(
            summary=quoting.clip(best.cause, 600),
            root_cause=f"{best.cause} {ranking}".strip(),
            recommendation=best.fix,
            confidence=round(min(max(best.confidence, 0.0), 1.0), 2),
            rule=best.rule,
        ),
        action=_action(best.remedy) if best.remedy else None,
        why_no_action="" if best.remedy else best.withheld or best.fix,
        rests_on=[quoting.clip(line, _LINE) for line in best.rests_on if line.strip()],
    )


def _action(remedy: Remedy) -> ProposedAction:
    return ProposedAction(
        type=remedy.type, patch=dict(remedy.patch), parameters=dict(remedy.parameters), risk=remedy.risk
    )
