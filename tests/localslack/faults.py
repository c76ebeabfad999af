"""What goes wrong on purpose: faults that a test orders, and Slack's rate limits.

Consulted by ``web_api`` before a method runs. The clock is a parameter, so that limits can be
tested without waiting.
"""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One failing call. ``lost`` runs the method and then drops the connection: the caller cannot know.

    ``hang_s`` waits that long before anything else; without ``error`` or ``status`` the call then succeeds.
    """

    error: str = ""
    status: int = 200
    hang_s: float = 0.0
    retry_after_s: int = 0
    lost: bool = False


class Faults:
    """Ordered faults, used up one a call; ``*`` as the method stands for every method."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, fault: Fault, *, times: int = 1) -> None:
        self._waiting[method].extend([fault] * times)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        for key in (method, "*"):
            if self._waiting[key]:
                return self._waiting[key].popleft()
        return None


@dataclass(slots=True)
class RateLimit:
    """A token bucket a key: ``per_s`` calls a second after a burst of ``burst``."""

    per_s: float = 1.0
    burst: int = 100
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_s(self, key: str) -> int:
        """0 if the call may go on now, else whole seconds for ``Retry-After``."""
        now = self.clock()
        tokens, then = self._buckets.get(key, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - then) * self.per_s)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        return 0 if allowed else max(1, math.ceil((1 - tokens) / self.per_s))
