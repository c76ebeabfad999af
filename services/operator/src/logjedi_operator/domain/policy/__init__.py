"""Policy: what the operator may change at all, deny by default. Start at ``checking.check``.

``model`` is the file, ``grammar`` the fields, ``values`` and ``references`` the checks of one field, ``explaining``
the words.
"""

from logjedi_operator.domain.policy.asking import Context
from logjedi_operator.domain.policy.checking import DELETE_ADDED_ENV, check, flags
from logjedi_operator.domain.policy.explaining import explain
from logjedi_operator.domain.policy.model import PathGroup, Policy, load, policy_hash

__all__ = ["DELETE_ADDED_ENV", "Context", "PathGroup", "Policy", "check", "explain", "flags", "load", "policy_hash"]
