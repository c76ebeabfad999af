"""A Strands model that plays a script: one entry a call, the last one for ever. Good and hostile behaviour alike."""

import asyncio
import json

from strands.models import Model


class Scripted(Model):
    """``script``: each entry is the tool call to make ``(name, input)``, text to say, an error to raise, or a pause in seconds."""

    def __init__(self, *script):
        self.script = list(script)
        self.calls = 0
        self.seen = []

    def update_config(self, **model_config):
        pass

    def get_config(self):
        return {"model_id": "scripted"}

    async def structured_output(self, output_model, prompt, system_prompt=None, **kwargs):
        raise NotImplementedError
        yield {}

    async def stream(self, messages, tool_specs=None, system_prompt=None, *, tool_choice=None, **kwargs):
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

    async def _call(self, name, value):
        yield {"contentBlockStart": {"start": {"toolUse": {"name": name, "toolUseId": f"t{self.calls}"}}}}
        text = value if isinstance(value, str) else json.dumps(value)
        yield {"contentBlockDelta": {"delta": {"toolUse": {"input": text}}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use"}}

    async def _say(self, text):
        yield {"contentBlockStart": {"start": {}}}
        yield {"contentBlockDelta": {"delta": {"text": text}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "end_turn"}}
