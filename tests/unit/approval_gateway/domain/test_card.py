import pytest

from logjedi_approval_gateway.domain.approval import State
from logjedi_contracts import messages
from logjedi_contracts.messages import Actor, Phase
from tests.unit.approval_gateway import cards, samples


@pytest.mark.parametrize(
    ("state", "headline", "buttons"),
    [
        (State.OPEN, "Waiting for approval", True),
        (State.APPROVED, "Approval recorded, waiting for the cluster", False),
        (State.REJECTED, "Rejection recorded, waiting for the cluster", False),
        (State.EXPIRED, "Expired: nobody decided in time", False),
        (State.SUPERSEDED, "Superseded by a newer proposal", False),
        (State.CLOSED, "Closed by the cluster", False),
    ],
)
def test_our_own_states(state: State, headline: str, *, buttons: bool) -> None:
    card = cards.drawn(state=state)
    assert card.words.headline == headline
    assert (card.buttons is not None) is buttons


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.DETECTED, Phase.ANALYZING, Phase.PROPOSED}))
def test_the_clusters_word_counts_once_it_has_gone_past_asking(phase: Phase) -> None:
    made = samples.proposal()
    card = cards.drawn(made, state=State.APPROVED, phases=(samples.phase(made, phase, 3),))
    assert card.words.headline not in {"Waiting for approval", "Approval recorded, waiting for the cluster"}


def test_recorded_is_never_called_approved() -> None:
    made = samples.proposal()
    card = cards.drawn(made, state=State.APPROVED, phases=(samples.phase(made, Phase.PROPOSED, 1),))
    assert not card.words.headline.startswith("Approved")


def test_without_an_approver_nobody_gets_buttons() -> None:
    card = cards.drawn(ask=cards.ask(approvers=()))
    assert card.words.headline == "Nobody may approve this"
    assert card.buttons is None


def test_advice_has_no_buttons_and_says_why() -> None:
    card = cards.drawn(samples.advice(), state=State.ADVICE)
    assert card.buttons is None
    assert card.words.headline == "Advice: no safe patch is known"
    assert "Nothing in the workload's definition" in card.recommendation


def test_names_and_values_are_spelt_exactly() -> None:
    change = messages.Change(path="spec.\u0435", before=None, after='"\u0435"')
    card = cards.drawn(samples.proposal(changes=[change]))
    assert (card.rows[0].path, card.rows[0].before, card.rows[0].after) == ("spec.\\u{435}", None, '"\\u{435}"')
    assert card.odd_characters
    assert not cards.drawn().odd_characters


def test_a_person_is_shown_with_the_id_that_cannot_be_chosen() -> None:
    made = samples.proposal()
    by = [Actor(id="slack:U1", name="admin\u202e")]
    approved = samples.phase(made, Phase.APPROVED, 2, decided_by=by)
    resolved = samples.phase(made, Phase.RESOLVED, 3, decided_by=by, terminal=True)
    card = cards.drawn(made, phases=(approved, resolved))
    assert [step.by for step in card.timeline] == ["admin\\u{202e} (slack:U1)", ""]
    assert card.finished
