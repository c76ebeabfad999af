import datetime as dt
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from logjedi_contracts import signing
from logjedi_contracts.errors import ConfigurationError, MessageRejected
from logjedi_contracts.signing import KeyRing, Signature

OLD, NEW, STRANGER = (signing.generate() for _ in range(3))
CONTENT = b"what was said"
Private = Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def refusal(ring: KeyRing, signature: Signature, *, cluster: str = "prod", purpose: str = signing.VOTE) -> str:
    with pytest.raises(MessageRejected) as refused:
        ring.verify(purpose, CONTENT, signature, cluster=cluster)
    return str(refused.value)


def private_pem(key: Private, encryption: serialization.KeySerializationEncryption | None = None) -> bytes:
    hidden = encryption or serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def public_pem(key: Private) -> bytes:
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, spki)


def certificate(key: Ed25519PrivateKey | rsa.RSAPrivateKey, signer: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(days=1))
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_believed_key_is_believed() -> None:
    KeyRing([OLD.public()]).verify(signing.VOTE, CONTENT, OLD.sign(signing.VOTE, CONTENT), cluster="any")


def test_during_a_rotation_two_keys_are_believed_and_afterwards_one() -> None:
    both, one = KeyRing([OLD.public(), NEW.public()]), KeyRing([NEW.public()])
    assert (len(both), len(one)) == (2, 1)
    for signer in (OLD, NEW):
        both.verify(signing.VOTE, CONTENT, signer.sign(signing.VOTE, CONTENT), cluster="prod")
    one.verify(signing.VOTE, CONTENT, NEW.sign(signing.VOTE, CONTENT), cluster="prod")
    assert refusal(one, OLD.sign(signing.VOTE, CONTENT)) == f"signed by an unknown key '{OLD.key_id}'"


def test_a_bound_key_speaks_for_its_clusters_alone() -> None:
    signature = OLD.sign(signing.VOTE, CONTENT)
    ring = KeyRing([OLD.public("prod"), OLD.public("staging"), NEW.public()])
    for cluster in ("prod", "staging"):
        ring.verify(signing.VOTE, CONTENT, signature, cluster=cluster)
    for cluster in ("dev", "", "*", "PROD"):
        assert "may not speak for cluster" in refusal(ring, signature, cluster=cluster)


def test_a_refusal_quotes_little_of_what_it_refuses() -> None:
    long = "x" * 10_000
    assert len(refusal(KeyRing([]), Signature(long, long))) < 100
    assert len(refusal(KeyRing([OLD.public("prod")]), OLD.sign(signing.VOTE, CONTENT), cluster=long)) < 200


def test_bytes_signed_for_one_use_are_worthless_for_another() -> None:
    signature = OLD.sign(signing.ENVELOPE, CONTENT)
    assert "does not fit the content" in refusal(KeyRing([OLD.public()]), signature)


GENUINE = OLD.sign(signing.VOTE, CONTENT)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "é",
        "not base64",
        GENUINE.value[:-4],
        GENUINE.value + GENUINE.value,
        STRANGER.sign(signing.VOTE, CONTENT).value,
        OLD.sign(signing.VOTE, CONTENT + b"!").value,
    ],
    ids=["empty", "no letter", "not base64", "cut", "twice", "a stranger's", "of other content"],
)
def test_a_malformed_or_foreign_signature_is_refused_unquoted(value: str) -> None:
    said = refusal(KeyRing([OLD.public()]), Signature(GENUINE.key_id, value))
    assert said == f"signature by key {OLD.key_id} does not fit the content"


def test_key_files_are_private_kept_and_readable_again(tmp_path: Path) -> None:
    private, public = signing.write_key_pair(tmp_path / "keys", "gateway")
    assert (private.name, public.name) == ("gateway.key.pem", "gateway.pub.pem")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    first = private.read_bytes()
    public.unlink()
    assert signing.write_key_pair(tmp_path / "keys", "gateway") == (private, public)
    assert private.read_bytes() == first
    signer = signing.load_signer("KEY", private)
    ring = signing.load_key_ring("KEYS", [str(public)])
    ring.verify(signing.VOTE, CONTENT, signer.sign(signing.VOTE, CONTENT), cluster="any")
    assert sorted(path.name for path in private.parent.iterdir()) == ["gateway.key.pem", "gateway.pub.pem"]


def test_a_ring_is_read_from_keys_and_certificates_bound_or_not(tmp_path: Path) -> None:
    one, two = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    folder = tmp_path / "a=b"
    folder.mkdir()
    (folder / "one.pem").write_bytes(public_pem(one))
    (tmp_path / "two.crt").write_bytes(certificate(two, ec.generate_private_key(ec.SECP256R1())))
    ring = signing.load_key_ring("KEYS", [f"{folder}/one.pem", f"prod={tmp_path}/two.crt"])
    signed = [signing.Signer(key).sign(signing.VOTE, CONTENT) for key in (one, two)]
    for signature in signed:
        ring.verify(signing.VOTE, CONTENT, signature, cluster="prod")
    ring.verify(signing.VOTE, CONTENT, signed[0], cluster="staging")
    assert "may not speak" in refusal(ring, signed[1], cluster="staging")


def test_a_ring_without_a_key_is_no_ring() -> None:
    with pytest.raises(ConfigurationError, match="KEYS: names no key; give"):
        signing.load_key_ring("KEYS", [])


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[bytes | None], Path]:
    """Write a key file; of ``None`` only the name is made up."""

    def write(content: bytes | None) -> Path:
        path = tmp_path / "key.pem"
        if content is not None:
            path.write_bytes(content)
        return path

    return write


RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (public_pem(RSA), "a RSAPublicKey key"),
        (public_pem(EC), "a ECPublicKey key"),
        (certificate(RSA, EC), "a RSAPublicKey key"),
        (private_pem(ED), "not readable"),
        (b"", "not readable"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not readable"),
        (None, "No such file or directory"),
    ],
    ids=["rsa", "ec", "certificate", "private", "empty", "certificate cut", "absent"],
)
def test_other_public_keys_are_refused_with_setting_cause_and_cure(
    file_of: Callable[[bytes | None], Path], content: bytes | None, cause: str
) -> None:
    path = file_of(content)
    with pytest.raises(ConfigurationError) as refused:
        signing.load_key_ring("LOGJEDI_GATEWAY_KEYS", [str(path)])
    [problem] = refused.value.problems
    assert problem.startswith(f"LOGJEDI_GATEWAY_KEYS: {path}: ")
    assert cause in problem
    assert problem.endswith("; give an Ed25519 public key or certificate in PEM")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (private_pem(RSA), "a RSAPrivateKey key"),
        (private_pem(ED, serialization.BestAvailableEncryption(b"word")), "not readable"),
        (public_pem(ED), "not readable"),
        (b"junk", "not readable"),
        (None, "No such file or directory"),
    ],
    ids=["rsa", "encrypted", "public", "junk", "absent"],
)
def test_other_private_keys_are_refused_without_a_word_of_them(
    file_of: Callable[[bytes | None], Path], content: bytes | None, cause: str
) -> None:
    path = file_of(content)
    with pytest.raises(ConfigurationError) as refused:
        signing.load_signer("LOGJEDI_SIGNING_KEY_FILE", path)
    [problem] = refused.value.problems
    assert problem.startswith(f"LOGJEDI_SIGNING_KEY_FILE: {path}: ")
    assert cause in problem
    assert problem.endswith("; give an Ed25519 private key in PEM")
    assert not content or content.decode().splitlines()[0] not in problem
