"""Which copy of a record is believed: the newest."""

from typing import Any

import pytest

from logjedi_contracts.errors import Refused
from logjedi_operator.adapters.record_store import RecordStore
from logjedi_operator.domain.record import Record
from logjedi_operator.ports.cluster import Conflict
from tests.scenario.fakes import examples

Object = dict[str, Any]


class OneAnswer:
    """Stands for ``KubeCluster``: answers every call with the same object, or error."""

    def __init__(self, answer: Object | Exception | None) -> None:
        self.answer = answer

    async def call(self, *_: Any, **__: Any) -> Object | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def get(self, *_: Any) -> Object | None:
        return await self.call()


def _obj(version: str, message: str = "", uid: str = "uid-record") -> Object:
    record = examples.record(uid=uid, message=message).model_copy(update={"resource_version": version})
    return record.to_object()


def _store(answer: Object | Exception | None = None) -> RecordStore:
    return RecordStore(OneAnswer(answer))  # type: ignore[arg-type]


def _key() -> str:
    return examples.record().key


def _message(store: RecordStore) -> str:
    record = store.cached(_key())
    assert record is not None
    return record.status.message


def test_what_the_watch_shows_is_known() -> None:
    store = _store()
    assert store.learn("ADDED", _obj("5", "five")) == _key()
    assert _message(store) == "five"
    assert len(list(store.known())) == 1


def test_an_older_event_does_not_replace_a_newer_copy() -> None:
    store = _store()
    store.learn("MODIFIED", _obj("10", "ten"))
    store.learn("MODIFIED", _obj("9", "nine"))
    assert _message(store) == "ten"


def test_versions_are_numbers_not_texts() -> None:
    store = _store()
    store.learn("MODIFIED", _obj("9", "nine"))
    store.learn("MODIFIED", _obj("10", "ten"))
    assert _message(store) == "ten"


def test_a_record_that_was_made_again_replaces_the_old_one_whatever_its_version() -> None:
    store = _store()
    store.learn("MODIFIED", _obj("10", "old"))
    store.learn("ADDED", _obj("3", "new", uid="uid-new"))
    assert _message(store) == "new"


async def test_our_own_write_is_newer_than_the_events_that_follow_late() -> None:
    store = _store(_obj("12", "ours"))
    store.learn("ADDED", _obj("5", "five"))
    saved = await store.save(Record.from_object(_obj("5", "ours")))
    store.learn("MODIFIED", _obj("11", "late"))
    assert store.cached(_key()) == saved


def test_a_deleted_record_is_forgotten() -> None:
    store = _store()
    store.learn("ADDED", _obj("5"))
    assert store.learn("DELETED", _obj("6")) == _key()
    assert store.cached(_key()) is None


async def test_a_missing_record_is_forgotten_when_it_is_read() -> None:
    store = _store(None)
    store.learn("ADDED", _obj("5"))
    assert await store.read(_key()) is None
    assert store.cached(_key()) is None


async def test_a_save_of_what_is_gone_is_a_conflict_and_forgets_it() -> None:
    store = _store(Refused("gone", "not found"))
    store.learn("ADDED", _obj("5"))
    with pytest.raises(Conflict):
        await store.save(Record.from_object(_obj("5")))
    assert store.cached(_key()) is None


async def test_any_other_refusal_of_a_save_is_passed_on() -> None:
    store = _store(Refused("api-server", "status.phase: Unsupported value"))
    with pytest.raises(Refused, match="Unsupported"):
        await store.save(Record.from_object(_obj("5")))


async def test_a_name_that_is_taken_is_none() -> None:
    assert await _store(Conflict("already exists")).create(examples.record()) is None


def test_a_record_that_makes_no_sense_is_left_alone_and_no_older_copy_is_used() -> None:
    store = _store()
    store.learn("ADDED", _obj("5"))
    nonsense = _obj("6")
    nonsense["status"]["attempts"] = "many"
    assert store.learn("MODIFIED", nonsense) is None
    assert store.cached(_key()) is None


async def test_the_refusal_of_a_record_names_fields_not_contents() -> None:
    nonsense = _obj("6")
    nonsense["status"]["attempts"] = "s3cr3t"
    with pytest.raises(Refused, match=r"status|attempts") as caught:
        await _store(nonsense).read(_key())
    assert "s3cr3t" not in str(caught.value)
