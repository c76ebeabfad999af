"""The words and the tone for each state of an approval, the same in every channel."""

from dataclasses import dataclass
from enum import StrEnum

from logjedi_approval_gateway.domain.approval import STILL_OPEN, Approval, State
from logjedi_contracts.messages import Phase


class Tone(StrEnum):
    """How a state is coloured, where a channel has colours."""

    WAITING = "waiting"
    ACTIVE = "active"
    GOOD = "good"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Wording:
    """``headline`` fits in a message's title, ``mark`` is a symbol that needs no colour to be understood."""

    headline: str
    tone: Tone
    mark: str


PHASES = {
    Phase.DETECTED: Wording("Detected", Tone.ACTIVE, "•"),
    Phase.ANALYZING: Wording("Looking for the cause", Tone.ACTIVE, "•"),
    Phase.PROPOSED: Wording("Waiting for approval", Tone.WAITING, "?"),
    Phase.APPROVED: Wording("Approved", Tone.ACTIVE, "✓"),
    Phase.APPLYING: Wording("Applying the change", Tone.ACTIVE, "…"),
    Phase.VERIFYING: Wording("Applied, checking that the workload heals", Tone.ACTIVE, "…"),
    Phase.RESOLVED: Wording("Resolved", Tone.GOOD, "✓"),
    Phase.ROLLED_BACK: Wording("Rolled back: the change did not help", Tone.BAD, "↩"),
    Phase.FAILED: Wording("Failed", Tone.BAD, "✗"),
    Phase.REJECTED: Wording("Rejected", Tone.QUIET, "✗"),
    Phase.EXPIRED: Wording("Expired: nobody decided in time", Tone.QUIET, "-"),
    Phase.ADVISED: Wording("Advice: no safe patch is known", Tone.WAITING, "!"),
    Phase.STALE: Wording("Stale: the workload changed in between", Tone.QUIET, "-"),
    Phase.REFUSED: Wording("Refused by policy or API server", Tone.BAD, "✗"),
    Phase.RECOVERED: Wording("Recovered by itself", Tone.GOOD, "✓"),
    Phase.GONE: Wording("The workload was deleted", Tone.QUIET, "-"),
    Phase.SUPERSEDED: Wording("Superseded by a newer proposal", Tone.QUIET, "-"),
}

_STATES = {
    State.OPEN: PHASES[Phase.PROPOSED],
    State.APPROVED: Wording("Approval recorded, waiting for the cluster", Tone.ACTIVE, "…"),
    State.REJECTED: Wording("Rejection recorded, waiting for the cluster", Tone.QUIET, "…"),
    State.EXPIRED: PHASES[Phase.EXPIRED],
    State.CLOSED: Wording("Closed by the cluster", Tone.QUIET, "-"),
    State.SUPERSEDED: PHASES[Phase.SUPERSEDED],
    State.ADVICE: PHASES[Phase.ADVISED],
}

NOBODY = Wording("Nobody may approve this", Tone.BAD, "!")


def of(approval: Approval) -> Wording:
    """Find the words for where an approval stands: the cluster's word if it has gone past asking, else our own."""
    phase = approval.phase
    if approval.state is State.SUPERSEDED and not (phase and phase.terminal):
        return _STATES[State.SUPERSEDED]
    if phase is not None and phase.phase not in STILL_OPEN:
        return PHASES[phase.phase]
    if approval.state is State.OPEN and not approval.ask.approvers:
        return NOBODY
    return _STATES[approval.state]
