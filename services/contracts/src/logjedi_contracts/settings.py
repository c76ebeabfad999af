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

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.known_settings import KNOWN

_SERVICE_LINK = re.compile(r"_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$")


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
        problems = unknown_names(os.environ)
        try:
            settings = cls(_env_file=env_file)
        except ValidationError as error:
            raise ConfigurationError(problems + _problems(cls, error)) from None
        if problems:
            raise ConfigurationError(problems)
        return settings


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
        if _SERVICE_LINK.search(name):
            continue
        near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.6)
        cure = f"did you mean {near[0]}?" if near else "remove it"
        problems.append(f"{name}: no service knows this setting; {cure}")
    return problems


def _problems(model: type[BaseSettings], error: ValidationError) -> list[str]:
    names = environment_names(model)
    rows = error.errors(include_input=False, include_url=False, include_context=False)
    lines = []
    for row in rows:
        field = str(row["loc"][0]) if row["loc"] else ""
        name = names.get(field, field or "settings")
        cause = "is not set; give it a value" if row["type"] == "missing" else row["msg"]
        lines.append(f"{name}: {cause}")
    return lines
