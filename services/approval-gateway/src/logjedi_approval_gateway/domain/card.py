"""What a message shows, the same for every channel; a channel only translates it.

``of`` turns an approval into a card whose texts are already harmless (``text``). Our own words (headline, labels) and
foreign text never share a field, so that nothing in a log line can pass for "Approved by".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from logjedi_approval_gateway.domain import text, wording
from logjedi_approval_gateway.domain.approval import Approval, Ask, Ref, State
from logjedi_contracts.digest import SHOWN_DIGITS
from logjedi_contracts.messages import Actor, Change, Phase, PhaseChanged, ProposalMade, Verdict, VoteCast


@dataclass(frozen=True, slots=True)
class Row:
    """One changed path. ``None``: absent on that side."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline; ``said`` is the cluster's own message."""

    at: datetime
    words: wording.Wording
    said: str = ""
    by: str = ""
    sequence: int = -1


@dataclass(frozen=True, slots=True)
class Buttons:
    """What a click must carry back."""

    ref: Ref
    nonce: str
    digest: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a person needs at three in the morning to decide, and afterwards to see what became of it."""

    ref: Ref
    words: wording.Wording
    said: str
    severity: str
    namespace: str
    workload: str
    failing: str
    summary: str
    cause: str
    recommendation: str
    diagnoser: str
    confidence: float
    rows: tuple[Row, ...]
    odd_characters: bool
    action: str
    risk: str
    digest: str
    attempt: int
    asked_at: datetime
    expires_at: datetime | None
    rule: str
    approvers: tuple[str, ...]
    approvals: int
    needed: int
    votes: tuple[Step, ...]
    timeline: tuple[Step, ...]
    history: tuple[str, ...]
    excerpt: tuple[str, ...]
    buttons: Buttons | None
    finished: bool = False
    link: str = ""
    failed_for: timedelta | None = None

    @property
    def short_digest(self) -> str:
        return self.digest[:SHOWN_DIGITS]


def _is_bookkeeping(change: Change) -> bool:
    """The attempt's own annotation comes last: people look for what changes in their workload."""
    return change.path.startswith("metadata.annotations[logjedi.dev/")


def of(approval: Approval, *, link: str = "") -> Card:
    """Draw an approval as it stands."""
    ask = approval.ask
    incident, diagnosis = ask.incident, ask.message.diagnosis
    proposal = ask.proposal
    rows = tuple(_row(change) for change in sorted(proposal.changes, key=_is_bookkeeping)) if proposal else ()
    target = incident.target
    container = f" in {text.exact(incident.container)}" if incident.container else ""
    return Card(
        ref=ask.ref,
        words=wording.of(approval),
        said=text.visible(approval.phase.message) if approval.phase else "",
        severity=incident.severity.value,
        namespace=text.exact(target.namespace),
        workload=f"{text.exact(target.kind)}/{text.exact(target.name)}",
        failing=f"{text.exact(incident.reason)}{container}",
        summary=text.visible(diagnosis.summary),
        cause=text.visible(diagnosis.root_cause) if diagnosis.root_cause != diagnosis.summary else "",
        recommendation=text.visible(_recommendation(ask)),
        diagnoser=_diagnoser(ask),
        confidence=diagnosis.confidence,
        rows=rows,
        odd_characters=bool(proposal) and not _plain(proposal),
        action=proposal.action.type.value if proposal else "",
        risk=proposal.risk.value if proposal else "",
        digest=ask.digest,
        attempt=ask.attempt,
        asked_at=ask.asked_at,
        expires_at=ask.expires_at if proposal else None,
        rule=text.visible(ask.rule),
        approvers=tuple(text.line(one) for one in ask.approvers),
        approvals=len({vote.actor.id for vote in approval.votes if vote.verdict is Verdict.APPROVE}),
        needed=ask.min_approvals,
        votes=tuple(_vote(vote) for vote in approval.votes),
        timeline=tuple(_step(phase) for phase in approval.phases),
        history=tuple(text.line(row) for row in incident.history),
        excerpt=tuple(text.visible(row).rstrip() for row in incident.excerpt),
        buttons=_buttons(approval),
        finished=approval.finished,
        link=link,
        failed_for=ask.asked_at - incident.first_seen,
    )


def person(actor: Actor) -> str:
    """Show a person: the name for people, the id because names can be chosen."""
    shown = text.line(actor.name)
    identity = text.exact(actor.id)
    return f"{shown} ({identity})" if shown and shown != identity.partition(":")[2] else identity


def _buttons(approval: Approval) -> Buttons | None:
    if approval.state is not State.OPEN or not approval.ask.approvers:
        return None
    return Buttons(approval.ask.ref, approval.ask.nonce, approval.ask.digest)


def _row(change: Change) -> Row:
    return Row(text.exact(change.path), _value(change.before), _value(change.after))


def _value(value: str | None) -> str | None:
    return None if value is None else text.exact(value)


def _plain(proposal: ProposalMade | None) -> bool:
    values = [] if proposal is None else [v for c in proposal.changes for v in (c.path, c.before or "", c.after or "")]
    return all(text.is_plain(value) for value in values)


def _recommendation(ask: Ask) -> str:
    advised = "" if isinstance(ask.message, ProposalMade) else ask.message.why_no_patch
    return "\n".join(part for part in (ask.message.diagnosis.recommendation, advised) if part)


def _diagnoser(ask: Ask) -> str:
    diagnosis = ask.message.diagnosis
    detail = diagnosis.rule if diagnosis.diagnoser == "playbook" else diagnosis.model
    return text.line(f"{diagnosis.diagnoser} {detail}")


def _vote(vote: VoteCast) -> Step:
    verdict = {
        Verdict.APPROVE: wording.Wording("voted to approve", wording.Tone.GOOD, "✓"),
        Verdict.REJECT: wording.Wording("voted to reject", wording.Tone.BAD, "✗"),
    }[vote.verdict]
    return Step(vote.at, verdict, said=text.visible(vote.reason), by=person(vote.actor))


def _step(changed: PhaseChanged) -> Step:
    decided = changed.phase in (Phase.APPROVED, Phase.REJECTED)
    by = ", ".join(person(actor) for actor in changed.decided_by) if decided else ""
    return Step(changed.at, wording.PHASES[changed.phase], text.visible(changed.message), by, changed.sequence)
