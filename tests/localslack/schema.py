"""The few shapes that Block Kit's rules are made of: fields, lengths, lists. Pure.

A rule yields problems in Slack's words with a JSON pointer, such as
``must be less than 3001 characters [json-pointer:/blocks/0/text/text]``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Rule = Callable[[Any, str], Iterator[str]]


def problem(text: str, at: str) -> str:
    return f"{text} [json-pointer:{at}]"


def string(*, most: int, least: int = 1) -> Rule:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", at)
        elif len(value) < least:
            yield problem(f"must be more than {least - 1} characters", at)
        elif len(value) > most:
            yield problem(f"must be less than {most + 1} characters", at)

    return check


def boolean(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield problem("must be a boolean", at)


def integer(least: int, most: int) -> Rule:
    def check(value: Any, at: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            yield problem(f"must be an integer from {least} to {most}", at)

    return check


def one_of(*allowed: str) -> Rule:
    def check(value: Any, at: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be one of: {', '.join(allowed)}", at)

    return check


def items(rule: Rule, *, most: int, least: int = 1) -> Rule:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", at)
            return
        if len(value) > most:
            yield problem(f"no more than {most} items allowed", at)
        if len(value) < least:
            yield problem(f"no fewer than {least} items allowed", at)
        for index, item in enumerate(value):
            yield from rule(item, f"{at}/{index}")

    return check


def fields(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and no others; ``type`` is the caller's."""
    rules = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must be an object", at)
            return
        yield from (problem(f"missing required field: {name}", at) for name in required if name not in value)
        for name, child in value.items():
            if name in rules:
                yield from rules[name](child, f"{at}/{name}")
            elif name != "type":
                yield problem(f"invalid additional property: {name}", at)

    return check


def by_type(rules: Mapping[str, Rule]) -> Rule:
    """An object whose ``type`` picks its rule."""

    def check(value: Any, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            yield problem("missing required field: type", at)
        elif kind not in rules:
            yield problem(f"unsupported type: {kind}", f"{at}/type")
        else:
            yield from rules[kind](value, at)

    return check


def unique(values: Iterable[tuple[str, str]], name: str) -> Iterator[str]:
    """``values``: pairs of value and pointer; the second of two equal ones is the problem."""
    seen: set[str] = set()
    for value, at in values:
        if value in seen:
            yield problem(f"`{name}` {value!r} already exists", at)
        seen.add(value)
