"""The names in Redis that are the gateway's own."""

from logjedi_approval_gateway.domain.approval import Ref

OPEN = "logjedi:approvals:open"
"""Sorted by expiry in ms: what can still be decided."""
RECENT = "logjedi:approvals:recent"
"""Sorted by when people were asked in ms: everything that is kept."""
DIRTY = "logjedi:approvals:dirty"
"""Sorted by when to look, in ms: what messages do not show yet."""
_APPROVAL = "logjedi:approval:"


def approval(ref: Ref) -> str:
    older = "" if ref.attempt is None else f"#{ref.attempt}"
    return f"{_APPROVAL}{ref.cluster}:{ref.uid}{older}"


def archived(ref: Ref, attempt: int) -> str:
    return approval(Ref(ref.cluster, ref.uid, attempt))


def outcome(ref: Ref) -> str:
    return f"logjedi:outcome:{ref.cluster}:{ref.uid}"


def lease(ref: Ref) -> str:
    return f"logjedi:painting:{approval(ref).removeprefix(_APPROVAL)}"


def request(name: str) -> str:
    return f"logjedi:request:{name}"


def ref(key: str) -> Ref:
    """Read an approval's key back."""
    cluster, _, rest = key.removeprefix(_APPROVAL).rpartition(":")
    uid, _, attempt = rest.partition("#")
    return Ref(cluster, uid, int(attempt) if attempt else None)
