"""What a playbook rule says: a cause, a remedy or the reason why there is none, and what it rests on.

Rules make findings, the engine ranks them, ``answers`` turns the best into the wire's answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from logjedi_contracts.messages import ActionType, Risk


@dataclass(frozen=True, slots=True)
class Remedy:
    """A minimal strategic-merge patch of the target.

    ``touches``: the policy's words for what the patch changes (``image``, ``env`` …); policy must list each.
    """

    patch: Mapping[str, Any]
    touches: frozenset[str]
    type: ActionType = ActionType.K8S_PATCH
    risk: Risk = Risk.LOW
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's opinion. Without a ``remedy``, ``fix`` says what a person would have to do."""

    rule: str
    cause: str
    fix: str
    confidence: float
    rests_on: tuple[str, ...] = ()
    remedy: Remedy | None = None
    withheld: str = ""
    """Why a remedy that is known is not proposed (policy, ownership, immutability)."""

    def withhold(self, why: str) -> Self:
        """Keep the cause, drop the remedy, and say why."""
        return replace(self, remedy=None, withheld=why)
