"""The error that a Web API method answers with, in Slack's own words.

Raised by the state, the validation and the methods; turned into JSON once, in ``web_api``.
"""

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """``{"ok": false, "error": code}``, with ``errors`` as Slack lists the reasons of ``invalid_blocks``."""

    def __init__(self, code: str, *, reasons: Sequence[str] = (), status: int = 200, retry_after_s: int = 0) -> None:
        super().__init__(f"{code}: {'; '.join(reasons)}" if reasons else code)
        self.code = code
        self.reasons = tuple(reasons)
        self.status = status
        self.retry_after_s = retry_after_s

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error": self.code}
        if self.reasons:
            body["errors"] = list(self.reasons)
            body["response_metadata"] = {"messages": [f"[ERROR] {reason}" for reason in self.reasons]}
        return body

    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)} if self.retry_after_s else {}
