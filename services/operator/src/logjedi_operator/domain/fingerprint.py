"""The record's name is its dedupe key: the same cause on the same object has the same name, so the API server says 409.

Made of the root owner's uid, the cause family and the container. The reconciler checks ``matches`` before it believes
a record; people read the prefix.
"""

import hashlib
import hmac
import re
from typing import Any, Final

from logjedi_operator.domain.findings import Family
from logjedi_operator.domain.workload import WorkloadRef

MAX_LENGTH: Final = 63
HASH_DIGITS: Final = 12

_UNFIT = re.compile(r"[^a-z0-9-]+")


def record_name(owner: WorkloadRef, family: Family | str, container: str) -> str:
    """Spell the name: ``<workload>-<family>-<12 hex digits>``, a DNS-1123 label of at most 63 characters."""
    tail = f"{Family(family)}-{_digits(owner.uid, str(family), container)}"
    room = MAX_LENGTH - len(tail) - 1
    prefix = _UNFIT.sub("-", owner.name.lower())[:room].strip("-") or "workload"
    return f"{prefix}-{tail}"


def matches(name: str, spec: dict[str, Any]) -> bool:
    """Tell whether a record's ``name`` follows from its ``spec``.

    A spec whose failure names no family matches the one family that its name names. Malformed specs match nothing.
    """
    try:
        workload, failure = spec["workload"], spec["failure"]
        owner = WorkloadRef(
            workload["apiVersion"], workload["kind"], workload.get("namespace", ""), workload["name"], workload["uid"]
        )
        families = [Family(failure["family"])] if failure.get("family") else list(Family)
        container = str(failure.get("container") or "")
        names = [record_name(owner, family, container) for family in families]
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    return any(hmac.compare_digest(name.encode(), known.encode()) for known in names)


def _digits(uid: str, family: str, container: str) -> str:
    """Hash the parts with a separator that none of them can hold."""
    return hashlib.sha256(f"{uid}\0{family}\0{container}".encode()).hexdigest()[:HASH_DIGITS]
