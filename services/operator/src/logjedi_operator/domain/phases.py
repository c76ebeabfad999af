"""The state machine of an incident: ``transition(phase, event) -> Move``.

A pure table, tested for every pair. What a phase *does* stands in the use cases; what may follow what stands
here alone. Phase by itself authorises nothing: before each effect the votes' signatures are verified again.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from logjedi_contracts.errors import PermanentError
from logjedi_contracts.messages import Phase


class Event(StrEnum):
    """What happened to an incident."""

    ANALYSIS_STARTED = "analysis-started"
    PROPOSED = "proposed"
    ADVISED = "advised"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    RECOVERED = "recovered"
    GONE = "gone"
    SUPERSEDED = "superseded"
    APPLY_STARTED = "apply-started"
    APPLIED = "applied"
    STALE = "stale"
    REFUSED = "refused"
    HEALTHY = "healthy"
    UNDONE = "undone"
    UNDO_FAILED = "undo-failed"
    RETURNED = "returned"
    """The failure is there again after the cooldown, or someone asked for another analysis."""


class Effect(StrEnum):
    """What a move obliges the operator to do besides saving the record."""

    TELL = "tell"
    """Publish to the gateway, so that no message says something untrue."""
    AUDIT = "audit"
    COOL_DOWN = "cool-down"
    """Start the cooldown: the same incident is not taken up again before it is over."""


@dataclass(frozen=True, slots=True)
class Move:
    """Where an incident goes, and what that obliges to."""

    phase: Phase
    effects: tuple[Effect, ...]


class ImpossibleMove(PermanentError):
    """An event that has no place in a phase: a late vote, a second apply, a foreign hand in the record."""


_WAITING: Final = {
    Event.RECOVERED: Phase.RECOVERED,
    Event.GONE: Phase.GONE,
    Event.SUPERSEDED: Phase.SUPERSEDED,
}
_BEFORE_WRITING: Final = {
    Event.STALE: Phase.STALE,
    Event.REFUSED: Phase.REFUSED,
    Event.GONE: Phase.GONE,
}
_AGAIN: Final = {Event.RETURNED: Phase.DETECTED}

MOVES: Final[dict[Phase, dict[Event, Phase]]] = {
    Phase.DETECTED: {Event.ANALYSIS_STARTED: Phase.ANALYZING, Event.ADVISED: Phase.ADVISED, **_WAITING},
    Phase.ANALYZING: {Event.PROPOSED: Phase.PROPOSED, Event.ADVISED: Phase.ADVISED, **_WAITING},
    Phase.PROPOSED: {
        Event.APPROVED: Phase.APPROVED,
        Event.REJECTED: Phase.REJECTED,
        Event.EXPIRED: Phase.EXPIRED,
        Event.STALE: Phase.STALE,
        Event.REFUSED: Phase.REFUSED,
        **_WAITING,
    },
    Phase.APPROVED: {
        Event.APPLY_STARTED: Phase.APPLYING,
        Event.EXPIRED: Phase.EXPIRED,
        Event.RECOVERED: Phase.RECOVERED,
        **_BEFORE_WRITING,
    },
    Phase.APPLYING: {Event.APPLIED: Phase.VERIFYING, **_BEFORE_WRITING},
    Phase.VERIFYING: {
        Event.HEALTHY: Phase.RESOLVED,
        Event.UNDONE: Phase.ROLLED_BACK,
        Event.UNDO_FAILED: Phase.FAILED,
        Event.GONE: Phase.GONE,
    },
    Phase.STALE: _AGAIN,
    Phase.RESOLVED: _AGAIN,
    Phase.ROLLED_BACK: _AGAIN,
    Phase.FAILED: _AGAIN,
    Phase.REJECTED: _AGAIN,
    Phase.EXPIRED: _AGAIN,
    Phase.ADVISED: _AGAIN,
    Phase.REFUSED: _AGAIN,
    Phase.RECOVERED: _AGAIN,
    Phase.GONE: _AGAIN,
    Phase.SUPERSEDED: _AGAIN,
}
TERMINAL: Final = frozenset(phase for phase, moves in MOVES.items() if moves is _AGAIN)
LED_BY: Final = {phase: event for moves in MOVES.values() for event, phase in moves.items()}
"""Each phase is entered by one event alone, so that an audit line can be told again from the record."""
_QUIET: Final = frozenset({Phase.DETECTED, Phase.ANALYZING})
"""Nobody was told yet, so there is nothing to correct in chat."""


def transition(phase: Phase, event: Event) -> Move:
    """Move from ``phase`` by ``event``. Raises ``ImpossibleMove`` where the table has no such move."""
    following = MOVES[phase].get(event)
    if following is None:
        raise ImpossibleMove(f"{event} has no place in phase {phase}")
    effects = [Effect.AUDIT]
    if following not in _QUIET:
        effects.append(Effect.TELL)
    if following in TERMINAL:
        effects.append(Effect.COOL_DOWN)
    return Move(following, tuple(effects))
