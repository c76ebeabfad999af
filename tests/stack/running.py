"""A running stack: started in order, stopped in reverse, each process killable and startable by name."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.stack.plan import Plan
from tests.stack.processes import Process

Progress = Callable[[str], None]


class Stack:
    """A context manager; leaving it ends every process that it started."""

    def __init__(self, plan: Plan, progress: Progress = lambda _: None, *, stays: bool = False) -> None:
        """``stays``: leaving the block ends nothing, unless it is left by an error."""
        self.plan = plan
        self._stays = stays
        self._progress = progress
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        try:
            for process in self.plan.processes():
                process.stays = self._stays
                self.processes[process.name] = process
                self._progress(f"starting {process.name}")
                process.start()
                if process.name == "redis":
                    process.wait_ready()
            for process in self.processes.values():
                process.wait_ready()
                self._progress(f"{process.name} is ready")
        except BaseException:  # also Ctrl-C: nothing that was started may stay behind
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._stays or error is not None:
            self.stop()

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()

    def kill(self, name: str) -> None:
        """SIGKILL one process."""
        self.processes[name].kill()

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start one process again."""
        self.processes[name].start()
        if wait:
            self.processes[name].wait_ready()

    def lost(self) -> list[Process]:
        """List the processes that ended by themselves."""
        return [process for process in self.processes.values() if not process.running]
