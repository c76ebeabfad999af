"""``make stack``: run LogJedi from source against the current kubeconfig until interrupted.

Every setting of the services may be given by the environment. The last line of the start ends in ``ready``.
"""

import asyncio
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from logjedi_contracts.errors import ConfigurationError, Refused, TemporaryError
from tests.stack import schema
from tests.stack.plan import from_environment
from tests.stack.processes import ProcessFailed
from tests.stack.running import Stack


def main() -> int:
    """Return 0 after an interrupt, 1 if a process ended or did not get ready."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with tempfile.TemporaryDirectory(prefix="logjedi-stack-") as temporary:
        folder = Path(os.environ.get("LOGJEDI_STATE_DIR") or temporary)
        try:
            _install_schema()
            return _serve(Stack(from_environment(folder), progress=_say), stopping)
        except (ProcessFailed, ConfigurationError) as failure:
            _say(f"error: {failure}")
            return 1


def _install_schema() -> None:
    """Install the CRD where it is missing; without the right to, the operator waits for it and ``/ready`` says so."""
    named = os.environ.get("LOGJEDI_KUBECONFIG")
    try:
        if asyncio.run(schema.install(Path(named) if named else None)):
            _say("installed the CRD logjedianalyses.logjedi.dev")
    except (Refused, TemporaryError) as error:
        _say(f"the CRD was not installed: {error}")


def _serve(stack: Stack, stopping: threading.Event) -> int:
    with stack:
        plan = stack.plan
        _say(f"analyzer http://127.0.0.1:{plan.ports.analyzer}  operator http://127.0.0.1:{plan.ports.operator}")
        _say(f"logs {plan.folder / 'logs'}")
        _say(f"logjedi: page {plan.page} ready")
        while not stopping.wait(0.5):
            lost = stack.lost()
            if lost:
                _say(f"error: {lost[0].name} ended\n{lost[0].tail()}")
                return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
