"""``python -m logjedi_analyzer``: read the settings, serve until told to stop.

Bad settings: one line for each problem on standard error and exit code 2.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from logjedi_analyzer import bootstrap
from logjedi_analyzer.settings import Settings
from logjedi_contracts import logs
from logjedi_contracts.errors import ConfigurationError

_GRACE_S = 20
"""How long running analyses may finish after SIGTERM; below Kubernetes' default of 30 s."""


def main() -> int:
    try:
        settings = Settings.load(Path(".env"))
        service = bootstrap.build(settings)
        listener = _listen(settings)
    except ConfigurationError as error:
        print(*error.problems, sep="\n", file=sys.stderr)  # noqa: T201 -- for the person who started it
        return 2
    logs.configure("analyzer", level=settings.log_level, style=settings.log_format)
    asyncio.run(_serve(service, listener))
    return 0


def _listen(settings: Settings) -> socket.socket:
    """Bind first, so that a port in use is one line and the logged address is the real one."""
    try:
        listener = socket.create_server(
            (settings.analyzer_host, settings.analyzer_port),
            family=socket.AF_INET6 if ":" in settings.analyzer_host else socket.AF_INET,
            backlog=512,
        )
    except OSError as error:
        name = "LOGJEDI_ANALYZER_HOST/LOGJEDI_ANALYZER_PORT"
        where = f"{settings.analyzer_host}:{settings.analyzer_port}"
        raise ConfigurationError([f"{name}: cannot listen on {where}: {error.strerror}; choose another"]) from error
    # asyncio sets this only on sockets made with an explicit protocol; without it each answer waits 40 ms for an ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _serve(service: bootstrap.Service, listener: socket.socket) -> None:
    config = uvicorn.Config(
        service.app,
        http="httptools",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    host, port = listener.getsockname()[:2]
    logs.get(__name__).info(
        "analyzer ready",
        address=f"http://{host}:{port}",
        diagnoser=service.settings.effective_diagnoser.value,
        provider=service.settings.llm_provider or "none",
    )
    server = _Server(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Stops when told to and exits with 0; uvicorn's own handling raises the signal again at the end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


if __name__ == "__main__":
    sys.exit(main())
