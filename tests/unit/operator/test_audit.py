"""The chain of audit lines: a gap or a change shows, and nobody without the key can mend it."""

from typing import Any

from logjedi_contracts.messages import Phase
from logjedi_operator.domain import audit
from logjedi_operator.domain.record import AuditHead, Record
from tests.scenario.fakes import examples

KEY = b"key"
STORY = [("analysis-started", Phase.ANALYZING), ("proposed", Phase.PROPOSED), ("approved", Phase.APPROVED)]


def _told() -> tuple[list[dict[str, Any]], Record]:
    lines, record = [], examples.approved().with_status(audit=AuditHead())
    for event, phase in STORY:
        record = record.with_status(phase=phase, observed_at=examples.NOW)
        row = audit.line(record, event=event, at=examples.NOW, cluster="east", policy="p")
        head = audit.chain(record.status.audit, row, KEY)
        record = record.with_status(audit=head)
        lines.append({**row, "hash": head.hash})
    return lines, record


def _head_of(lines: list[dict[str, Any]], key: bytes = KEY) -> AuditHead:
    """Do what an auditor does: chain the lines, and stop where a line does not fit its own hash."""
    head = AuditHead()
    for line in lines:
        row = {name: value for name, value in line.items() if name != "hash"}
        head = audit.chain(head, row, key)
        if head.hash != line["hash"] or head.sequence != line["sequence"]:
            return AuditHead()
    return head


def test_a_whole_chain_ends_in_the_records_head() -> None:
    lines, record = _told()
    assert _head_of(lines) == record.status.audit
    assert [line["sequence"] for line in lines] == [1, 2, 3]


def test_a_missing_line_shows_wherever_it_was() -> None:
    lines, record = _told()
    for gap in range(len(lines)):
        assert _head_of([*lines[:gap], *lines[gap + 1 :]]) != record.status.audit


def test_a_changed_line_shows_whichever_field_it_is() -> None:
    lines, record = _told()
    for field in lines[1]:
        altered = {**lines[1], field: "other"}
        assert _head_of([lines[0], altered, lines[2]]) != record.status.audit


def test_two_lines_swapped_show() -> None:
    lines, record = _told()
    assert _head_of([lines[1], lines[0], lines[2]]) != record.status.audit


def test_without_the_key_no_fitting_chain_can_be_made() -> None:
    lines, record = _told()
    assert _head_of(lines, b"another") != record.status.audit


def test_a_line_says_who_did_what_to_what() -> None:
    line = _told()[0][-1]
    assert line["target"] == "Deployment shop/web"
    assert (line["actors"], line["channels"], line["action"]) == (["web:alice"], ["web"], "k8s_patch")
    assert line["digest"] == examples.approved().status.proposal.digest  # type: ignore[union-attr]


def test_no_line_holds_a_signature() -> None:
    signature = examples.approved().status.decisions[0].signature
    assert signature not in str(_told()[0])


def test_the_newest_line_can_be_told_again_from_the_record_alone() -> None:
    lines, record = _told()
    again = audit.again(examples.through_json(record), cluster="east", policy="p")
    assert again == {**lines[-1], "repeated": True}


def test_a_proposals_line_can_be_told_again_after_a_vote_that_waits_for_others() -> None:
    record = examples.proposed().with_status(audit=AuditHead(), observed_at=examples.NOW)
    row = audit.line(record, event="proposed", at=examples.NOW, cluster="east", policy="p")
    head = audit.chain(record.status.audit, row, KEY)
    voted = record.with_status(audit=head, decisions=examples.approved().status.decisions)
    assert audit.again(voted, cluster="east", policy="p") == {**row, "hash": head.hash, "repeated": True}


def test_nothing_is_told_again_of_a_record_without_lines() -> None:
    assert audit.again(examples.record(), cluster="east", policy="p") is None
