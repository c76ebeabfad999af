"""The operator's own seal on a proposal, and the check that a record still holds what was sealed and voted on.

Write access to records can put anything into a status. Nothing of it is published, applied or undone unless the
seal fits; and nothing is applied or undone unless, besides, the digest fits and enough valid votes stand on it.
"""

from datetime import datetime

from logjedi_contracts import canonical, digest, signing
from logjedi_contracts.errors import MessageRejected, Refused
from logjedi_contracts.messages import Phase
from logjedi_operator.domain import fingerprint
from logjedi_operator.domain.record import Proposal, Record

PURPOSE = "logjedi.dev/proposal/v1"


def seal(proposal: Proposal, record: Record, signer: signing.Signer) -> Proposal:
    """Sign a proposal for its record."""
    signature = signer.sign(PURPOSE, _content(proposal, record))
    return proposal.model_copy(update={"seal": f"{signature.key_id}:{signature.value}"})


def check(record: Record, keys: signing.KeyRing, cluster: str) -> Proposal:
    """Return the record's proposal if it is ours, unchanged, and of this attempt. Raises ``Refused``."""
    proposal = record.status.proposal
    if proposal is None or proposal.attempt != record.status.attempts:
        raise Refused("proposal", "the record holds no proposal of this attempt")
    key_id, _, value = proposal.seal.partition(":")
    try:
        keys.verify(PURPOSE, _content(proposal, record), signing.Signature(key_id, value), cluster=cluster)
    except MessageRejected as error:
        raise Refused("seal", f"the proposal in the record is not the operator's: {error}") from error
    bound = digest.Bound(
        cluster,
        record.owner.target(),
        proposal.action.message(),
        proposal.pre_image,
        digest.of_changes(proposal.change_messages()),
        proposal.nonce,
    )
    if digest.of(bound) != proposal.digest or proposal.diff_hash != bound.diff_hash:
        raise Refused("digest", "the proposal in the record does not fit its digest")
    return proposal


def publishable(record: Record, keys: signing.KeyRing, cluster: str) -> str:
    """Say why a record must not be told to anybody; empty if it may: it is this cluster's, well named, and sealed."""
    spec = record.spec.model_dump(mode="json", by_alias=True)
    if record.spec.cluster != cluster or not fingerprint.matches(record.name, spec):
        return "it does not match its spec, or is another cluster's"
    if record.phase is not Phase.PROPOSED:
        return ""
    try:
        check(record, keys, cluster)
    except Refused as refusal:
        return str(refusal)
    return ""


def expired(proposal: Proposal, asked_until: datetime | None, now: datetime) -> bool:
    """Tell whether people can no longer decide: the earlier of the proposal's and the ask's expiry is over."""
    return now >= min(proposal.expires_at, asked_until or proposal.expires_at)


def _content(proposal: Proposal, record: Record) -> bytes:
    content = proposal.model_dump(mode="json", exclude={"seal"})
    return canonical.dumps({"record": record.uid, "name": record.key, "proposal": content}).encode()
