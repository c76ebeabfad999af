import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from logjedi_approval_gateway.channels.slack import verify

SECRET, NOW, BODY = "secret", 1_800_000_000, b"payload=%7B%7D"


def headers(stamp: str = str(NOW), *, secret: str = SECRET, body: bytes = BODY) -> dict[str, str]:
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body) or ""
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}


def genuine(sent: dict[str, str], body: bytes = BODY) -> bool:
    return verify.is_genuine(SECRET, sent, body, now_s=NOW)


def test_slacks_own_signature_is_genuine() -> None:
    assert genuine(headers())
    assert genuine(headers(str(NOW - 300)))
    assert genuine(headers(str(NOW + 300)))


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        ({}, BODY),
        (headers(str(NOW - 301)), BODY),
        (headers(str(NOW + 301)), BODY),
        (headers(secret="other"), BODY),
        (headers(), BODY + b"x"),
        (headers() | {"x-slack-signature": ""}, BODY),
        (headers() | {"x-slack-signature": "v0=é"}, BODY),
        (headers() | {"x-slack-signature": headers()["x-slack-signature"].upper()}, BODY),
        (headers() | {"x-slack-request-timestamp": ""}, BODY),
        (headers() | {"x-slack-request-timestamp": "-1"}, BODY),
        (headers() | {"x-slack-request-timestamp": "١٨٠٠٠٠٠٠٠٠"}, BODY),
        (headers() | {"x-slack-request-timestamp": "9" * 5000}, BODY),
    ],
)
def test_anything_else_is_not(sent: dict[str, str], body: bytes) -> None:
    assert not genuine(sent, body)


@given(st.text(), st.text(), st.binary())
def test_no_header_makes_it_fail(stamp: str, signature: str, body: bytes) -> None:
    assert not genuine({"x-slack-request-timestamp": stamp, "x-slack-signature": signature}, body)
