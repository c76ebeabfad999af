"""The base of everything that crosses a process boundary.

Whoever builds a message may not misspell a field (``extra="forbid"``); whoever reads one ignores fields that
it does not know (``read``), so that adding a field breaks nobody. Messages are frozen.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A frozen, closed model with a lenient reader."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @classmethod
    def read(cls, value: Any) -> Self:
        """Read a decoded JSON value, ignoring unknown fields. Raises pydantic's ``ValidationError``."""
        return cls.model_validate(value, extra="ignore")
