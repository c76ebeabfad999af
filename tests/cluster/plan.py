"""What the owner tells the supervisor: decided once, passed on its command line."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.images import Image


@dataclass(frozen=True, slots=True)
class Plan:
    """One cluster to start: where, with which binaries and images, for how long, and what became of a real node."""

    name: str
    folder: Path
    kubernetes: Path
    images: tuple[Image, ...]
    attached: bool
    real: bool
    reason: str
    lock: int

    def encode(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(dataclasses.asdict(self), default=str)

    @classmethod
    def decode(cls, text: str) -> Plan:
        """Read what `encode` wrote."""
        values = json.loads(text)
        images = tuple(Image(**{**each, "args": tuple(each["args"])}) for each in values.pop("images"))
        values |= {name: Path(values[name]) for name in ("folder", "kubernetes")}
        return cls(**values, images=images)
