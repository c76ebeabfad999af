# ruff: noqa: INP001  # a script beside what it writes, no package
"""Write docs/configuration.md from the settings classes of the three services.

``python docs/generate_configuration.py`` writes, ``--check`` only says whether the page is stale.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from logjedi_analyzer.settings import Settings as Analyzer
from logjedi_approval_gateway.settings import Settings as Gateway
from logjedi_contracts.settings import ServiceSettings, environment_names
from logjedi_operator.settings import Settings as Operator

PAGE = Path(__file__).with_name("configuration.md")
SERVICES: dict[str, type[ServiceSettings]] = {"operator": Operator, "analyzer": Analyzer, "approval-gateway": Gateway}
INTRODUCTION = """\
# Configuration

<!-- Generated from the settings classes by docs/generate_configuration.py: change those. -->

Every service reads its settings from the environment, once, at its start. A `LOGJEDI_*` variable that no service
knows is an error that names the nearest known one; so is a value that cannot be read. Each error is one line: setting,
cause, cure. Where a setting is optional, `NAME=` is the same as leaving it out. Durations are written `250ms`, `30s`,
`5m`, `4h`, `7d`, `1h30m`, or as a number of seconds, and are at most a year. Lists are separated by commas. Secrets
never appear in errors or logs.
"""


@dataclass
class Row:
    """One environment variable. ``services``: what each that reads it says of default, values and effect."""

    name: str
    services: dict[str, tuple[str, str, str]] = field(default_factory=dict)


def rows() -> list[Row]:
    """List every variable of every service, sorted by name; one that several read stands once."""
    found: dict[str, Row] = {}
    for service, settings in SERVICES.items():
        for attribute, name in environment_names(settings).items():
            info = settings.model_fields[attribute]
            said = (_default(info), _values(info), _effect(info))
            found.setdefault(name, Row(name)).services[service] = said
    return [found[name] for name in sorted(found)]


def page() -> str:
    """Spell the whole page."""
    shared = [row for row in rows() if len(row.services) > 1]
    parts = [INTRODUCTION, _section("Several services", shared)]
    for service in SERVICES:
        own = [row for row in rows() if list(row.services) == [service]]
        parts.append(_section(service.replace("-", " ").capitalize(), own))
    return "\n".join(parts)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write docs/configuration.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page is stale")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(words)
    if not options.check:
        options.page.write_text(page(), "utf-8")
        return 0
    if options.page.exists() and options.page.read_text("utf-8") == page():
        return 0
    sys.stderr.write(f"{options.page}: does not fit the settings classes; run make generate\n")
    return 1


def _section(title: str, listed: list[Row]) -> str:
    lines = [f"## {title}", "", "| setting | default | values | effect |", "|---|---|---|---|"]
    lines += [line for row in listed for line in _lines(row)]
    return "\n".join(lines) + "\n"


def _lines(row: Row) -> Iterator[str]:
    """One line for each way in which the services see the variable; services that agree share one."""
    ways: dict[tuple[str, str, str], list[str]] = {}
    for service, said in row.services.items():
        ways.setdefault(said, []).append(service)
    for (default, values, effect), services in ways.items():
        whose = f" *({', '.join(services)})*" if len(row.services) > 1 else ""
        yield f"| `{row.name}`{whose} | {default} | {values} | {effect} |"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**required**"
    value = info.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value in ("", ()):
        return "none"
    return f"`{_spelt(value)}`"


def _spelt(value: Any) -> str:
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.value if isinstance(value, Enum) else value)


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0 and (unit != "d" or seconds > size):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _values(info: FieldInfo) -> str:
    kinds = [kind for kind in _flat(info.annotation) if kind is not type(None)]
    words = ", ".join(dict.fromkeys(word for kind in kinds for word in _kind(kind)))
    bounds = [said for constraint in _constraints(info) if (said := _bound(constraint))]
    return "; ".join([words, *bounds]) if bounds else words


def _flat(annotation: Any) -> Iterator[Any]:
    """Take unions and ``Annotated`` apart down to plain types and literals."""
    if get_origin(annotation) in (None, tuple, Literal):
        yield annotation
        return
    arguments = get_args(annotation)
    annotated = hasattr(annotation, "__metadata__")
    for part in arguments[:1] if annotated else arguments:
        yield from _flat(part)


def _kind(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [f"`{_spelt(value)}`" for value in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [f"`{member.value}`" for member in kind]
    names = {timedelta: "duration", bool: "`true`, `false`", int: "whole number", float: "number", str: "text"}
    names |= {Path: "file", SecretStr: "secret"}
    return ["list" if get_origin(kind) is tuple else names.get(kind, str(kind))]


def _constraints(info: FieldInfo) -> Iterator[Any]:
    for each in info.metadata:
        yield from each.metadata if isinstance(each, FieldInfo) else (each,)


def _bound(constraint: Any) -> str:
    signs = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}", "max_length": "at most {} characters"}
    said = [text.format(getattr(constraint, name)) for name, text in signs.items() if hasattr(constraint, name)]
    if getattr(constraint, "min_length", 0):
        said.append("not empty")
    if pattern := getattr(constraint, "pattern", None):
        said.append(f"matches `{_cell(str(pattern))}`")
    return ", ".join(said)


def _effect(info: FieldInfo) -> str:
    return _cell(re.sub(r"``([^`]*)``", r"`\1`", " ".join((info.description or "").split())))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
