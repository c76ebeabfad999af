"""The audit trail as JSON lines on a logger of its own (``logjedi.audit``), apart from the service's log level."""

import logging
import sys
from typing import Any

from logjedi_contracts import canonical


class AuditLog:
    def __init__(self) -> None:
        self._logger = logging.getLogger("logjedi.audit")
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        if not self._logger.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(logging.Formatter("%(message)s"))
            self._logger.addHandler(handler)

    def write(self, line: dict[str, Any]) -> None:
        self._logger.info(canonical.dumps({"audit": "logjedi", **line}))
