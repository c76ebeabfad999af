"""Diagnose one incident: by the playbook alone, by a model with the playbook behind it, or by whichever is surer.

A failure of the model never yields a patch of its own: the answer is then the playbook's, marked in
``diagnosis.fallback``.
"""

from dataclasses import dataclass

from logjedi_analyzer.domain import answers
from logjedi_analyzer.domain.playbook import engine
from logjedi_analyzer.domain.scene import Scene
from logjedi_analyzer.ports.diagnoser import Reasoner, ReasoningFailed
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse

SURE = 0.8
"""Confidence from which ``auto`` takes the playbook's word without asking a model."""


@dataclass(frozen=True, slots=True)
class ByPlaybook:
    """Deterministic, free, in milliseconds."""

    async def __call__(self, request: AnalyzeRequest) -> AnalyzeResponse:
        return answers.answer(engine.findings(Scene(request)))


@dataclass(frozen=True, slots=True)
class ByAgent:
    """The model decides; the playbook answers when it cannot, or when nothing may be spent.

    ``only_below``: confidence of the playbook under which the model is asked at all; 1.1 asks always.
    """

    reasoner: Reasoner
    only_below: float = 1.1

    async def __call__(self, request: AnalyzeRequest) -> AnalyzeResponse:
        findings = engine.findings(Scene(request))
        own = answers.answer(findings)
        if findings[0].confidence >= self.only_below:
            return own
        if request.budget.calls <= 0 or request.budget.tokens <= 0:
            return _marked(own, ReasoningFailed("the budget for model calls is spent"))
        try:
            return await self.reasoner(request, findings)
        except ReasoningFailed as failure:
            return _marked(own, failure)


def _marked(own: AnalyzeResponse, failure: ReasoningFailed) -> AnalyzeResponse:
    spent = {"input_tokens": failure.input_tokens, "output_tokens": failure.output_tokens}
    diagnosis = own.diagnosis.model_copy(update={"fallback": failure.reason, **spent})
    return own.model_copy(update={"diagnosis": diagnosis})
