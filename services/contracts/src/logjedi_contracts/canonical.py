"""One spelling for each JSON value, so that equal content has equal bytes.

Digests, signatures, patches in the record and diffs are all made of these bytes. Keys are sorted, nothing
is escaped that need not be, there is no white space, and numbers that JSON cannot carry are refused.
"""

import hashlib
import json
from typing import Any


def dumps(value: Any) -> str:
    """Spell ``value`` canonically. Raises ``ValueError`` for NaN and infinities, ``TypeError`` for non-JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(value: Any) -> str:
    """Hash the canonical spelling of ``value``: 64 lower-case hex digits."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()
