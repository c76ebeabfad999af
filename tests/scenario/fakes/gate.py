"""Every port call of one operator process goes through its gate, where it can be killed or made to fail."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


class Killed(BaseException):
    """kill -9: nothing in the process may catch it, and nothing of the process acts any more."""


@dataclass(slots=True)
class Fault:
    """What happens to the calls whose name starts with ``prefix``: ``skip`` of them pass, then ``times`` fail."""

    prefix: str
    error: Callable[[], BaseException]
    times: int = 1
    skip: int = 0
    after: bool = False
    """The call takes effect, only its answer is lost."""


@dataclass(slots=True)
class Gate:
    kill_at: int = 0
    """Which call is the last, counted from 1; 0: none."""
    kill_after: bool = False
    """Killed after the call took effect, else before."""
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    dead: bool = False

    @contextlib.contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        if self.dead:
            raise Killed
        self.calls.append(what)
        last = len(self.calls) == self.kill_at
        if last and not self.kill_after:
            self._die()
        fault = self._fault(what)
        if fault is not None and not fault.after:
            self._fail(fault)
        yield
        if last:
            self._die()
        if fault is not None:
            self._fail(fault)

    def _die(self) -> None:
        self.dead = True
        raise Killed

    def _fail(self, fault: Fault) -> None:
        error = fault.error()
        self.dead = self.dead or isinstance(error, Killed)
        raise error

    def _fault(self, what: str) -> Fault | None:
        for fault in self.faults:
            if what.startswith(fault.prefix) and fault.times:
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None
