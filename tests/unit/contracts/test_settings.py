from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field, SecretStr, field_validator, model_validator

from logjedi_contracts.durations import Duration, parse
from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.settings import NameList, ServiceSettings, unknown_names

SECRET = "xoxb-hunter2"


class Sample(ServiceSettings):
    redis_url: str = Field("redis://here", validation_alias="REDIS_URL")
    signing_key_file: Path
    kubeconfig: Path | None = None
    token: SecretStr | None = Field(None, validation_alias="TOKEN")
    names: NameList = Field((), validation_alias="NAMES")
    retention: Duration = parse("7d")
    operator_port: int = 8081
    log_format: Literal["json", "text"] = "json"

    @field_validator("token")
    @classmethod
    def _short(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value()) > 20:
            raise ValueError("must have at most 20 characters")
        return value

    @model_validator(mode="after")
    def _together(self) -> "Sample":
        if self.names == ("both",):
            raise ValueError("NAMES: both is nobody; name one")
        return self


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("LOGJEDI_SIGNING_KEY_FILE", "/keys/own.pem")
    return monkeypatch


def problems(**settings: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        with pytest.raises(ConfigurationError) as refused:
            Sample.load()
    return refused.value.problems


def loaded(**settings: str) -> Sample:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        return Sample.load()


def test_reads_prefixed_names_and_the_roadmaps_own() -> None:
    sample = loaded(REDIS_URL="redis://there", LOGJEDI_RETENTION="1h30m", LOGJEDI_KUBECONFIG="/k")
    assert (sample.redis_url, sample.retention, sample.kubeconfig) == ("redis://there", parse("90m"), Path("/k"))


@pytest.mark.parametrize(
    ("text", "names"), [("a, b ,,c", ("a", "b", "c")), ("", ()), (" , ", ()), ("one", ("one",)), ("a=b", ("a=b",))]
)
def test_lists_are_separated_by_commas(text: str, names: tuple[str, ...]) -> None:
    assert loaded(NAMES=text).names == names


def test_empty_is_not_set_where_absence_means_something() -> None:
    sample = loaded(LOGJEDI_KUBECONFIG="", TOKEN="")
    assert (sample.kubeconfig, sample.token) == (None, None)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("LOGJEDI_CLUSTERNAME", "did you mean LOGJEDI_CLUSTER_NAME?"),
        ("LOGJEDI_LOG_LEVVEL", "did you mean LOGJEDI_LOG_LEVEL?"),
        ("LOGJEDI_OPERATR_PORT", "did you mean LOGJEDI_OPERATOR_PORT?"),
        ("LOGJEDI_XYZZY", "remove it"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest_known_one(name: str, cure: str) -> None:
    assert problems(**{name: SECRET}) == [f"{name}: no service knows this setting; {cure}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOGJEDI_ANALYZER_SERVICE_HOST", "10.0.0.1"),
        ("LOGJEDI_ANALYZER_SERVICE_PORT", "8000"),
        ("LOGJEDI_ANALYZER_SERVICE_PORT_HTTP", "8000"),
        ("LOGJEDI_REDIS_PORT", "tcp://10.0.0.2:6379"),
        ("LOGJEDI_ANALYZER_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("LOGJEDI_ANALYZER_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("LOGJEDI_ANALYZER_PORT_8000_TCP_PROTO", "tcp"),
        ("LOGJEDI_DNS_PORT_53_UDP", "udp://10.0.0.1:53"),
        ("LOGJEDI_TEST_CLUSTER", "anything"),
        ("LOGJEDI_STATE_DIR", "/state"),
        ("PATH_LOGJEDI_X", "not ours"),
    ],
)
def test_what_kubernetes_injects_for_services_is_no_error(name: str, value: str) -> None:
    assert unknown_names({name: value}) == []
    assert loaded(**{name: value}).operator_port == 8081


def test_a_service_named_as_we_are_does_not_set_our_port() -> None:
    assert loaded(LOGJEDI_OPERATOR_PORT="tcp://10.0.0.1:8081").operator_port == 8081
    assert loaded(LOGJEDI_OPERATOR_PORT="9000").operator_port == 9000


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LOGJEDI_RETENTION", SECRET, "not a duration; write for example 30s, 5m or 1h30m"),
        ("LOGJEDI_RETENTION", "9" * 400, "too long a duration"),
        ("LOGJEDI_OPERATOR_PORT", SECRET, "valid integer"),
        ("LOGJEDI_LOG_FORMAT", SECRET, "'json' or 'text'"),
        ("TOKEN", SECRET * 3, "at most 20 characters"),
    ],
)
def test_an_error_names_setting_cause_and_cure_and_never_the_value(name: str, value: str, said: str) -> None:
    [problem] = problems(**{name: value})
    assert problem.startswith(f"{name}: ")
    assert said in problem
    assert value not in problem
    assert "\n" not in problem


def test_what_is_missing_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("LOGJEDI_SIGNING_KEY_FILE")
    assert problems() == ["LOGJEDI_SIGNING_KEY_FILE: is not set; give it a value"]


def test_what_is_wrong_together_speaks_for_itself() -> None:
    assert problems(NAMES="both") == ["NAMES: both is nobody; name one"]


def test_all_problems_are_told_at_once() -> None:
    told = problems(LOGJEDI_RETENTION="soon", LOGJEDI_LOG_FORMAT="xml", LOGJEDI_XYZZY="1")
    assert [line.split(":")[0] for line in told] == ["LOGJEDI_XYZZY", "LOGJEDI_RETENTION", "LOGJEDI_LOG_FORMAT"]


def test_a_file_of_settings_is_read_checked_and_overridden(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("LOGJEDI_LOG_FORMAT=text\nLOGJEDI_RETENTION=1d\nOTHER=1\n")
    environment.setenv("LOGJEDI_RETENTION", "2d")
    sample = Sample.load(file)
    assert (sample.log_format, sample.retention) == ("text", parse("2d"))
    file.write_text(f"LOGJEDI_RETENTOIN={SECRET}\n")
    with pytest.raises(ConfigurationError) as refused:
        Sample.load(file)
    [problem] = refused.value.problems
    assert problem.endswith("did you mean LOGJEDI_RETENTION?")
    assert SECRET not in problem


def test_settings_do_not_change(environment: Any) -> None:
    del environment
    with pytest.raises(ValueError, match="frozen"):
        loaded().log_format = "text"  # type: ignore[misc]
