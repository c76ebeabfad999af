import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from logjedi_contracts import analysis, canonical, digest, envelope, messages, schemas, signing, votes
from logjedi_contracts.errors import MessageRejected
from tests.unit.contracts import golden

SCHEMAS = golden.FOLDER.parent / "schemas"
KEYS = signing.KeyRing([golden.SIGNER.public(golden.CLUSTER)])
TYPED = sorted(f"{name}.v{version}" for name, version in envelope.TYPES)


def read(folder: Path, stem: str) -> Any:
    return json.loads((folder / f"{stem}.json").read_text("utf-8"))


def signed(made: dict[str, Any]) -> dict[str, str]:
    """What an operator with the right key could send, whatever it holds."""
    body = canonical.dumps(made)
    signature = golden.SIGNER.sign(signing.ENVELOPE, body.encode())
    return {"body": body, "key": signature.key_id, "signature": signature.value}


def resealed(**changes: Any) -> dict[str, str]:
    return signed(golden.sealed(golden.proposal(), 1).model_dump(mode="json") | changes)


@pytest.mark.parametrize("stem", sorted(golden.build()))
def test_golden_messages_are_what_the_code_writes_today(stem: str) -> None:
    committed = (golden.FOLDER / f"{stem}.json").read_text("utf-8")
    assert committed == golden.spelt(golden.build()[stem]), "python -m tests.unit.contracts.golden shows the difference"


def test_every_type_has_a_golden_message_and_a_schema() -> None:
    others = {"analyze.request.v1", "analyze.response.v1"}
    assert {path.stem for path in golden.FOLDER.glob("*.json")} == {*TYPED, *others}
    assert {path.stem for path in SCHEMAS.glob("*.json")} == {*TYPED, *others, "envelope"}


@pytest.mark.parametrize("stem", TYPED)
def test_golden_messages_are_believed_and_written_again_byte_for_byte(stem: str) -> None:
    entry = read(golden.FOLDER, stem)["entry"]
    received = envelope.decode(entry, KEYS)
    assert f"{received.envelope.type}.v{received.envelope.schema_version}" == stem
    assert received.message.model_dump(mode="json") == received.envelope.data
    assert envelope.encode(received.envelope, golden.SIGNER) == entry


@pytest.mark.parametrize("stem", TYPED)
def test_golden_messages_fit_their_schemas(stem: str) -> None:
    body = json.loads(read(golden.FOLDER, stem)["entry"]["body"])
    jsonschema.validate(body, read(SCHEMAS, "envelope"), format_checker=jsonschema.FormatChecker())
    jsonschema.validate(body["data"], read(SCHEMAS, stem), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("stem", ["analyze.request.v1", "analyze.response.v1"])
def test_golden_requests_fit_their_schemas_and_models(stem: str) -> None:
    content = read(golden.FOLDER, stem)
    jsonschema.validate(content, read(SCHEMAS, stem))
    model = analysis.AnalyzeRequest if stem == "analyze.request.v1" else analysis.AnalyzeResponse
    assert model.read(content).model_dump(mode="json") == content


@pytest.mark.parametrize("stem", TYPED)
def test_a_field_of_tomorrow_is_ignored_by_readers_and_forbidden_to_writers(stem: str) -> None:
    made = read(golden.FOLDER, stem)["envelope"]
    data = made["data"] | {"tomorrow": 1, "record": made["data"]["record"] | {"tomorrow": 1}}
    entry = signed(made | {"data": data})
    assert envelope.decode(entry, KEYS).message == envelope.decode(read(golden.FOLDER, stem)["entry"], KEYS).message
    model = type(envelope.decode(entry, KEYS).message)
    for wrong in (data, made["data"] | {"tomorrow": 1}):
        with pytest.raises(ValidationError, match="tomorrow"):
            model.model_validate(wrong)
        with pytest.raises(jsonschema.ValidationError, match="tomorrow"):
            jsonschema.validate(wrong, read(SCHEMAS, stem))


def test_a_field_of_tomorrow_in_the_envelope_is_ignored_too() -> None:
    entry = signed(read(golden.FOLDER, "proposal.made.v1")["envelope"] | {"tomorrow": 1}) | {"tomorrow": "x"}
    assert envelope.decode(entry, KEYS).message == golden.proposal()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": "proposal.unmade"}, "unknown message 'proposal.unmade' version 1"),
        ({"schema_version": 2}, "unknown message 'proposal.made' version 2"),
        ({"data": {}}, "proposal.made: record: missing"),
        ({"cluster": "staging"}, "may not speak for cluster 'staging'"),
        ({"occurred_at": "2026-03-14T09:26:53"}, "not an envelope: occurred_at: timezone_aware"),
        ({"schema_version": "one"}, "not an envelope: schema_version: int_parsing"),
    ],
)
def test_honestly_signed_and_still_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(MessageRejected, match=said):
        envelope.decode(resealed(**changes), KEYS)


def test_a_refusal_quotes_nothing_of_the_body() -> None:
    data = golden.proposal().model_dump(mode="json") | {"digest": "hunter2"}
    with pytest.raises(MessageRejected) as refused:
        envelope.decode(resealed(data=data), KEYS)
    assert "digest: string_pattern_mismatch" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def _with(**changes: str) -> dict[str, str]:
    return envelope.encode(golden.sealed(golden.proposal(), 1), golden.SIGNER) | changes


BODY = _with()["body"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "without a body"),
        (_with(body=""), "without a body"),
        (_with(body=BODY.replace("1.8.2", "6.6.6")), "does not fit the content"),
        (_with(body=BODY.replace(golden.CLUSTER, "staging")), "may not speak"),
        (_with(body=BODY + " "), "does not fit the content"),
        (_with(body="[]"), "not an envelope"),
        (_with(body=BODY[:-1]), "not an envelope"),
        (_with(body="[" * 5_000), "not an envelope"),
        (_with(body='"\ud800"'), "not an envelope"),
        (_with(key=""), "unknown key"),
        (_with(key=signing.generate().key_id), "unknown key"),
        (_with(signature=""), "does not fit the content"),
        (_with(signature="é"), "does not fit the content"),
        (_with(signature=_with(body="x")["signature"][:-4]), "does not fit the content"),
        ({"body": BODY}, "unknown key"),
    ],
)
def test_a_tampered_entry_is_refused(entry: dict[str, str], said: str) -> None:
    with pytest.raises(MessageRejected, match=said):
        envelope.decode(entry, KEYS)


def test_a_body_may_be_just_so_large_in_bytes() -> None:
    def entry(size: int) -> dict[str, str]:
        shortest = len(resealed(traceparent="é")["body"].encode())
        return resealed(traceparent="é" + "x" * (size - shortest))

    assert envelope.decode(entry(envelope.MAX_BODY_BYTES), KEYS).message == golden.proposal()
    with pytest.raises(MessageRejected, match="without a body of 1 to"):
        envelope.decode(entry(envelope.MAX_BODY_BYTES + 1), KEYS)


def test_each_envelope_has_an_id_of_its_own_and_a_zoned_time() -> None:
    one, two = (envelope.wrap(golden.vote(), cluster="c", analysis="n/a") for _ in range(2))
    assert one.id != two.id
    assert one.occurred_at.tzinfo is not None


def test_the_golden_proposal_and_vote_keep_their_promises() -> None:
    made = golden.proposal()
    assert digest.of_proposal(golden.CLUSTER, made) == made.digest
    assert digest.of_changes(made.changes) == made.diff_hash
    votes.verify(golden.CLUSTER, golden.vote(), KEYS)


@pytest.mark.parametrize("confidence", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    with pytest.raises(ValidationError):
        messages.Diagnosis(summary="s", confidence=confidence)


def test_numbers_that_json_cannot_carry_are_refused() -> None:
    with pytest.raises(ValidationError, match="finite"):
        analysis.Limits(step=float("inf"))


def test_stale_schemas_are_named_with_their_cure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = ["--folder", str(tmp_path)]
    assert schemas.main([*here, "--check"]) == 1
    assert schemas.main(here) == 0
    assert schemas.main([*here, "--check"]) == 0
    capsys.readouterr()
    (tmp_path / "vote.cast.v1.json").write_text("{}")
    (tmp_path / "left.over.v1.json").write_text("{}")
    assert schemas.main([*here, "--check"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0].rpartition("/")[2] for line in lines] == ["vote.cast.v1.json", "left.over.v1.json"]
    assert all(line.endswith("run make generate") for line in lines)
    assert schemas.main(here) == 0
    assert not (tmp_path / "left.over.v1.json").exists()


def test_the_committed_schemas_are_up_to_date() -> None:
    assert schemas.stale(SCHEMAS) == []
