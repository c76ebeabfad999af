"""The analyzer's settings, read once by ``__main__``. The reference page is generated from these docstrings."""

from datetime import timedelta
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from logjedi_contracts.settings import ServiceSettings

PROVIDERS = ("mock",)
"""Model providers that this version can use."""
PLANNED_PROVIDERS = ("openai", "bedrock", "gemini", "anthropic", "ollama", "litellm")


class DiagnoserName(StrEnum):
    PLAYBOOK = "playbook"
    AGENT = "agent"
    AUTO = "auto"


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_file_encoding="utf-8")

    llm_provider: str = Field(default="", validation_alias="LLM_PROVIDER")
    """The model provider of the agent. Empty or ``none``: no model, the playbook answers alone. ``mock`` needs no key:
    it answers with the playbook's finding through the whole agent path."""

    llm_service_auth_header: SecretStr | None = Field(default=None, validation_alias="LLM_SERVICE_AUTH_HEADER")
    """The exact ``Authorization`` value (``Bearer …``) that ``POST /analyze`` demands. Unset: anyone who reaches the
    port may ask, so leave it unset only where a NetworkPolicy says who that is."""

    analyzer_host: str = "0.0.0.0"  # noqa: S104 -- a pod serves its whole network; NetworkPolicy says who may come
    """Address to listen on."""

    analyzer_port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one and logs it."""

    diagnoser: DiagnoserName | None = None
    """Who answers: ``playbook``, ``agent`` (the model, the playbook when it fails) or ``auto`` (the model only where
    the playbook is unsure). Default: ``agent`` when a provider is set, else ``playbook``."""

    model_timeout: timedelta = timedelta(seconds=25)
    """Deadline over all that a model does for one analysis, in seconds; well below what the operator waits (60 s)."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is logged."""

    log_format: Literal["json", "text"] = "json"
    """One JSON object a line, or ``key=value`` rows for people."""

    @field_validator("llm_provider", mode="after")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        name = value.strip().casefold()
        if name in ("", "none"):
            return ""
        if name in PROVIDERS:
            return name
        known = "is not available in this version" if name in PLANNED_PROVIDERS else "is not a provider"
        raise ValueError(
            f"{name[:40]} {known}; available are: {', '.join(PROVIDERS)}, or leave it empty for the playbook"
        )

    @field_validator("llm_service_auth_header", mode="after")
    @classmethod
    def _no_empty_secret(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value and value.get_secret_value().strip() else None

    @field_validator("diagnoser", mode="before")
    @classmethod
    def _unset_diagnoser(cls, value: object) -> object:
        return value.strip().casefold() or None if isinstance(value, str) else value

    @field_validator("analyzer_port", mode="before")
    @classmethod
    def _not_a_service_link(cls, value: object) -> object:
        """Kubernetes sets ``LOGJEDI_ANALYZER_PORT=tcp://…`` for a Service ``logjedi-analyzer``; that is no setting."""
        return 8000 if isinstance(value, str) and value.startswith("tcp://") else value

    @field_validator("model_timeout", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value

    @field_validator("model_timeout", mode="after")
    @classmethod
    def _positive(cls, value: timedelta) -> timedelta:
        if value <= timedelta():
            raise ValueError("must be more than 0 seconds")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agent_needs_a_provider(self) -> Self:
        if self.diagnoser in (DiagnoserName.AGENT, DiagnoserName.AUTO) and not self.llm_provider:
            raise ValueError(
                f"LOGJEDI_DIAGNOSER={self.diagnoser} needs LLM_PROVIDER; available are: {', '.join(PROVIDERS)}"
            )
        return self

    @property
    def effective_diagnoser(self) -> DiagnoserName:
        """Resolve the default: a configured provider is meant to be used."""
        return self.diagnoser or (DiagnoserName.AGENT if self.llm_provider else DiagnoserName.PLAYBOOK)
