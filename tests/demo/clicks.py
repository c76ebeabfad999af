"""``APPROVE=1``: press Approve on the message in the local Slack, which sends the gateway a correctly signed click."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx

from logjedi_operator.domain.record import Record

APPROVE = "logjedi_approve"


@dataclass(slots=True)
class Clicker:
    """Clicks once on each proposal; ``url`` is the local Slack's address."""

    url: str
    user: str = "U0ALICE"
    clicked: set[str] = field(default_factory=set)

    async def approve(self, waiting: list[Record]) -> list[str]:
        """Approve what waits and is posted; return what went wrong, one line a click."""
        problems = []
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            for record in waiting:
                proposal = record.status.proposal
                if proposal is None or proposal.digest in self.clicked:
                    continue
                message = await self._message(client, proposal.digest)
                if message is None:
                    continue
                problem = await self._click(client, message)
                if problem:
                    problems.append(problem)
                else:
                    self.clicked.add(proposal.digest)
        return problems

    async def _message(self, client: httpx.AsyncClient, digest: str) -> str | None:
        """Find the message that asks about a digest, by what the gateway put beside it."""
        found: list[dict[str, Any]] = (await client.get("/control/messages")).json()
        for row in found:
            payload = (row["message"].get("metadata") or {}).get("event_payload") or {}
            if payload.get("digest") == digest and not row["deleted"] and APPROVE in str(row["message"].get("blocks")):
                return str(row["message"]["ts"])
        return None

    async def _click(self, client: httpx.AsyncClient, ts: str) -> str:
        answer = await client.post("/control/click", json={"ts": ts, "action_id": APPROVE, "user": self.user})
        if answer.status_code != 200:
            return f"click: HTTP {answer.status_code} {answer.text}"
        return str(answer.json()["shown"])


async def until_up(url: str) -> None:
    """Wait until the local Slack answers."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        for _ in range(100):
            try:
                await client.get("/control/messages")
            except httpx.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
