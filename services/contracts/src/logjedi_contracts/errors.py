"""The error tree of all three services.

    LogJediError
    ├── TemporaryError(delay_s)   waiting can help; the edge retries after ``delay_s`` seconds
    │   └── DependencyDown        Redis, the API server, the analyzer or a chat API does not answer
    └── PermanentError            waiting cannot help; the edge gives up, says why and what to do
        ├── ConfigurationError    a setting is missing, malformed or unknown: one line a setting
        ├── MessageRejected       a message is malformed, wrongly signed or of an unknown version
        └── Refused               a rule said no (policy, approval, staleness); ``rule`` names it

Each edge maps the two branches once: the stream consumer to "leave pending" or "park", FastAPI to
503 or 4xx, the reconciler to "later" or a terminal phase.
"""


class LogJediError(Exception):
    """Root of every error that LogJedi raises on purpose."""


class TemporaryError(LogJediError):
    """Waiting can help. ``delay_s`` is the shortest sensible wait, in seconds."""

    def __init__(self, message: str, *, delay_s: float = 5.0) -> None:
        super().__init__(message)
        self.delay_s = delay_s


class DependencyDown(TemporaryError):
    """A dependency does not answer. ``dependency`` is its name in ``/ready``."""

    def __init__(self, dependency: str, cause: str, *, delay_s: float = 2.0) -> None:
        super().__init__(f"{dependency}: {cause}", delay_s=delay_s)
        self.dependency = dependency
        self.cause = cause


class PermanentError(LogJediError):
    """Waiting cannot help."""


class ConfigurationError(PermanentError):
    """One or more settings cannot be used. ``problems``: one line each, naming setting, cause and cure."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class MessageRejected(PermanentError):
    """A message that must not be acted on: malformed, wrongly signed, or of an unknown version."""


class Refused(PermanentError):
    """A rule said no. ``rule`` is the rule's short name, the message is fit to be shown to people."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
