"""Structured logs, one correlation id from detection to chat.

``configure`` is called once by each ``__main__``. Within ``about(analysis)`` every line carries
``correlation=<namespace/name of the record>``. Never log a token, signature, request body, pod log or webhook URL.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import structlog

_CHATTY = (
    "slack_bolt",
    "slack_sdk",
    "kopf",
    "httpx",
    "httpcore",
    "aiohttp.access",
    "strands",
    "uvicorn.access",
)
"""Libraries that log bodies or a line per request at INFO; bolt logs the whole body of a refused request."""


def configure(service: str, *, level: str = "INFO", style: Literal["json", "text"] = "json") -> None:
    """Send our own and the libraries' logs to standard error as one JSON object or ``key=value`` row a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event", "correlation"])
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(service=service)


@contextmanager
def about(analysis: str) -> Iterator[None]:
    """Bind ``correlation`` to every line logged within, and unbind it after."""
    with structlog.contextvars.bound_contextvars(correlation=analysis):
        yield


def get(name: str) -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
