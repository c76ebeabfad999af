"""The question that every value check answers: may this field go from that to this?

Built by ``checking`` for each leaf of a patch, read by ``values`` and ``references``.
"""

from dataclasses import dataclass
from typing import Any, Final, NoReturn

from logjedi_contracts import canonical, paths
from logjedi_contracts.analysis import Owner
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Target
from logjedi_operator.domain.policy.model import Policy
from logjedi_operator.domain.workload import Object, pod_spec_path

_HPA: Final = "hpa"
_HELM: Final = "helm"
"""Helm reconciles nothing by itself; its next upgrade may change a patched field, and the diff says so to people."""
ITEM_LISTS: Final = ("containers", "initContainers")


@dataclass(frozen=True, slots=True)
class Context:
    """What the policy must know beside policy file, object and patch.

    ``target``: the object that was analysed. ``nonce``: the attempt's, the only annotation value let through.
    ``owners``: who else manages the object; ``hpa`` owns its replicas, all others but ``helm`` own all of it.
    ``earlier``: pod specs of earlier revisions of this very object; going back to what one of them held at the same
    place is no new repository, reference or step (ceilings hold all the same).
    """

    target: Target
    nonce: str = ""
    owners: tuple[Owner, ...] = ()
    earlier: tuple[Object, ...] = ()

    @property
    def hpa(self) -> str:
        """Name of the autoscaler that owns the replicas; empty if none does."""
        return next((owner.name or "?" for owner in self.owners if owner.manager.lower() == _HPA), "")

    @property
    def managed_by(self) -> str:
        """Who would undo any change made here; empty if nobody would."""
        found = (owner for owner in self.owners if owner.manager.lower() not in {_HPA, _HELM})
        return next((f"{owner.manager} {owner.name}".strip() for owner in found), "")


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

    @property
    def held_before(self) -> bool:
        """Tell whether an earlier revision of this very object held the value at this very place."""
        inside = self.path.removeprefix(pod_spec_path(self.live.get("kind", "")) + ".")
        held = [paths.get(pod_spec, inside) for pod_spec in self.context.earlier]
        wanted = {paths.MERGE_KEYS[self.keys[-2]]: self.keys[-1]} if self._is_bare_item else self.value
        return wanted in held

    @property
    def _is_bare_item(self) -> bool:
        return self.value == {} and paths.is_item(self.keys, len(self.keys) - 1)

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
