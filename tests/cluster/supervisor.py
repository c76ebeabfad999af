"""The one process that starts a cluster, watches it, and takes it down.

Run by `cluster.start` as `python -m tests.cluster.supervisor` with the plan on its command line. Its standard input is
a pipe from the owner: its end means that the owner is gone, however it went. It reports in lines of JSON on its
standard output. It has one thread, since the kernel ties the components to that (see `launchers`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from tests.cluster import bringup, failure, leftovers
from tests.cluster.errors import ClusterError
from tests.cluster.launchers import Launcher
from tests.cluster.plan import Plan
from tests.cluster.progress import Step

_POLL_S = 0.05
_RESTART_AFTER_S = 1.0


class OwnerGoneError(Exception):
    """Nobody wants the cluster any more."""


class Watch:
    """Waits for things while it keeps an eye on the owner and on the components."""

    def __init__(self, plan: Plan) -> None:
        """Watch the owner on standard input until `detach`, and the signal that `down` sends."""
        self._plan = plan
        self._owner = _owner()
        self.launcher: Launcher | None = None
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def detach(self) -> None:
        """Live on without an owner."""
        self._owner = []

    def until(self, condition: Callable[[], Any], *, what: str, timeout_s: float = 120.0) -> Any:
        """Return the condition's first true value; `ClusterError` when a component ends or time runs out first."""
        deadline = time.monotonic() + timeout_s
        while not (value := condition()):
            self.check()
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"{what}: not within {timeout_s:.0f} s",
                    cure="The machine may be overloaded.",
                    log=failure.last_lines(self._plan.folder / "logs"),
                )
        return value

    def check(self) -> None:
        """Wait a moment; raise when the owner has gone or a component has ended."""
        self._wait_a_moment()
        for name, code in self.launcher.ended() if self.launcher else []:
            raise failure.of_component(self._plan.folder / "logs", name, code)

    def forever(self, restart: Callable[[str], None]) -> None:
        """Keep the cluster up: a component that ends is started again, as an init system would."""
        assert self.launcher is not None
        due: dict[str, float] = {}
        while True:
            self._wait_a_moment(0.5)
            for name, code in self.launcher.ended():
                print(f"{name} ended with {code}", file=sys.stderr, flush=True)
                if name == "inside":
                    return
                due[name] = time.monotonic() + _RESTART_AFTER_S
            for name in [name for name, moment in due.items() if moment <= time.monotonic()]:
                del due[name]
                restart(name)

    def _wait_a_moment(self, seconds: float = _POLL_S) -> None:
        if select.select(self._owner, [], [], seconds)[0]:
            raise OwnerGoneError


def main() -> None:
    """Start the cluster of the plan, keep it, and leave nothing of it behind."""
    plan = Plan.decode(sys.argv[1])
    os.set_inheritable(plan.lock, False)
    watch = Watch(plan)
    started = bringup.BringUp(plan, watch, report=lambda step: _say(step=dataclasses.asdict(step)))
    try:
        info = started.run()
        if not plan.attached:
            watch.detach()
        _say(ready=info)
        watch.forever(started.restart)
    except OwnerGoneError:
        pass
    except ClusterError as error:
        failure.keep_logs(plan.folder)
        _say(failed={"cause": error.cause, "cure": error.cure, "log": error.log})
    except Exception as error:  # noqa: BLE001 - the outermost guard: the owner must hear, the cluster must go
        failure.keep_logs(plan.folder)
        text = f"{type(error).__name__}: {error}"
        _say(failed={"cause": text, "cure": "A defect of the test cluster.", "log": traceback.format_exc()})
    finally:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _say(step=dataclasses.asdict(Step("take the cluster down")))
        if watch.launcher:
            watch.launcher.stop()
        leftovers.clear(plan.folder)
        leftovers.release(plan.folder, plan.lock)


def _owner() -> list[int]:
    """Return what becomes readable when the owner is gone.

    The pipe says so everywhere, unless a forked child of the owner keeps the other end; Linux says it of the process.
    """
    if sys.platform != "linux":
        return [0]
    with contextlib.suppress(OSError):
        return [0, os.pidfd_open(os.getppid())]
    return [0]


def _leave(*_: object) -> None:
    raise OwnerGoneError


def _say(**message: object) -> None:
    """Report to the owner, who may have stopped listening."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
