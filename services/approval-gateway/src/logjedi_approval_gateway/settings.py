"""The approval gateway's settings, read once by ``__main__`` and passed on by ``bootstrap`` as values."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr

from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.settings import ServiceSettings


def _none_if_empty(value: object) -> object:
    """Treat ``NAME=`` as not set: charts render optional values that way."""
    return None if value == "" else value


_OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_empty)]
_OptionalPath = Annotated[Path | None, BeforeValidator(_none_if_empty)]


class Settings(ServiceSettings):
    """Everything that can be chosen about the gateway."""

    redis_url: Annotated[str, Field(validation_alias="REDIS_URL", pattern=r"^(rediss?|unix)://")]
    """Where the streams and the approvals are: ``redis://``, ``rediss://`` or ``unix://``. It need not be trusted."""

    slack_bot_token: Annotated[_OptionalSecret, Field(validation_alias="SLACK_BOT_TOKEN")] = None
    """Bot token (``xoxb-``). Slack is on when this and the signing secret are given, off when neither is."""

    slack_signing_secret: Annotated[_OptionalSecret, Field(validation_alias="SLACK_SIGNING_SECRET")] = None
    """Proves that a click comes from Slack. Given together with the bot token or not at all."""

    slack_app_token: Annotated[_OptionalSecret, Field(validation_alias="SLACK_APP_TOKEN")] = None
    """App-level token for Socket Mode. Known, not used yet: clicks come over HTTP."""

    slack_channel: str = ""
    """Id of the channel (``C…``) that is asked. Required when Slack is on."""

    slack_api_url: Annotated[str, Field(pattern=r"^https?://.+/$")] = "https://slack.com/api/"
    """Slack's Web API, with its trailing slash. Another address serves tests and proxies."""

    approval_rules_file: _OptionalPath = None
    """YAML file that says who decides what. Required unless ``LOGJEDI_NOTIFY_ONLY`` is on."""

    signing_key_file: Path
    """Ed25519 private key in PEM that signs votes. Operators hold the public half."""

    operator_keys: Annotated[str, Field(min_length=1)]
    """Public keys of the operators that are believed, comma-separated, each ``PATH`` or ``CLUSTER=PATH``."""

    gateway_host: str = "0.0.0.0"  # noqa: S104 - the gateway is the service that is reached from outside
    """Address to listen on."""

    gateway_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port of ``/slack/events``, the page, ``/health``, ``/ready`` and ``/metrics``. 0 takes a free one."""

    web_development_identity: str = ""
    """Who clicks on the page, on loopback alone. Empty: the page is read-only."""

    notify_only: bool = False
    """Show proposals although nobody may approve them. Without it, rules without an approver are an error."""

    public_url: Annotated[str, Field(pattern=r"^(https?://.+)?$")] = ""
    """Address of the page for links in messages, for example ``https://logjedi.example.com``. Empty: no links."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is logged."""

    log_format: Literal["json", "text"] = "json"
    """``json`` for collectors, ``text`` for people."""

    @classmethod
    def load(cls, env_file: Path | None = None) -> Self:
        """Read and cross-check the settings. Raises ``ConfigurationError``, one line a problem."""
        settings = super().load(env_file)
        settings.check()
        return settings

    @property
    def slack_on(self) -> bool:
        return self.slack_bot_token is not None and self.slack_signing_secret is not None

    @property
    def operator_key_entries(self) -> list[str]:
        return [entry.strip() for entry in self.operator_keys.split(",") if entry.strip()]

    def check(self) -> None:
        """Raise ``ConfigurationError`` for values that are wrong together."""
        if problems := [*self._slack_problems(), *self._other_problems()]:
            raise ConfigurationError(problems)

    def _slack_problems(self) -> list[str]:
        problems = []
        if (self.slack_bot_token is None) != (self.slack_signing_secret is None):
            missing = "SLACK_BOT_TOKEN" if self.slack_bot_token is None else "SLACK_SIGNING_SECRET"
            problems.append(f"{missing}: is not set while its other half is; give both, or neither to turn Slack off")
        if self.slack_on and not self.slack_channel:
            problems.append("LOGJEDI_SLACK_CHANNEL: is not set while Slack is on; give the id of a channel (C…)")
        return problems

    def _other_problems(self) -> list[str]:
        problems = []
        if self.approval_rules_file is None and not self.notify_only:
            problems.append(
                "LOGJEDI_APPROVAL_RULES_FILE: is not set, so nobody could approve; "
                "give a rules file, or set LOGJEDI_NOTIFY_ONLY=true"
            )
        if self.web_development_identity and not is_loopback(self.gateway_host):
            problems.append(
                "LOGJEDI_WEB_DEVELOPMENT_IDENTITY: lets anyone who reaches the page decide, and LOGJEDI_GATEWAY_HOST "
                "is not a loopback address; set LOGJEDI_GATEWAY_HOST=127.0.0.1 or unset the identity"
            )
        return problems


def is_loopback(host: str) -> bool:
    """Say whether ``host`` can only mean this machine. Names other than ``localhost`` are not resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
