"""Every pair of phase and event: where it goes, or that it has no place."""

import itertools

import pytest

from logjedi_contracts.messages import Phase
from logjedi_operator.domain import phases
from logjedi_operator.domain.phases import Effect, Event, ImpossibleMove

ENDED = [
    Phase.RESOLVED, Phase.ROLLED_BACK, Phase.FAILED, Phase.REJECTED, Phase.EXPIRED, Phase.ADVISED, Phase.STALE,
    Phase.REFUSED, Phase.RECOVERED, Phase.GONE, Phase.SUPERSEDED,
]  # fmt: skip
WAITING = {"recovered": "Recovered", "gone": "Gone", "superseded": "Superseded"}
TABLE = {
    "Detected": {"analysis-started": "Analyzing", "advised": "Advised", **WAITING},
    "Analyzing": {"proposed": "Proposed", "advised": "Advised", **WAITING},
    "Proposed": {
        "approved": "Approved", "rejected": "Rejected", "expired": "Expired", "stale": "Stale", "refused": "Refused",
        **WAITING,
    },
    "Approved": {
        "apply-started": "Applying", "expired": "Expired", "recovered": "Recovered", "stale": "Stale",
        "refused": "Refused", "gone": "Gone",
    },
    "Applying": {"applied": "Verifying", "stale": "Stale", "refused": "Refused", "gone": "Gone"},
    "Verifying": {"healthy": "Resolved", "undone": "RolledBack", "undo-failed": "Failed", "gone": "Gone"},
    **{phase.value: {"returned": "Detected"} for phase in ENDED},
}  # fmt: skip


def test_every_phase_and_event_is_in_the_table() -> None:
    assert TABLE.keys() == {phase.value for phase in Phase}
    assert {event for moves in TABLE.values() for event in moves} == {event.value for event in Event}


@pytest.mark.parametrize(("phase", "event"), [*itertools.product(Phase, Event)])
def test_each_pair_goes_where_the_table_says_or_nowhere(phase: Phase, event: Event) -> None:
    wanted = TABLE[phase.value].get(event.value)
    if wanted is None:
        with pytest.raises(ImpossibleMove, match=event.value):
            phases.transition(phase, event)
    else:
        assert phases.transition(phase, event).phase == Phase(wanted)


def test_what_ends_is_ended() -> None:
    assert frozenset(ENDED) == phases.TERMINAL


@pytest.mark.parametrize(("phase", "event"), [*itertools.product(Phase, Event)])
def test_every_move_is_audited_and_told_once_people_know_and_cools_down_at_its_end(phase: Phase, event: Event) -> None:
    if event.value not in TABLE[phase.value]:
        return
    move = phases.transition(phase, event)
    wanted = {Effect.AUDIT}
    if move.phase not in (Phase.DETECTED, Phase.ANALYZING):
        wanted.add(Effect.TELL)
    if move.phase in ENDED:
        wanted.add(Effect.COOL_DOWN)
    assert set(move.effects) == wanted


def test_nothing_is_written_but_after_an_approval() -> None:
    ways = [phase for phase, moves in phases.MOVES.items() if Phase.APPLYING in moves.values()]
    assert ways == [Phase.APPROVED]
    assert [phase for phase, moves in phases.MOVES.items() if Phase.APPROVED in moves.values()] == [Phase.PROPOSED]


def test_each_phase_is_entered_by_one_event() -> None:
    entered = {(following, event) for moves in phases.MOVES.values() for event, following in moves.items()}
    assert len(entered) == len({following for following, _ in entered})
    assert dict(entered) == phases.LED_BY
