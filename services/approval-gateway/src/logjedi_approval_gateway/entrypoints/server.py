"""Runs the HTTP application under uvicorn as one of our own tasks."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from logjedi_contracts.errors import ConfigurationError


class Server(uvicorn.Server):
    """Leaves signals to ``__main__``: uvicorn would raise them again before our other tasks have ended."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts. Raises ``ConfigurationError``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host.strip("[]"), port), family=family, backlog=1024)
    except OSError as error:
        cause = error.strerror or str(error)
        raise ConfigurationError(
            [f"LOGJEDI_GATEWAY_PORT: {host}:{port}: {cause}; give another host or port, or end what uses it"]
        ) from error
    # asyncio sets this only on sockets that it opens itself; without it answers wait for the client's delayed ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def make(app: FastAPI) -> Server:
    config = uvicorn.Config(
        app, log_config=None, access_log=False, proxy_headers=False, server_header=False, lifespan="off",
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    return Server(config)
