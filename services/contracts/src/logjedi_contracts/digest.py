"""The digest that binds an approval to one exact change on one exact object.

The operator computes it when it proposes, the gateway recomputes it before it asks, every vote is signed over
it, and the operator recomputes it from the record before it applies. See ADR 0005.
"""

from dataclasses import dataclass

from logjedi_contracts import canonical
from logjedi_contracts.messages import Action, Change, ProposalMade, Target

SHOWN_DIGITS = 12
"""How many hex digits every message shows: enough to compare by eye, 48 bits."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Everything that an approval is bound to.

    ``pre_image`` is canonical JSON of what the touched fields held, ``diff_hash`` the hash of the API server's own
    dry-run answer against the live object, ``nonce`` 32 hex digits fresh for every attempt.
    """

    cluster: str
    target: Target
    action: Action
    pre_image: str
    diff_hash: str
    nonce: str


def of(bound: Bound) -> str:
    """Hash all parts together: 64 hex digits."""
    return canonical.sha256(
        {
            "cluster": bound.cluster,
            "target": bound.target.model_dump(mode="json"),
            "action": bound.action.model_dump(mode="json"),
            "preImage": bound.pre_image,
            "diffHash": bound.diff_hash,
            "nonce": bound.nonce,
        }
    )


def of_proposal(cluster: str, proposal: ProposalMade) -> str:
    """Recompute the digest of a proposal from its content alone."""
    target = proposal.incident.target
    return of(Bound(cluster, target, proposal.action, proposal.pre_image, proposal.diff_hash, proposal.nonce))


def of_changes(changes: list[Change]) -> str:
    """Hash a diff whose rows are in the order of their paths."""
    return canonical.sha256([change.model_dump(mode="json") for change in changes])
