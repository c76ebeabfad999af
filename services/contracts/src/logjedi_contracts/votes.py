"""What exactly a vote's signature covers.

One place for both sides: the gateway signs before it records, the operator verifies on arrival and again from
the record on every resume. A vote names the record by uid and the proposal by attempt, nonce and digest, so it is
worthless for a later, equal proposal and for another cluster.
"""

from logjedi_contracts import canonical, signing
from logjedi_contracts.messages import VoteCast

_UNSIGNED = frozenset({"key_id", "signature", "record"})


def statement(cluster: str, vote: VoteCast) -> bytes:
    """Spell out the signed bytes: the vote's fields, its record's uid and the cluster, canonically."""
    content = vote.model_dump(mode="json", exclude=set(_UNSIGNED))
    return canonical.dumps(content | {"cluster": cluster, "record_uid": vote.record.uid}).encode()


def sign(cluster: str, vote: VoteCast, signer: signing.Signer) -> VoteCast:
    """Return ``vote`` with key id and signature filled in."""
    signature = signer.sign(signing.VOTE, statement(cluster, vote))
    return vote.model_copy(update={"key_id": signature.key_id, "signature": signature.value})


def verify(cluster: str, vote: VoteCast, keys: signing.KeyRing) -> None:
    """Raise ``MessageRejected`` unless a believed gateway key signed exactly this vote for ``cluster``."""
    signature = signing.Signature(vote.key_id, vote.signature)
    keys.verify(signing.VOTE, statement(cluster, vote), signature, cluster=cluster)
