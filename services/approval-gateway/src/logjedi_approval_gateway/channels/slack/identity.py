"""Which workspace and bot we are, learned from Slack's own ``auth.test``; empty until it answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Identity:
    team: str = ""
    bot: str = ""
    user: str = ""
    app: str = ""

    def learn(self, answer: Mapping[str, Any]) -> None:
        self.team = str(answer.get("team_id") or "")
        self.bot = str(answer.get("bot_id") or "")
        self.user = str(answer.get("user_id") or "")
        self.app = str(answer.get("app_id") or "")
