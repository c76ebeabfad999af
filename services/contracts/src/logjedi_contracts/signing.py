"""Ed25519 signatures with key ids: who may say what.

Operators sign proposals and outcomes, gateways sign votes. Every signature covers a ``purpose`` before the
content, so that bytes signed for one use are worthless for another. A key ring may hold several keys at
once (rotation), and a key may be bound to one cluster (nobody signs for another's). Private halves live
only where they sign. Library: https://cryptography.io/en/latest/hazmat/primitives/asymmetric/ed25519/
"""

import base64
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from logjedi_contracts.errors import ConfigurationError, MessageRejected

VOTE = "logjedi.dev/vote/v1"
ENVELOPE = "logjedi.dev/envelope/v1"
ANY_CLUSTER = "*"
_UNREADABLE = (OSError, ValueError, TypeError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature. ``value`` is standard base64 of 64 bytes; ``key_id`` 16 hex digits."""

    key_id: str
    value: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may sign for ``cluster`` (``*``: for any)."""

    key: Ed25519PublicKey
    cluster: str = ANY_CLUSTER

    @property
    def key_id(self) -> str:
        return key_id(self.key)


class Signer:
    """Holds one private key and signs with it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id(key.public_key())

    def sign(self, purpose: str, content: bytes) -> Signature:
        value = self._key.sign(_covered(purpose, content))
        return Signature(self.key_id, base64.b64encode(value).decode())

    def public(self, cluster: str = ANY_CLUSTER) -> PublicKey:
        return PublicKey(self._key.public_key(), cluster)


class KeyRing:
    """The public keys that are believed, by key id; one key may be bound to several clusters."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._clusters: dict[str, set[str]] = {}
        for key in keys:
            self._keys[key.key_id] = key.key
            self._clusters.setdefault(key.key_id, set()).add(key.cluster)

    def __len__(self) -> int:
        return len(self._keys)

    def verify(self, purpose: str, content: bytes, signature: Signature, *, cluster: str) -> None:
        """Return if a believed key signed ``content`` for ``purpose`` and may speak for ``cluster``.

        Raises ``MessageRejected`` otherwise, saying which of the checks failed, never the signature itself.
        """
        key = self._keys.get(signature.key_id)
        if key is None:
            raise MessageRejected(f"signed by an unknown key {signature.key_id[:16]!r}")
        if not self._clusters[signature.key_id] & {ANY_CLUSTER, cluster}:
            raise MessageRejected(f"key {signature.key_id} may not speak for cluster {cluster[:63]!r}")
        try:
            key.verify(base64.b64decode(signature.value, validate=True), _covered(purpose, content))
        except (InvalidSignature, ValueError) as error:
            raise MessageRejected(f"signature by key {signature.key_id} does not fit the content") from error


def key_id(key: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hex digits of the SHA-256 of its 32 raw bytes."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def generate() -> Signer:
    return Signer(Ed25519PrivateKey.generate())


def write_key_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a key pair as ``NAME.key.pem`` (PKCS#8, mode 0600) and ``NAME.pub.pem``; keep one that is there."""
    private, public = folder / f"{name}.key.pem", folder / f"{name}.pub.pem"
    if not private.exists():
        folder.mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        pkcs8 = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write_whole(private, key.private_bytes(*pkcs8))
    spki = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write_whole(public, _private_key(private).public_key().public_bytes(*spki))
    return private, public


def load_signer(setting: str, path: Path) -> Signer:
    """Read a PKCS#8 PEM file. Raises ``ConfigurationError`` naming ``setting``."""
    try:
        return Signer(_private_key(path))
    except _UNREADABLE as error:
        cause = _reason(error)
        raise ConfigurationError([f"{setting}: {path}: {cause}; give an Ed25519 private key in PEM"]) from error


def load_key_ring(setting: str, entries: Iterable[str]) -> KeyRing:
    """Read public keys, each ``PATH`` or ``CLUSTER=PATH``; a file is a PEM public key or X.509 certificate.

    Of a certificate only the key counts: to end its use, take it off the list. Raises ``ConfigurationError`` naming
    ``setting`` and the entry; also for no entry at all, since then every message would be parked.
    """
    keys = []
    for entry in entries:
        cluster, _, path = entry.partition("=")
        if not path or "/" in cluster:  # the sign is part of a path
            cluster, path = "", entry
        try:
            keys.append(PublicKey(_public_key(Path(path).read_bytes()), cluster or ANY_CLUSTER))
        except _UNREADABLE as error:
            problem = f"{setting}: {entry}: {_reason(error)}; give an Ed25519 public key or certificate in PEM"
            raise ConfigurationError([problem]) from error
    if not keys:
        raise ConfigurationError([f"{setting}: names no key; give PATH or CLUSTER=PATH of at least one public key"])
    return KeyRing(keys)


def _write_whole(path: Path, content: bytes) -> None:
    """Write for the owner's eyes alone, so that nobody ever finds half a key."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _private_key(path: Path) -> Ed25519PrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"a {type(key).__name__} key")
    return key


def _public_key(pem: bytes) -> Ed25519PublicKey:
    if b"BEGIN CERTIFICATE" in pem:
        key = x509.load_pem_x509_certificate(pem).public_key()
    else:
        key = serialization.load_pem_public_key(pem)  # type: ignore[assignment]  # both give a public key
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"a {type(key).__name__} key")
    return key


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else f"not readable ({error})"


def _covered(purpose: str, content: bytes) -> bytes:
    return purpose.encode() + b"\n" + content
