"""The steps that a start reports while it runs.

The functions that do the work take one callable; the command line, pytest and `make demo` each draw it their own way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the start is at: reported as `running` (perhaps repeatedly, with new detail), then as `done`."""

    name: str
    state: Literal["running", "done"] = "running"
    detail: str = ""
    took_s: float = 0.0


Progress = Callable[[Step], None]


def silent(_step: Step) -> None:
    """Report nothing."""


@contextmanager
def step(progress: Progress, name: str) -> Iterator[None]:
    """Report `name` as running, then as done with the time that the block took; nothing when the block fails."""
    begun = time.monotonic()
    progress(Step(name))
    yield
    progress(Step(name, "done", took_s=time.monotonic() - begun))
