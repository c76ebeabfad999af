"""The question that every value check answers: may this field go from that to this?

Built by ``checking`` for each leaf of a patch, read by ``values`` and ``references``.
"""

from dataclasses import dataclass, field
from typing import Any, NoReturn

from logjedi_contracts import canonical, paths
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Target
from logjedi_operator.domain.policy.model import Policy
from logjedi_operator.domain.workload import Object

ITEM_LISTS = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Context:
    """What the policy must know beside policy file, object and patch.

    ``target``: the object that was analysed. ``nonce``: the attempt's, the only annotation value let through.
    ``hpa``: name of the autoscaler that owns the replicas, or empty. ``managed_by``: who else owns the object
    (``argocd``, ``flux`` …), or empty. ``earlier_names``: Secrets and ServiceAccounts that earlier revisions of this
    very object referred to; going back to one of them is no new reference.
    """

    target: Target
    nonce: str = ""
    hpa: str = ""
    managed_by: str = ""
    earlier_names: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Question:
    """One leaf of the patch: ``path`` is to hold ``value``."""

    policy: Policy
    live: Object
    context: Context
    path: str
    value: Any

    @property
    def keys(self) -> list[str]:
        return paths.split(self.path)

    @property
    def before(self) -> Any:
        """What the live object holds there, or ``paths.MISSING``."""
        return paths.get(self.live, self.path)

    @property
    def unchanged(self) -> bool:
        return self.before is not paths.MISSING and canonical.dumps(self.before) == canonical.dumps(self.value)

    def refuse(self, rule: str, why: str) -> NoReturn:
        raise Refused(rule, f"{self.path}: {why}")

    def above(self, levels: int) -> Any:
        """Read what the live object holds ``levels`` steps above the field."""
        value: Any = self.live
        name = ""
        for key in self.keys[: len(self.keys) - levels]:
            value = paths.child(value, key, name)
            name = key
        return value


def shown(value: Any, *, longest: int = 120) -> str:
    """Spell a value for a refusal, cut to ``longest`` characters."""
    text = canonical.dumps(value)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"
