"""The audit trail as JSON lines on a logger of its own (``logjedi.audit``), apart from the service's log level."""

import logging
import sys
from collections import OrderedDict
from typing import Any, Final

from logjedi_contracts import canonical

_REMEMBERED: Final = 10_000
"""Records whose newest line is remembered; of older ones a line may be repeated, and is marked so."""


class AuditLog:
    def __init__(self) -> None:
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._logger = logging.getLogger("logjedi.audit")
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        if not self._logger.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(logging.Formatter("%(message)s"))
            self._logger.addHandler(handler)

    def write(self, line: dict[str, Any]) -> None:
        self._logger.info(canonical.dumps({"audit": "logjedi", **line}))
        self._newest[line["recordUid"]] = line["sequence"]
        self._newest.move_to_end(line["recordUid"])
        if len(self._newest) > _REMEMBERED:
            self._newest.popitem(last=False)

    def newest(self, record_uid: str) -> int:
        return self._newest.get(record_uid, 0)
