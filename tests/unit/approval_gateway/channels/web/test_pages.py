from datetime import timedelta

import pytest

from logjedi_approval_gateway.channels.web import pages
from logjedi_approval_gateway.domain.approval import State
from logjedi_approval_gateway.domain.decision import Code
from tests.unit.approval_gateway import cards, samples

ALICE = pages.Viewer("alice", "token", may_decide=True)


def test_an_open_approval_has_a_form_for_who_may_decide() -> None:
    made = samples.proposal()
    page = pages.one(cards.drawn(made), ALICE, None)
    assert f'name="nonce" value="{made.nonce}"' in page
    assert f"Approve {made.digest[:12]}" in page


@pytest.mark.parametrize("viewer", [pages.Viewer(""), pages.Viewer("bob", "token")])
def test_nobody_else_gets_one(viewer: pages.Viewer) -> None:
    assert "<form" not in pages.one(cards.drawn(), viewer, None)


@pytest.mark.parametrize("state", [state for state in State if state is not State.OPEN])
def test_what_is_decided_has_no_form(state: State) -> None:
    assert "<form" not in pages.one(cards.drawn(state=state), ALICE, None)


def test_what_waits_comes_first() -> None:
    done = cards.drawn(samples.proposal(record=samples.record("done")), state=State.EXPIRED)
    waits = cards.drawn(samples.proposal(record=samples.record("waits")))
    page = pages.index([done, waits], ALICE)
    assert page.index("/approvals/prod-eu/waits") < page.index("/approvals/prod-eu/done")
    assert "(1) Approvals" in page


def test_an_empty_list_says_so() -> None:
    assert "Nothing waits for you." in pages.index([], ALICE)


@pytest.mark.parametrize("code", list(Code))
def test_every_result_is_a_sentence(code: Code) -> None:
    shown = pages.result(code.value)
    assert shown is not None
    assert shown.good is (code is Code.RECORDED)


def test_nothing_from_the_address_is_shown() -> None:
    assert pages.result("<b>approved</b>") is None
    assert pages.result("") is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d")]
)
def test_spans(seconds: int, said: str) -> None:
    assert pages.lasting(timedelta(seconds=seconds)) == said
