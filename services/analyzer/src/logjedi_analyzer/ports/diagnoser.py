"""The two things that the use cases call: a diagnoser, which always answers, and a reasoner, which may fail."""

from collections.abc import Sequence
from typing import Protocol

from logjedi_analyzer.domain.findings import Finding
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse


class Diagnoser(Protocol):
    """Explains one incident."""

    async def __call__(self, request: AnalyzeRequest) -> AnalyzeResponse: ...


class Reasoner(Protocol):
    """A model that explains one incident, with the playbook's findings at hand."""

    async def __call__(self, request: AnalyzeRequest, findings: Sequence[Finding]) -> AnalyzeResponse:
        """Answer within the request's budget. Raises ``ReasoningFailed``, and nothing else."""
        ...


class ReasoningFailed(Exception):
    """The model gave no answer that can be used. The text is fit for people and holds nothing of the evidence.

    ``input_tokens`` and ``output_tokens``: what was spent all the same.
    """

    def __init__(self, reason: str, *, input_tokens: int = 0, output_tokens: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
