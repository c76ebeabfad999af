"""Seals what the gateway keeps in Redis, because Redis is not trusted.

A sealed text is its HMAC-SHA256 and the text. The key is derived from the gateway's signing key (Ed25519
signatures are deterministic), so all replicas have the same one and there is no further secret to hand out.
A place name is mixed in: a text sealed for one place is worthless in another.
"""

import hashlib
import hmac

from logjedi_contracts.errors import MessageRejected
from logjedi_contracts.signing import Signer


class Seal:
    """Seals and opens with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def derived(cls, signer: Signer, purpose: str) -> "Seal":
        """Make the seal for ``purpose`` from a signing key."""
        return cls(hashlib.sha256(signer.sign(f"logjedi.dev/derive/{purpose}/v1", b"").value.encode()).digest())

    def mark(self, place: str, text: str) -> str:
        """Compute the MAC alone: 64 hex digits."""
        return hmac.new(self._key, f"{place}\0{text}".encode(), hashlib.sha256).hexdigest()

    def fits(self, place: str, text: str, mark: str) -> bool:
        return hmac.compare_digest(self.mark(place, text).encode(), mark.encode("utf-8", "replace"))

    def close(self, place: str, text: str) -> str:
        return f"{self.mark(place, text)}:{text}"

    def open(self, place: str, sealed: str) -> str:
        """Return the text. Raises ``MessageRejected`` if anything was changed, or sealed for another place."""
        mark, _, text = sealed.partition(":")
        if not self.fits(place, text, mark):
            raise MessageRejected(f"what is stored at {place!r} was not stored by this gateway")
        return text
