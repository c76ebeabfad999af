"""How the three services read their settings, and how they refuse bad ones.

A field's environment name is ``LOGJEDI_<FIELD>``, or its alias where the roadmap gave its users a name. A ``LOGJEDI_*``
variable that no service knows is an error naming the nearest known one; names that Kubernetes injects for
Services (``LOGJEDI_…_SERVICE_HOST``, ``…_PORT_80_TCP``) are not. Errors never show a value.
"""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ValidationError, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict, SettingsError

from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.known_settings import KNOWN

_LINK_VALUE = re.compile(r"^(tcp|udp|sctp)://")
_SERVICE_LINK = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$")


def _names(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
"""A comma-separated list; blanks round the names and empty names are dropped."""


class ServiceSettings(BaseSettings):
    """Base of each service's one frozen settings class."""

    model_config = SettingsConfigDict(
        env_prefix="LOGJEDI_",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def load(cls, env_file: Path | None = None) -> Self:
        """Read the environment (and a ``.env`` file, which the environment overrides).

        Raises ``ConfigurationError`` with one line for each problem: setting, cause, cure.
        """
        filed = DotEnvSettingsSource(cls, env_file=env_file).env_vars if env_file else {}
        problems = unknown_names({name.upper(): value or "" for name, value in filed.items()} | dict(os.environ))
        try:
            settings = cls(_env_file=env_file)
        except ValidationError as error:
            raise ConfigurationError(problems + _problems(cls, error)) from None
        except SettingsError as error:
            raise ConfigurationError([*problems, f"settings: {error}; see docs/configuration.md"]) from None
        if problems:
            raise ConfigurationError(problems)
        return settings

    @model_validator(mode="before")
    @classmethod
    def _without_unset(cls, values: Any) -> Any:
        """Drop what is no setting: ``NAME=`` where absence means something, and a Service's ``…_PORT=tcp://…``."""
        names = environment_names(cls)
        optional = {name for name, field in cls.model_fields.items() if field.default is None}
        empty = optional | {names[name] for name in optional}
        ports = {spelt for name in names if name.endswith("_port") for spelt in (name, names[name])}
        return {
            key: value
            for key, value in values.items()
            if not (key in empty and value == "") and not (key in ports and _LINK_VALUE.match(str(value)))
        }


def environment_names(model: type[BaseSettings]) -> dict[str, str]:
    """Map each field to the environment variable that sets it."""
    prefix = model.model_config.get("env_prefix", "")
    return {
        name: field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()
        for name, field in model.model_fields.items()
    }


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """List a problem for each ``LOGJEDI_*`` name that no service knows."""
    problems = []
    for name in sorted(environment):
        if not name.startswith("LOGJEDI_") or name in KNOWN or name.startswith("LOGJEDI_TEST_"):
            continue
        if _SERVICE_LINK.search(name) or (name.endswith("_PORT") and _LINK_VALUE.match(environment[name])):
            continue
        rest = {known.removeprefix("LOGJEDI_"): known for known in sorted(KNOWN)}  # the prefix makes all alike
        near = difflib.get_close_matches(name.removeprefix("LOGJEDI_"), rest, n=1, cutoff=0.6)
        cure = f"did you mean {rest[near[0]]}?" if near else "remove it"
        problems.append(f"{name}: no service knows this setting; {cure}")
    return problems


def _problems(model: type[BaseSettings], error: ValidationError) -> list[str]:
    names = environment_names(model)
    rows = error.errors(include_input=False, include_url=False, include_context=False)
    lines = []
    for row in rows:
        cause = row["msg"]
        if not row["loc"]:  # wrong together: the validator's own text names the settings
            lines.append(cause.removeprefix("Value error, "))
            continue
        name = names.get(str(row["loc"][0]), str(row["loc"][0]))
        said = "is not set; give it a value" if row["type"] == "missing" else f"{cause}; see docs/configuration.md"
        lines.append(f"{name}: {said}")
    return lines
