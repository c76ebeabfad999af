import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logjedi_approval_gateway.channels.slack import blocks, render
from logjedi_approval_gateway.domain import card as cards_
from logjedi_approval_gateway.domain.approval import State
from logjedi_contracts import messages
from logjedi_contracts.messages import Phase
from tests.unit.approval_gateway import cards, samples

HOSTILE = "<!channel> <@U1> <http://evil|x> *b* `c` ```d``` :tada: &amp; \u202e\u200b"


def actions(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [element for block in message["blocks"] if block["type"] == "actions" for element in block["elements"]]


def test_an_open_card_has_both_buttons_with_the_id_and_nonce_alone() -> None:
    made = samples.proposal()
    approve, reject = actions(render.message(cards.drawn(made)))
    assert (approve["action_id"], approve["style"]) == ("logjedi_approve", "primary")
    assert reject["action_id"] == "logjedi_reject"
    assert json.loads(approve["value"]) == [samples.CLUSTER, made.record.uid, made.nonce]
    sure = approve["confirm"]["text"]["text"]
    assert "shop-front/Deployment/checkout" in sure
    assert made.digest[:12] in sure


@pytest.mark.parametrize("state", [state for state in State if state is not State.OPEN])
def test_no_other_state_has_buttons(state: State) -> None:
    assert actions(render.message(cards.drawn(state=state))) == []


def test_no_element_parses_markup() -> None:
    incident = samples.incident(reason=HOSTILE, message=HOSTILE, excerpt=[HOSTILE] * 40, history=[HOSTILE] * 20)
    diagnosis = samples.diagnosis(summary=HOSTILE, root_cause=HOSTILE, recommendation=HOSTILE)
    message = render.message(cards.drawn(samples.proposal(incident=incident, diagnosis=diagnosis)))
    spelt = json.dumps(message["blocks"])
    assert "mrkdwn" not in spelt
    assert '"emoji": true' not in spelt
    assert "<" not in message["text"]


def test_a_card_with_everything_at_its_longest_fits() -> None:
    long = "x" * 1024
    incident = samples.incident(
        target=samples.target(kind=long, namespace=long, name=long),
        reason=long,
        container=long,
        excerpt=["y" * 16_384] * 40,
        history=[long] * 20,
    )
    diagnosis = samples.diagnosis(summary="s" * 16_384, root_cause="r" * 16_384, recommendation="q" * 16_384)
    made = samples.proposal(incident=incident, diagnosis=diagnosis, changes=[_change(n, 16_384) for n in range(200)])
    phases = tuple(samples.phase(made, Phase.APPLYING, n, message="m" * 16_384) for n in range(40))
    ask = cards.ask(made, approvers=tuple(f"{long}{n}" for n in range(100)), rule=long)
    message = render.message(cards.drawn(made, ask=ask, phases=phases, state=State.CLOSED))
    blocks.check(message["blocks"])
    assert "more characters" in json.dumps(message["blocks"])
    blocks.check(render.steps(list(cards_.of(cards.approval(made, phases=phases)).timeline))["blocks"])


def _change(number: int, length: int) -> messages.Change:
    return messages.Change(path=f"spec.p{number}", before=None, after="v" * length)


def test_a_change_that_is_cut_cannot_be_approved_here() -> None:
    message = render.message(cards.drawn(samples.proposal(changes=[_change(1, render.DIFF_BUDGET)])))
    assert actions(message) == []
    assert "decide on the page" in json.dumps(message)


def test_a_change_that_just_fits_is_shown_whole() -> None:
    message = render.message(cards.drawn(samples.proposal(changes=[_change(1, render.DIFF_BUDGET - 20)])))
    assert len(actions(message)) == 2


def test_removed_and_added_are_told_apart() -> None:
    change = messages.Change(path="spec.x", before='"1"', after=None)
    assert '- \\"1\\"\\n+ (removed)' in json.dumps(render.message(cards.drawn(samples.proposal(changes=[change]))))


def test_what_is_over_is_short() -> None:
    made = samples.proposal()
    over = render.message(cards.drawn(made, phases=(samples.phase(made, Phase.RESOLVED, 3, terminal=True),)))
    assert "Newest evidence" not in json.dumps(over)
    assert blocks.characters(over["blocks"]) < blocks.characters(render.message(cards.drawn(made))["blocks"])


@settings(max_examples=60)
@given(st.text(max_size=3000), st.text(max_size=3000))
def test_any_text_makes_a_message_that_slack_takes(summary: str, value: str) -> None:
    change = messages.Change(path="spec.x", before=value, after=value)
    made = samples.proposal(diagnosis=samples.diagnosis(summary=summary), changes=[change])
    blocks.check(render.message(cards.drawn(made))["blocks"])


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ([blocks.header("x")] * 51, "51 blocks"),
        ([blocks.labelled("a", "x" * 2999)] * 3, "characters, 8000"),
        ([blocks.header("x" * 3001)], "longer than 3000"),
    ],
)
def test_what_slack_would_refuse_is_found_before(drawn: list[blocks.Block], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        blocks.check(drawn)
