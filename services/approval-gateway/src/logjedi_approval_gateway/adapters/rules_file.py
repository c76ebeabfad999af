"""Reads the approval rules (YAML) strictly: a rule that is misread could let anybody in.

Unknown and repeated keys are errors. Problems name the rule and the field, never guess, and are raised together
as ``ConfigurationError``.
"""

import re
from collections.abc import Hashable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from logjedi_approval_gateway.domain.rules import Match, People, Rule, Rules
from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.messages import ActionType, Severity

SETTING = "LOGJEDI_APPROVAL_RULES_FILE"
_DURATION = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value) or _seconds(value) == 0:
        raise ValueError("is no duration; write a number with s, m, h or d, such as 4h")
    return value


def _not_blank(value: str) -> str:
    if not value.strip() or value != value.strip():
        raise ValueError("is empty or has spaces around it")
    return value


Text = Annotated[str, Field(max_length=256), AfterValidator(_not_blank)]
Texts = Annotated[list[Text], Field(max_length=1000)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel, hide_input_in_errors=True)


class _Match(_Closed):
    clusters: Texts = []
    namespaces: Texts = []
    severities: list[Annotated[Severity, Field(strict=False)]] = []
    actions: list[Annotated[ActionType, Field(strict=False)]] = []


class _People(_Closed):
    slack: Texts = []
    slack_groups: Texts = []
    teams: Texts = []
    teams_groups: Texts = []
    web: Texts = []
    web_groups: Texts = []


class _Rule(_Closed):
    name: Text
    match: _Match = _Match()
    approvers: _People
    deny: _People = _People()
    min_approvals: Annotated[int, Field(ge=1, le=10)] = 1
    expires_after: Annotated[str, AfterValidator(_duration)] = "4h"


class _Person(_Closed):
    """One person and that person's id on each channel."""

    name: Text
    slack: Text | None = None
    teams: Text | None = None
    web: Text | None = None


class _File(_Closed):
    rules: Annotated[list[_Rule], Field(max_length=500)]
    people: Annotated[list[_Person], Field(max_length=5000)] = []


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a key may stand once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        if repeated := {str(name) for name in names if names.count(name) > 1}:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: {', '.join(sorted(repeated))} stands there more than once")
        return super().construct_mapping(node, deep)


def read(path: Path) -> Rules:
    """Read and check the file. Raises ``ConfigurationError``."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigurationError([f"{SETTING}: {path}: {error.strerror}; give a readable file"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        cause = " ".join(str(error).split())
        raise ConfigurationError([f"{SETTING}: {path}: is no YAML ({cause}); mend it"]) from error
    try:
        parsed = _File.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(_problems(path, content, error)) from None
    if problems := _contradictions(path, parsed):
        raise ConfigurationError(problems)
    return _rules(parsed)


def _rules(parsed: _File) -> Rules:
    ids = {
        f"{channel}:{one}": person.name
        for person in parsed.people
        for channel, one in (("slack", person.slack), ("teams", person.teams), ("web", person.web))
        if one
    }
    return Rules(tuple(_rule(rule) for rule in parsed.rules), ids)


def _rule(rule: _Rule) -> Rule:
    match = rule.match
    return Rule(
        name=rule.name,
        match=Match(
            clusters=tuple(match.clusters),
            namespaces=tuple(match.namespaces),
            severities=tuple(one.value for one in match.severities),
            actions=tuple(one.value for one in match.actions),
        ),
        approvers=_people(rule.approvers),
        deny=_people(rule.deny),
        min_approvals=rule.min_approvals,
        expires_after=timedelta(seconds=_seconds(rule.expires_after)),
    )


def _people(people: _People) -> People:
    return People(
        ids={"slack": frozenset(people.slack), "teams": frozenset(people.teams), "web": frozenset(people.web)},
        groups={
            "slack": frozenset(people.slack_groups),
            "teams": frozenset(people.teams_groups),
            "web": frozenset(people.web_groups),
        },
    )


def _contradictions(path: Path, parsed: _File) -> list[str]:
    """Find what is well-formed and cannot be meant."""
    problems = []
    names = [rule.name for rule in parsed.rules]
    problems += [f"rule {name!r}: name: stands there more than once" for name in sorted(_repeated(names))]
    for rule in map(_rule, parsed.rules):
        able = rule.approvers.actors() - rule.deny.actors()
        grouped = any(rule.approvers.groups.values())
        if rule.approvers.actors() and not able:
            problems.append(f"rule {rule.name!r}: deny: names every approver, so nobody could approve; remove one")
        elif able and not grouped and len(able) < rule.min_approvals:
            problems.append(f"rule {rule.name!r}: minApprovals: {rule.min_approvals} with {len(able)} approvers")
    ids = [one for person in parsed.people for one in (person.slack, person.teams, person.web) if one]
    problems += [f"people: {one!r} belongs to more than one person" for one in sorted(_repeated(ids))]
    people = [person.name for person in parsed.people]
    problems += [f"people: {name!r} stands there more than once" for name in sorted(_repeated(people))]
    return [f"{SETTING}: {path}: {problem}" for problem in problems]


def _repeated(values: list[str]) -> set[str]:
    return {value for value in values if values.count(value) > 1}


def _seconds(value: str) -> int:
    found = _DURATION.fullmatch(value)
    return int(found[1]) * _UNIT_S[found[2]] if found else 0


def _problems(path: Path, content: object, error: ValidationError) -> list[str]:
    rows = error.errors(include_input=False, include_url=False, include_context=False)
    return [f"{SETTING}: {path}: {_where(content, row['loc'])}: {_what(row)}" for row in rows]


def _where(content: Any, place: tuple[int | str, ...]) -> str:
    """Name the rule by its name where it has one: ``rule 'shop': match.namespaces``."""
    if len(place) < 2 or not isinstance(place[1], int):
        return ".".join(map(str, place)) or "the file"
    kind, index, field = place[0], place[1], place[2:]
    item = content[kind][index]
    name = repr(item["name"]) if isinstance(item, dict) and isinstance(item.get("name"), str) else f"number {index + 1}"
    return f"{'rule' if kind == 'rules' else 'person'} {name}: {'.'.join(map(str, field)) or 'itself'}"


def _what(row: Any) -> str:
    known = {"extra_forbidden": "is no known key; remove or correct it", "missing": "is missing; give it"}
    return str(known.get(row["type"], str(row["msg"]).removeprefix("Value error, ")))
