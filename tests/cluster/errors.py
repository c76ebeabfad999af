"""What can go wrong with a test cluster, each with its cause and its cure in words for the screen."""

from __future__ import annotations


class ClusterError(Exception):
    """A test cluster cannot be had: `cause` is one line, `cure` what to do, `log` the last lines of the culprit."""

    def __init__(self, cause: str, *, cure: str = "", log: str = "") -> None:
        """Keep the three apart, so that a screen can set them differently."""
        super().__init__("\n".join(part for part in (cause, cure, log) if part))
        self.cause = cause
        self.cure = cure
        self.log = log
