"""One supervised process: started, waited for, killed and started again.

Children die with their parent (``PR_SET_PDEATHSIG`` on Linux), so that an interrupted run leaves nothing behind. Only
processes that were started here are ever ended.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class ProcessFailed(Exception):
    """A process ended or did not get ready; the message holds the last lines of its log."""


@dataclass(slots=True)
class Process:
    """``ready_url`` answers 2xx once the process can work; empty: it is ready as soon as it runs."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    ready_url: str = ""
    stays: bool = False
    """Whether it outlives the process that started it."""
    starts: int = 0
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start (again); output is appended to the log."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" and not self.stays else None,  # noqa: PLW1509 - no threads yet
            )
        self.starts += 1

    @property
    def pid(self) -> int:
        return self._child.pid if self._child else 0

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def wait_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until it answers. Raises ``ProcessFailed`` if it ends or takes too long."""
        until = time.monotonic() + timeout_s
        answer = "no answer"
        while time.monotonic() < until:
            if not self.running:
                raise ProcessFailed(f"{self.name} ended with {self._child and self._child.returncode}\n{self.tail()}")
            if not self.ready_url:
                return
            answer = self._ask()
            if not answer:
                return
            time.sleep(0.1)
        raise ProcessFailed(f"{self.name} is not ready after {timeout_s:.0f} s: {answer}\n{self.tail()}")

    def _ask(self) -> str:
        """Return an empty string if it is ready, else what it said."""
        try:
            with urllib.request.urlopen(self.ready_url, timeout=2):  # noqa: S310 - our own loopback address
                return ""
        except urllib.error.HTTPError as error:
            return error.read(500).decode(errors="replace")
        except OSError as error:
            return str(error)

    def kill(self) -> None:
        """End it at once, as a lost node would (SIGKILL)."""
        self._signal(signal.SIGKILL)

    def stop(self, timeout_s: float = 10.0) -> None:
        """End it in good order (SIGTERM), then by force."""
        self._signal(signal.SIGTERM, timeout_s)
        self.kill()

    def _signal(self, number: int, timeout_s: float = 5.0) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        os.kill(self._child.pid, number)
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
