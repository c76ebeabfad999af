"""A model that needs no key: it agrees with the playbook, through the whole agent path.

Scripted, deterministic, offline. It reads the playbook's answer where every model finds it, in the user's turn, and
calls the structured-output tool with it.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any, TypeVar

from pydantic import BaseModel
from strands.models import Model
from strands.types.content import Messages
from strands.types.event_loop import Usage
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

_T = TypeVar("_T", bound=BaseModel)
MODEL_ID = "mock"


class MockModel(Model):
    """Answers each conversation with one call of the ``Explanation`` tool."""

    def update_config(self, **model_config: Any) -> None:
        """Take no configuration."""

    def get_config(self) -> dict[str, Any]:
        return {"model_id": MODEL_ID}

    async def structured_output(
        self,
        output_model: type[_T],  # noqa: ARG002 -- the base class fixes these names
        prompt: Messages,  # noqa: ARG002
        system_prompt: str | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncGenerator[dict[str, _T | Any], None]:
        """Refuse: the deprecated path is never taken."""
        raise NotImplementedError  # abstract in the base class, deprecated there, and never called by us
        yield {}

    async def stream(
        self,
        messages: Messages,
        tool_specs: list[ToolSpec] | None = None,  # noqa: ARG002 -- the base class fixes these names
        system_prompt: str | None = None,  # noqa: ARG002
        *,
        tool_choice: ToolChoice | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncIterable[StreamEvent]:
        """Stream one tool call, in the pieces that real providers send."""
        answer = json.dumps(_explanation(messages))
        yield {"messageStart": {"role": "assistant"}}
        yield {"contentBlockStart": {"start": {"toolUse": {"name": "Explanation", "toolUseId": "mock-1"}}}}
        for start in range(0, len(answer), 512):
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": answer[start : start + 512]}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}
        read, written = _tokens(messages), len(answer) // 4
        usage: Usage = {"inputTokens": read, "outputTokens": written, "totalTokens": read + written}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}


def _explanation(messages: Messages) -> dict[str, Any]:
    """Copy the playbook's answer out of the second block of the user's turn."""
    own = json.loads(messages[0]["content"][1]["text"])["playbook"]
    diagnosis, action = own["diagnosis"], own["action"]
    return {
        "summary": diagnosis["summary"],
        "root_cause": diagnosis["root_cause"][:4000],
        "recommendation": diagnosis["recommendation"][:4000],
        "confidence": diagnosis["confidence"],
        "patch": action["patch"] if action else None,
        "risk": action["risk"] if action else "medium",
        "why_no_patch": own["why_no_action"][:4000],
        "rests_on": own["rests_on"][:20],
    }


def _tokens(messages: Messages) -> int:
    return sum(len(block.get("text", "")) for message in messages for block in message["content"]) // 4
