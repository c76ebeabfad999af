# ruff: noqa: ARG002 -- the base class fixes the names of parameters
"""A Strands model that plays a script: one entry a call, the last one for ever. Good and hostile behaviour alike."""

import asyncio
import json
from typing import Any

from strands.models import Model


class Scripted(Model):
    """``script``: each entry is a tool call ``(name, input)``, text to say, an error to raise, or a pause (s)."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.calls = 0
        self.seen: list[Any] = []

    def update_config(self, **model_config: Any) -> None:
        pass

    def get_config(self) -> Any:
        return {"model_id": "scripted"}

    async def structured_output(self, output_model: Any, prompt: Any, system_prompt: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError  # abstract in the base class; no test reaches it
        yield {}

    async def stream(
        self,
        messages: Any,
        tool_specs: Any = None,
        system_prompt: Any = None,
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Any:
        self.seen = [messages, system_prompt, tool_specs]
        act = self.script[min(self.calls, len(self.script) - 1)]
        self.calls += 1
        if isinstance(act, Exception):
            raise act
        yield {"messageStart": {"role": "assistant"}}
        if isinstance(act, int | float):
            await asyncio.sleep(act)
        async for event in self._call(*act) if isinstance(act, tuple) else self._say(str(act)):
            yield event
        usage = {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 1}}}

    async def _call(self, name: Any, value: Any) -> Any:
        yield {"contentBlockStart": {"start": {"toolUse": {"name": name, "toolUseId": f"t{self.calls}"}}}}
        text = value if isinstance(value, str) else json.dumps(value)
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": text}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}

    async def _say(self, text: Any) -> Any:
        yield {"contentBlockStart": {"start": {}}}
        yield {"contentBlockDelta": {"delta": {"text": text}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}
