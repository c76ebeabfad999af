"""The three settings classes together: what they are called, what they default to, and their page."""

import importlib.util
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from logjedi_analyzer.settings import Settings as Analyzer
from logjedi_approval_gateway.settings import Settings as Gateway
from logjedi_contracts import known_settings
from logjedi_contracts.settings import ServiceSettings, environment_names
from logjedi_operator.settings import Settings as Operator

DOCS = Path(__file__).parents[3] / "docs"
REQUIRED = "required"
LOGS = {"LOGJEDI_LOG_FORMAT": "json", "LOGJEDI_LOG_LEVEL": "INFO"}
OPERATOR = LOGS | {
    "ANALYZE_COOLDOWN_MINUTES": 15,
    "APPLY_MODE": "manual",
    "DRY_RUN_BEFORE_APPLY": True,
    "EXCLUDE_NAMESPACES": ("kube-system",),
    "LLM_CLIENT_TIMEOUT": timedelta(seconds=60),
    "LLM_SERVICE_AUTH_HEADER": None,
    "LLM_SERVICE_URL": "http://127.0.0.1:8000",
    "LOGJEDI_CLUSTER_NAME": "default",
    "LOGJEDI_CRASH_GRACE": timedelta(minutes=10),
    "LOGJEDI_EVIDENCE_SECRETS": False,
    "LOGJEDI_GATEWAY_KEYS": REQUIRED,
    "LOGJEDI_KUBECONFIG": None,
    "LOGJEDI_MAX_ATTEMPTS": 3,
    "LOGJEDI_OPERATOR_HOST": "0.0.0.0",  # noqa: S104  # the default under test
    "LOGJEDI_OPERATOR_PORT": 8081,
    "LOGJEDI_PENDING_GRACE": timedelta(seconds=10),
    "LOGJEDI_POLICY_FILE": None,
    "LOGJEDI_PROPOSAL_EXPIRY": timedelta(hours=4),
    "LOGJEDI_RETENTION": timedelta(days=7),
    "LOGJEDI_SETTLE_TIME": timedelta(seconds=30),
    "LOGJEDI_SIGNING_KEY_FILE": REQUIRED,
    "LOGJEDI_UNAVAILABLE_GRACE": timedelta(minutes=2),
    "LOGJEDI_VERIFY_TIMEOUT": timedelta(minutes=5),
    "LOGJEDI_WORKERS": 8,
    "MAX_RECENT_LOG_LINES": 200,
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "WATCH_NAMESPACES": (),
}
ANALYZER = LOGS | {
    "LLM_PROVIDER": "",
    "LLM_SERVICE_AUTH_HEADER": None,
    "LOGJEDI_ANALYZER_HOST": "0.0.0.0",  # noqa: S104  # the default under test
    "LOGJEDI_ANALYZER_PORT": 8000,
    "LOGJEDI_DIAGNOSER": None,
    "LOGJEDI_MODEL_TIMEOUT": timedelta(seconds=25),
}
GATEWAY = LOGS | {
    "LOGJEDI_APPROVAL_RULES_FILE": None,
    "LOGJEDI_GATEWAY_HOST": "0.0.0.0",  # noqa: S104  # the default under test
    "LOGJEDI_GATEWAY_PORT": 8080,
    "LOGJEDI_NOTIFY_ONLY": False,
    "LOGJEDI_OPERATOR_KEYS": REQUIRED,
    "LOGJEDI_PUBLIC_URL": "",
    "LOGJEDI_SIGNING_KEY_FILE": REQUIRED,
    "LOGJEDI_SLACK_API_URL": "https://slack.com/api/",
    "LOGJEDI_SLACK_CHANNEL": "",
    "LOGJEDI_WEB_DEVELOPMENT_IDENTITY": "",
    "REDIS_URL": REQUIRED,
    "SLACK_APP_TOKEN": None,
    "SLACK_BOT_TOKEN": None,
    "SLACK_SIGNING_SECRET": None,
}
SERVICES = [(Operator, OPERATOR), (Analyzer, ANALYZER), (Gateway, GATEWAY)]


def ours(settings: type[ServiceSettings]) -> set[str]:
    return {name for name in environment_names(settings).values() if name.startswith("LOGJEDI_")}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_configuration", DOCS / "generate_configuration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("settings", "pinned"), SERVICES, ids=["operator", "analyzer", "gateway"])
def test_every_default_is_pinned(settings: type[ServiceSettings], pinned: dict[str, Any]) -> None:
    names = environment_names(settings)
    found = {
        names[field]: REQUIRED if info.is_required() else info.get_default(call_default_factory=True)
        for field, info in settings.model_fields.items()
    }
    assert found == pinned


@pytest.mark.parametrize("settings", [Operator, Analyzer, Gateway])
def test_every_setting_says_what_it_does(settings: type[ServiceSettings]) -> None:
    assert [name for name, info in settings.model_fields.items() if not info.description] == []


def test_known_settings_are_exactly_those_of_the_services_and_of_development() -> None:
    assert ours(Operator) == known_settings.OPERATOR
    assert ours(Analyzer) == known_settings.ANALYZER
    assert ours(Gateway) == known_settings.GATEWAY
    services = ours(Operator) | ours(Analyzer) | ours(Gateway)
    assert services | known_settings.DEVELOPMENT == known_settings.KNOWN
    assert not services & known_settings.DEVELOPMENT


def test_the_page_is_up_to_date(generator: ModuleType) -> None:
    assert generator.main(["--check"]) == 0


def test_a_stale_page_is_named_with_its_cure(
    generator: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "configuration.md"
    assert generator.main(["--check", "--page", str(page)]) == 1
    assert generator.main(["--page", str(page)]) == 0
    assert generator.main(["--check", "--page", str(page)]) == 0
    page.write_text(page.read_text() + "by hand\n")
    capsys.readouterr()
    assert generator.main(["--check", "--page", str(page)]) == 1
    assert capsys.readouterr().err == f"{page}: does not fit the settings classes; run make generate\n"


def test_every_setting_is_on_the_page() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8")
    assert [name for pinned in (OPERATOR, ANALYZER, GATEWAY) for name in pinned if f"| `{name}`" not in page] == []
