import pytest

from logjedi_approval_gateway.domain.seal import Seal
from logjedi_contracts import signing
from logjedi_contracts.errors import MessageRejected


def test_what_is_sealed_can_be_opened_at_its_place_only() -> None:
    seal = Seal(b"key")
    sealed = seal.close("here", "content")
    assert seal.open("here", sealed) == "content"
    for place, other in (("there", sealed), ("here", sealed + "x"), ("here", ""), ("here", "content"), ("here", "é:x")):
        with pytest.raises(MessageRejected):
            seal.open(place, other)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(MessageRejected):
        Seal(b"other").open("here", Seal(b"key").close("here", "content"))


def test_replicas_with_one_signing_key_have_one_seal_for_each_purpose() -> None:
    signer = signing.generate()
    assert Seal.derived(signer, "a").mark("p", "t") == Seal.derived(signer, "a").mark("p", "t")
    assert Seal.derived(signer, "a").mark("p", "t") != Seal.derived(signer, "b").mark("p", "t")
    assert Seal.derived(signer, "a").mark("p", "t") != Seal.derived(signing.generate(), "a").mark("p", "t")
