"""Who reads what from the bus, and how patiently. Values only: ``consuming`` acts on them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from logjedi_contracts import envelope, signing

Handler = Callable[[envelope.Received], Awaitable[None]]
"""Has its effect or raises. It may see a message twice, so the effect must be idempotent."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient and how long a stream is. The numbers are choices, not measurements."""

    block: timedelta = timedelta(seconds=2)
    claim_after: timedelta = timedelta(seconds=30)
    """A message pending longer than this belongs to a dead consumer."""
    deliveries: int = 5
    """Unexpected failures of one message before it is parked."""
    again_after: timedelta = timedelta(seconds=0.5)
    """Wait before the second try after an unexpected failure; it doubles with each. Errors that say how long win."""
    batch: int = 16
    held: int = 1_000
    """Messages in hand or waiting for another try; a consumer that holds as many reads no more."""
    backlog: int = 100_000
    """Hard cap of a stream's length; reaching it drops the oldest entries and raises an alarm."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One group's consumer on one stream. ``concurrency``: handlers that run at once."""

    stream: str
    group: str
    consumer: str
    handler: Handler
    keys: signing.KeyRing
    concurrency: int = 8
