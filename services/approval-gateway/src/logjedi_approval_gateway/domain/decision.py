"""A click, and the answer that the clicker gets.

A recorded vote is answered with "recorded", never with "approved": that is said by the cluster alone. Every
refusal has a code (for metrics and the audit) and a sentence that says why and what to do.
"""

from dataclasses import dataclass
from enum import StrEnum

from logjedi_approval_gateway.domain.approval import Place, Ref
from logjedi_contracts.messages import Actor, Verdict

MAX_REASON = 1000


@dataclass(frozen=True, slots=True)
class Click:
    """What a channel understood from a request that it believed. ``place`` is checked where a channel has one."""

    ref: Ref
    nonce: str
    verdict: Verdict
    actor: Actor
    channel: str
    place: Place | None = None
    reason: str = ""


class Code(StrEnum):
    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    DECIDED = "decided"
    ENDED = "ended"
    EXPIRED = "expired"
    CHANGED = "changed"
    UNKNOWN = "unknown"
    UNBELIEVED = "unbelieved"
    MISPLACED = "misplaced"
    NOT_YET = "not_yet"
    NOT_ALLOWED = "not_allowed"
    NO_RULE = "no_rule"
    FOREIGN = "foreign"
    UNAVAILABLE = "unavailable"
    UNCERTAIN = "uncertain"


TEXTS = {
    Code.RECORDED: "Your vote is recorded. The message is updated once the cluster has confirmed it.",
    Code.DUPLICATE: "Your vote was already recorded; it counts once.",
    Code.DECIDED: "Not recorded: a decision was already recorded.",
    Code.ENDED: "Not recorded: nothing is left to decide here, the cluster has moved on.",
    Code.EXPIRED: "Not recorded: the time to decide is over.",
    Code.CHANGED: "Not recorded: this is an older proposal, a newer one took its place. Decide on the newest message.",
    Code.UNKNOWN: "Not recorded: this approval is not known here. If it is still open, it will be asked again.",
    Code.UNBELIEVED: "Not recorded: the stored proposal was changed by somebody else. Tell your administrator.",
    Code.MISPLACED: "Not recorded: the click does not come from the message that asked.",
    Code.NOT_YET: "Not recorded: the message is not ready for clicks yet. Try again in a moment.",
    Code.NOT_ALLOWED: "Not recorded: you are not among the approvers of this proposal.",
    Code.NO_RULE: "Not recorded: no approval rule covers this proposal, so nobody may decide it.",
    Code.FOREIGN: "Not recorded: the click comes from another workspace or app.",
    Code.UNAVAILABLE: "Not recorded: the approval store does not answer. Try again in a moment.",
    Code.UNCERTAIN: "Not confirmed: the approval store did not answer in time. Try again; a vote never counts twice.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the clicker is told."""

    code: Code
    text: str = ""

    @property
    def recorded(self) -> bool:
        return self.code is Code.RECORDED

    @property
    def sentence(self) -> str:
        return self.text or TEXTS[self.code]
