"""Read-only tools over the evidence that came in the request. They reach nothing else."""

import json
from typing import Any

import strands

from logjedi_contracts.analysis import AnalyzeRequest

_PAGE = 100
_CHARACTERS = 12_000


def over(request: AnalyzeRequest) -> list[Any]:
    """Make the tools for one incident."""
    evidence = request.evidence

    @strands.tool
    def read_logs(container: str, offset: int = 0, *, previous: bool = False) -> str:
        """Read up to 100 log lines of a container.

        Args:
            container: Name of the container.
            offset: How many of the newest lines to skip.
            previous: The log of the run before the last restart.
        """
        tails = [tail for tail in evidence.logs if tail.container == container and tail.previous == previous]
        return _page([f"{tail.pod}: {line}" for tail in tails for line in tail.lines], offset)

    @strands.tool
    def read_events(offset: int = 0) -> str:
        """Read up to 100 events, oldest first.

        Args:
            offset: How many of the newest events to skip.
        """
        return _page([event.model_dump_json(exclude_defaults=True) for event in evidence.events], offset)

    @strands.tool
    def read_revision_changes() -> str:
        """Read what changed between the last healthy revision and the failing one."""
        return (evidence.revision.model_dump_json() if evidence.revision else "no healthy revision is known")[
            :_CHARACTERS
        ]

    return [read_logs, read_events, read_revision_changes]


def _page(lines: list[str], offset: int) -> str:
    """Cut a page that ends ``offset`` lines before the newest, and fence it as JSON so that it stays data."""
    end = max(0, len(lines) - max(0, offset))
    page = lines[max(0, end - _PAGE) : end]
    return json.dumps({"lines": page, "older": max(0, end - len(page))})[:_CHARACTERS]
