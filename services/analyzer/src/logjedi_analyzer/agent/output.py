"""What a model has to answer with, and how that becomes our answer.

The class's name is the name of the tool that the model calls, its docstring and descriptions are part of the prompt.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from logjedi_analyzer.domain.claims import Claim
from logjedi_contracts.messages import Risk


class Explanation(BaseModel):
    """The cause of the incident, and the smallest patch that removes it, or why there is none."""

    summary: str = Field(min_length=1, max_length=600, description="One sentence for the person on call.")
    root_cause: str = Field(max_length=4000, description="The cause, resting on the evidence alone.")
    recommendation: str = Field(max_length=4000, description="What to do, in one or two sentences.")
    confidence: float = Field(ge=0, le=1)
    patch: dict[str, Any] | None = Field(
        default=None, description="A strategic-merge patch of the target with only the fields that change, or null."
    )
    risk: Risk = Field(default=Risk.MEDIUM, description="What the patch could break.")
    why_no_patch: str = Field(default="", max_length=4000, description="Set when patch is null.")
    rests_on: list[str] = Field(default_factory=list, max_length=20, description="Lines quoted from the evidence.")

    def claim(self) -> Claim:
        """Leave pydantic behind."""
        fields: Mapping[str, Any] = self.model_dump()
        return Claim(**{**fields, "rests_on": tuple(self.rests_on), "risk": self.risk})
