from typing import Any

import pytest

from logjedi_approval_gateway.settings import Settings, is_loopback
from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.known_settings import GATEWAY
from logjedi_contracts.settings import environment_names

NEEDED = {
    "REDIS_URL": "redis://localhost:6379",
    "LOGJEDI_SIGNING_KEY_FILE": "/keys/gateway.key.pem",
    "LOGJEDI_OPERATOR_KEYS": "prod=/keys/operator.pub.pem, /keys/other.pub.pem",
    "LOGJEDI_APPROVAL_RULES_FILE": "/etc/rules.yaml",
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in environment_names(Settings).values():
        monkeypatch.delenv(name, raising=False)

    def chosen(**changed: str) -> Settings:
        for name, value in (NEEDED | changed).items():
            monkeypatch.setenv(name, value)
        return Settings.load()

    return chosen


def test_every_default(load: Any) -> None:
    settings = load()
    needed = {"redis_url", "signing_key_file", "operator_keys", "approval_rules_file"}
    assert settings.model_dump(exclude=needed) == {
        "slack_bot_token": None,
        "slack_signing_secret": None,
        "slack_app_token": None,
        "slack_channel": "",
        "slack_api_url": "https://slack.com/api/",
        "gateway_host": "0.0.0.0",  # noqa: S104
        "gateway_port": 8080,
        "web_development_identity": "",
        "notify_only": False,
        "public_url": "",
        "log_level": "INFO",
        "log_format": "json",
    }
    assert settings.operator_key_entries == ["prod=/keys/operator.pub.pem", "/keys/other.pub.pem"]
    assert not settings.slack_on


def test_every_name_is_known_to_all_services() -> None:
    ours = {name for name in environment_names(Settings).values() if name.startswith("LOGJEDI_")}
    assert ours == GATEWAY


def test_slack_is_on_with_both_halves(load: Any) -> None:
    settings = load(SLACK_BOT_TOKEN="xoxb-1", SLACK_SIGNING_SECRET="s", LOGJEDI_SLACK_CHANNEL="C1")
    assert settings.slack_on
    assert "xoxb-1" not in repr(settings)


def test_an_empty_value_is_not_set(load: Any) -> None:
    assert not load(SLACK_BOT_TOKEN="", SLACK_SIGNING_SECRET="").slack_on


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"REDIS_URL": "http://x"}, "REDIS_URL: "),
        ({"LOGJEDI_GATEWAY_PORT": "http"}, "LOGJEDI_GATEWAY_PORT: "),
        ({"LOGJEDI_APPROVAL_RULES_FILE": ""}, "LOGJEDI_APPROVAL_RULES_FILE: is not set"),
        ({"SLACK_BOT_TOKEN": "x"}, "SLACK_SIGNING_SECRET: is not set while its other half is"),
        ({"SLACK_SIGNING_SECRET": "x"}, "SLACK_BOT_TOKEN: is not set while its other half is"),
        ({"SLACK_BOT_TOKEN": "x", "SLACK_SIGNING_SECRET": "y"}, "LOGJEDI_SLACK_CHANNEL: is not set while Slack is on"),
        ({"LOGJEDI_SLACK_API_URL": "https://slack.com/api"}, "LOGJEDI_SLACK_API_URL: "),
        ({"LOGJEDI_WEB_DEVELOPMENT_IDENTITY": "alice"}, "LOGJEDI_WEB_DEVELOPMENT_IDENTITY: "),
        ({"LOGJEDI_GATEWAY_PROT": "1"}, "LOGJEDI_GATEWAY_PROT: no service knows this setting"),
        ({"LOGJEDI_OPERATOR_KEYS": ""}, "LOGJEDI_OPERATOR_KEYS: "),
    ],
)
def test_a_wrong_value_names_setting_and_cure(load: Any, changed: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(**changed)
    assert any(problem.startswith(said) for problem in caught.value.problems), caught.value.problems


def test_a_development_identity_is_fine_on_loopback(load: Any) -> None:
    settings = load(LOGJEDI_WEB_DEVELOPMENT_IDENTITY="alice", LOGJEDI_GATEWAY_HOST="127.0.0.1")
    assert settings.web_development_identity == "alice"


def test_notify_only_needs_no_rules(load: Any) -> None:
    assert load(LOGJEDI_NOTIFY_ONLY="true", LOGJEDI_APPROVAL_RULES_FILE="").approval_rules_file is None


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("10.0.0.1", False), ("localhost.evil.example", False), ("", False),  # noqa: S104
    ],
)  # fmt: skip
def test_loopback(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
