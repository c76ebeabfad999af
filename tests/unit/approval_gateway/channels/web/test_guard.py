import pytest
from hypothesis import given
from hypothesis import strategies as st

from logjedi_approval_gateway.channels.web import guard
from logjedi_approval_gateway.domain.seal import Seal

SEAL = Seal(b"key")


@pytest.mark.parametrize(
    ("client", "headers", "local"),
    [
        ("127.0.0.1", {"host": "127.0.0.1:8080"}, True),
        ("127.0.0.1", {"host": "localhost"}, True),
        ("::1", {"host": "[::1]:8080"}, True),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"host": "evil.example"}, False),
        ("127.0.0.1", {"host": "localhost.evil.example"}, False),
        ("127.0.0.1", {"host": "localhost@evil.example"}, False),
        ("127.0.0.1", {"host": "["}, False),
        ("10.0.0.5", {"host": "localhost"}, False),
        ("", {"host": "localhost"}, False),
        ("127.0.0.1", {"host": "localhost", "x-forwarded-for": "1.2.3.4"}, False),
        ("127.0.0.1", {"host": "localhost", "forwarded": "for=1.2.3.4"}, False),
    ],
)
def test_local(client: str, headers: dict[str, str], *, local: bool) -> None:
    assert guard.is_local(client, headers) is local


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"host": "localhost:8080", "origin": "http://localhost:8080"}, True),
        ({"host": "localhost:8080", "origin": "http://localhost:9090"}, False),
        ({"host": "localhost:8080", "origin": "https://localhost:8080"}, False),
        ({"host": "localhost:8080", "origin": "null"}, False),
        ({"host": "localhost:8080"}, False),
        ({"origin": "http://"}, False),
    ],
)
def test_same_origin(headers: dict[str, str], *, same: bool) -> None:
    assert guard.is_same_origin(headers, "http") is same


def test_a_form_belongs_to_one_browser_and_one_person() -> None:
    session = guard.new_session()
    token = guard.form_token(SEAL, session, "alice")
    assert guard.is_own_form(SEAL, session, "alice", token)
    assert not guard.is_own_form(SEAL, session, "bob", token)
    assert not guard.is_own_form(SEAL, guard.new_session(), "alice", token)
    assert not guard.is_own_form(Seal(b"other"), session, "alice", token)
    assert not guard.is_own_form(SEAL, "", "alice", guard.form_token(SEAL, "", "alice"))


@given(st.text())
def test_no_other_token_fits(token: str) -> None:
    assert not guard.is_own_form(SEAL, "session", "alice", token)
