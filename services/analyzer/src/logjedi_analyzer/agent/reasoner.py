"""One Strands agent per incident: bounded in turns, tokens and time, one repair, and every failure translated.

The model is shared, the agent never is (it holds the conversation). Whatever goes wrong becomes ``ReasoningFailed``,
and the use case answers with the playbook.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from strands import Agent, ModelRetryStrategy
from strands.agent import AgentResult
from strands.hooks import AfterToolCallEvent, BeforeModelCallEvent, HookRegistry
from strands.models import Model
from strands.types.exceptions import StructuredOutputException

from logjedi_analyzer.agent import prompts, tools
from logjedi_analyzer.agent.output import Explanation
from logjedi_analyzer.domain import answers, claims
from logjedi_analyzer.domain.findings import Finding
from logjedi_analyzer.domain.scene import Scene
from logjedi_analyzer.ports.diagnoser import ReasoningFailed
from logjedi_contracts import logs
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse

_MOST_TURNS = 6
"""Model calls for one incident at most, whatever the budget says: a few look-ups, the answer, one repair."""
_REPAIRS = 1
_LOG = logs.get(__name__)


class Repairs:
    """Lets a model mend an answer that does not fit once, and stops it before it is paid for a third try."""

    def __init__(self) -> None:
        self.failed = 0

    def register_hooks(self, registry: HookRegistry, **_: Any) -> None:
        registry.add_callback(AfterToolCallEvent, self._after_tool)
        registry.add_callback(BeforeModelCallEvent, self._before_model)

    def _after_tool(self, event: AfterToolCallEvent) -> None:
        if event.tool_use["name"] == Explanation.__name__ and event.result["status"] == "error":
            self.failed += 1

    def _before_model(self, event: BeforeModelCallEvent) -> None:
        if self.failed > _REPAIRS:
            event.cancel = "the answer did not fit twice"


@dataclass(frozen=True, slots=True)
class StrandsReasoner:
    """Asks ``model`` within ``deadline``."""

    model: Model
    deadline: timedelta

    async def __call__(self, request: AnalyzeRequest, findings: Sequence[Finding]) -> AnalyzeResponse:
        agent = self._agent(request)
        try:
            result = await asyncio.wait_for(self._ask(agent, request, findings), self.deadline.total_seconds())
            return self._believed(request, findings, result)
        except TimeoutError as error:
            raise _failed(agent, f"the model gave no answer within {self.deadline.total_seconds():g} s") from error
        except StructuredOutputException as error:
            raise _failed(agent, "the model's answer did not fit the schema") from error
        except claims.Unfounded as error:
            raise _failed(agent, str(error)) from error
        except ReasoningFailed as error:
            raise _failed(agent, error.reason) from error
        except Exception as error:  # providers raise whatever their client libraries do; translated in this one place
            _LOG.warning("model failed", error=type(error).__name__)
            raise _failed(agent, f"the model failed with {type(error).__name__}") from error

    def _agent(self, request: AnalyzeRequest) -> Agent:
        return Agent(
            model=self.model,
            tools=tools.over(request),
            system_prompt=prompts.SYSTEM,
            callback_handler=None,
            hooks=[Repairs()],
            retry_strategy=ModelRetryStrategy(max_attempts=2, initial_delay=1, max_delay=4),
        )

    async def _ask(self, agent: Agent, request: AnalyzeRequest, findings: Sequence[Finding]) -> AgentResult:
        turns = min(request.budget.calls, _MOST_TURNS)
        return await agent.invoke_async(
            prompts.user(request, findings),
            structured_output_model=Explanation,
            limits={"turns": turns, "total_tokens": request.budget.tokens},
        )

    def _believed(self, request: AnalyzeRequest, findings: Sequence[Finding], result: AgentResult) -> AnalyzeResponse:
        explanation = result.structured_output
        if not isinstance(explanation, Explanation):
            raise ReasoningFailed(f"the model gave no answer that fits ({result.stop_reason})")
        finding = claims.believe(Scene(request), explanation.claim(), findings)
        usage = result.metrics.accumulated_usage
        answer = answers.answer([finding])
        diagnosis = answer.diagnosis.model_copy(
            update={
                "summary": explanation.summary,
                "diagnoser": "agent",
                "model": str(self.model.get_config().get("model_id", "")),
                "input_tokens": usage["inputTokens"],
                "output_tokens": usage["outputTokens"],
            }
        )
        return answer.model_copy(update={"diagnosis": diagnosis})


def _failed(agent: Agent, reason: str) -> ReasoningFailed:
    usage = agent.event_loop_metrics.accumulated_usage
    return ReasoningFailed(reason, input_tokens=usage["inputTokens"], output_tokens=usage["outputTokens"])
