import ipaddress
from pathlib import Path
from typing import Any

import pytest

from logjedi_analyzer.settings import DiagnoserName, Settings
from logjedi_contracts import known_settings, settings
from logjedi_contracts.errors import ConfigurationError


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.environment_names(Settings).values():
        monkeypatch.delenv(name, raising=False)


def test_every_default() -> None:
    loaded = Settings.load()
    assert loaded.model_dump(mode="json") == {
        "llm_provider": "",
        "llm_service_auth_header": None,
        "analyzer_host": str(ipaddress.IPv4Address(0)),
        "analyzer_port": 8000,
        "diagnoser": None,
        "model_timeout": "PT25S",
        "log_level": "INFO",
        "log_format": "json",
    }
    assert loaded.effective_diagnoser is DiagnoserName.PLAYBOOK


def test_every_own_name_is_known_to_the_other_services() -> None:
    names = {name for name in settings.environment_names(Settings).values() if name.startswith("LOGJEDI_")}
    assert names == known_settings.ANALYZER


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LLM_PROVIDER": "mock"}, "agent"),
        ({"LLM_PROVIDER": " MOCK "}, "agent"),
        ({"LLM_PROVIDER": "none"}, "playbook"),
        ({"LLM_PROVIDER": ""}, "playbook"),
        ({"LLM_PROVIDER": "mock", "LOGJEDI_DIAGNOSER": "playbook"}, "playbook"),
        ({"LLM_PROVIDER": "mock", "LOGJEDI_DIAGNOSER": "auto"}, "auto"),
        ({"LLM_PROVIDER": "mock", "LOGJEDI_DIAGNOSER": ""}, "agent"),
    ],
)
def test_who_answers(monkeypatch: pytest.MonkeyPatch, environment: Any, expected: Any) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().effective_diagnoser == expected


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "LLM_PROVIDER",
            "openai",
            "LLM_PROVIDER: Value error, openai is not available in this version; available are: mock",
        ),
        ("LLM_PROVIDER", "opnai", "is not a provider"),
        ("LOGJEDI_DIAGNOSER", "agent", "needs LLM_PROVIDER"),
        ("LOGJEDI_DIAGNOSER", "magic", "LOGJEDI_DIAGNOSER: "),
        ("LOGJEDI_ANALYZER_PORT", "eighty", "LOGJEDI_ANALYZER_PORT: "),
        ("LOGJEDI_ANALYZER_PORT", "70000", "LOGJEDI_ANALYZER_PORT: "),
        ("LOGJEDI_MODEL_TIMEOUT", "0", "more than 0 seconds"),
        ("LOGJEDI_MODEL_TIMEOUT", "soon", "LOGJEDI_MODEL_TIMEOUT: "),
        ("LOGJEDI_LOG_LEVEL", "LOUD", "LOGJEDI_LOG_LEVEL: "),
        ("LOGJEDI_DIAGNOZER", "agent", "did you mean LOGJEDI_DIAGNOSER?"),
    ],
)
def test_bad_settings_are_one_line_each(monkeypatch: pytest.MonkeyPatch, name: Any, value: Any, words: Any) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        Settings.load()
    [problem] = caught.value.problems
    assert words in problem
    assert "\n" not in problem


def test_kubernetes_own_port_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGJEDI_ANALYZER_PORT", "tcp://10.96.0.7:8000")
    assert Settings.load().analyzer_port == 8000


def test_seconds_may_have_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGJEDI_MODEL_TIMEOUT", "2.5")
    assert Settings.load().model_timeout.total_seconds() == 2.5


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("LOGJEDI_ANALYZER_PORT=9000\nLLM_PROVIDER=mock\nLLM_SERVICE_AUTH_HEADER=Bearer x\n")
    monkeypatch.setenv("LOGJEDI_ANALYZER_PORT", "9001")
    loaded = Settings.load(file)
    assert loaded.analyzer_port == 9001
    assert loaded.llm_provider == "mock"
    assert loaded.llm_service_auth_header
    assert loaded.llm_service_auth_header.get_secret_value() == "Bearer x"
    assert "Bearer x" not in repr(loaded)


def test_an_empty_secret_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_SERVICE_AUTH_HEADER", " ")
    assert Settings.load().llm_service_auth_header is None
