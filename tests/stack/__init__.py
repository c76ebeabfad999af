"""The three services and Redis as processes from source: ``make stack``, the demo and the integration tests use it."""

from tests.stack.plan import Plan, Ports, free_port, free_ports, from_environment
from tests.stack.processes import Process, ProcessFailed
from tests.stack.running import Stack

__all__ = ["Plan", "Ports", "Process", "ProcessFailed", "Stack", "free_port", "free_ports", "from_environment"]
