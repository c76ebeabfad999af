"""The envelope round every message: who, when, about what, in which version, signed.

On the wire an entry has three fields: ``body`` (canonical JSON of the envelope), ``key`` and ``signature``. The
signature covers the body's bytes as they are, so no re-spelling can change what was signed. Unknown types and
versions are refused; unknown fields are ignored.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import AwareDatetime, ValidationError

from logjedi_contracts import canonical, messages, signing
from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.model import Message

MAX_BODY_BYTES = 512 * 1024
"""Larger bodies are refused unread: no honest message comes near it."""

TYPES: dict[tuple[str, int], type[Message]] = {
    ("proposal.made", 1): messages.ProposalMade,
    ("advice.given", 1): messages.AdviceGiven,
    ("proposal.asked", 1): messages.ProposalAsked,
    ("vote.cast", 1): messages.VoteCast,
    ("analysis.requested", 1): messages.AnalysisRequested,
    ("phase.changed", 1): messages.PhaseChanged,
}
_NAMES = {model: name for name, model in TYPES.items()}


class Envelope(Message):
    """``analysis`` is ``namespace/name`` of the record; it doubles as the correlation id in all logs."""

    id: str
    type: str
    schema_version: int
    occurred_at: AwareDatetime
    cluster: str
    analysis: str
    traceparent: str = ""
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Received:
    """A believed message: its envelope, and its data as the type that the envelope names."""

    envelope: Envelope
    message: Message


def wrap(message: Message, *, cluster: str, analysis: str, traceparent: str = "") -> Envelope:
    """Put ``message`` in a new envelope with a random id."""
    name, version = _NAMES[type(message)]
    return Envelope(
        id=uuid.uuid4().hex,
        type=name,
        schema_version=version,
        occurred_at=datetime.now(UTC),
        cluster=cluster,
        analysis=analysis,
        traceparent=traceparent,
        data=message.model_dump(mode="json"),
    )


def encode(envelope: Envelope, signer: signing.Signer) -> dict[str, str]:
    """Spell and sign: the fields of a stream entry."""
    body = canonical.dumps(envelope.model_dump(mode="json"))
    signature = signer.sign(signing.ENVELOPE, body.encode())
    return {"body": body, "key": signature.key_id, "signature": signature.value}


def decode(fields: Mapping[str, str], keys: signing.KeyRing) -> Received:
    """Believe and read a stream entry. Raises ``MessageRejected``; nothing of the body is in its text.

    The cluster that a key may speak for is checked against the envelope's own ``cluster``.
    """
    body = fields.get("body", "")
    if not body or len(body.encode(errors="replace")) > MAX_BODY_BYTES:
        raise MessageRejected(f"an entry without a body of 1 to {MAX_BODY_BYTES} bytes")
    signature = signing.Signature(fields.get("key", ""), fields.get("signature", ""))
    # The cluster must be known to check the key's right to it, so the body is parsed first but used only after.
    envelope = _parse(body)
    keys.verify(signing.ENVELOPE, body.encode(errors="replace"), signature, cluster=envelope.cluster)
    model = TYPES.get((envelope.type, envelope.schema_version))
    if model is None:
        raise MessageRejected(f"unknown message {envelope.type!r} version {envelope.schema_version}")
    try:
        return Received(envelope, model.read(envelope.data))
    except ValidationError as error:
        raise MessageRejected(f"{envelope.type}: {_places(error)}") from error


def _parse(body: str) -> Envelope:
    try:
        return Envelope.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise MessageRejected(f"not an envelope: {_places(error)}") from error


def _places(error: ValidationError) -> str:
    """Name the fields that are wrong, and not what they hold."""
    rows = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, row['loc'])) or 'body'}: {row['type']}" for row in rows[:5])
