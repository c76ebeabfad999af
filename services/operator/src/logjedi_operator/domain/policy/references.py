"""May this reference point there? Only what is referred to already may change its name or key.

A new reference, or another kind of one, is refused. For Secrets and ServiceAccounts the new name must moreover be a
near-match of the old one, or one that an earlier revision of this object used: a patch that corrects a slip
may not become a way to read another Secret or to act as another account.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from logjedi_contracts import canonical, paths, spelling
from logjedi_operator.domain.policy.asking import Question, shown
from logjedi_operator.domain.policy.grammar import Shape

_ABSENT: Final = object()
_NAMES: Final = frozenset({"name", "key"})


def reference(question: Question) -> None:
    _existing(question)


def secret_name(question: Question) -> None:
    _near(question, *_existing(question), rule="new-secret-reference")


def account_name(question: Question) -> None:
    _near(question, *_existing(question), rule="new-reference")


def reference_list(question: Question) -> None:
    """Let through an atomic list that differs from the live one in names and keys of references alone."""
    if not isinstance(question.value, list):
        question.refuse("type", f"a list is meant here, not {shown(question.value)}")
    if question.before is paths.MISSING:
        question.refuse(_rule_of(question.value), "nothing is referred to there now; a patch may not add a reference")
    for trail, old, new in _differences(question.before, question.value):
        _list_entry(question, trail, old, new)


def pull_secret(question: Question) -> None:
    if question.value != {}:
        question.refuse("type", "a pull secret is a name alone")
    live, name = question.above(1), question.keys[-1]
    names = [entry.get("name", "") for entry in live] if isinstance(live, list) else []
    if name not in names and not any(is_near(old, name) for old in names) and not question.held_before:
        question.refuse(
            "new-secret-reference",
            f"pull secret {shown(name)} is neither a near-match of one that is named now nor an earlier one",
        )


CHECKS: Final[dict[Shape, Callable[[Question], None]]] = {
    Shape.REFERENCE: reference,
    Shape.SECRET_NAME: secret_name,
    Shape.ACCOUNT_NAME: account_name,
    Shape.REFERENCE_LIST: reference_list,
    Shape.PULL_SECRET: pull_secret,
}


def is_near(first: str, second: str) -> bool:
    """Tell whether one name could be a slip for the other: equal once folded, or two edits apart (short ones: one)."""
    if spelling.fold(first) == spelling.fold(second):
        return True
    reach = 1 if min(len(first), len(second)) < 6 else 2
    return abs(len(first) - len(second)) <= reach and spelling.edits(first, second) <= reach


def flag(question: Question) -> str:
    """Word what a person must be shown about a changed reference."""
    return f"{question.path}: now refers to {shown(question.value)} instead of {shown(question.before)}"


def _existing(question: Question) -> tuple[str, str]:
    old, new = question.before, question.value
    if not isinstance(new, str) or not new:
        question.refuse("type", f"a name is meant here, not {shown(new)}")
    if not isinstance(old, str) or not old:
        rule = "new-secret-reference" if _is_secret(question.keys) else "new-reference"
        question.refuse(rule, f"refers to {shown(new)}, where nothing of that kind is referred to now")
    return old, new


def _near(question: Question, old: str, new: str, *, rule: str) -> None:
    if old != new and not is_near(old, new) and not question.held_before:
        question.refuse(rule, f"{shown(new)} is neither a near-match of {shown(old)} nor of an earlier revision")


def _list_entry(question: Question, trail: tuple[str, ...], old: Any, new: Any) -> None:
    rule = "new-secret-reference" if _concerns_secret(question, trail) else "new-reference"
    renamed = trail and trail[-1] in _NAMES and isinstance(old, str) and isinstance(new, str) and new
    if not renamed:
        question.refuse(rule, f"differs from what is live in {'.'.join(trail) or 'length'}; only names and keys may")
    if trail[-1] == "name" and rule == "new-secret-reference":
        _near(question, old, new, rule=rule)


def _concerns_secret(question: Question, trail: tuple[str, ...]) -> bool:
    """Tell whether the list entry that differs, or is new, refers to a Secret, before or after."""
    old, new = question.before, question.value
    there = old if isinstance(old, list) else []
    entries = [old[int(trail[0])], new[int(trail[0])]] if trail else [entry for entry in new if entry not in there]
    words = {str(key) for entry in entries if isinstance(entry, dict) for key in entry}
    return _is_secret([*question.keys, *words])


def _differences(old: Any, new: Any, trail: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key, _ABSENT), new.get(key, _ABSENT), (*trail, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, two, (*trail, str(index)))
    elif _ABSENT in (old, new) or canonical.dumps(old) != canonical.dumps(new):
        yield trail, old, new


def _rule_of(value: Any) -> str:
    return "new-secret-reference" if "secret" in canonical.dumps(value).lower() else "new-reference"


def _is_secret(keys: Any) -> bool:
    return any(key in {"secret", "secretRef", "secretKeyRef", "imagePullSecrets"} for key in keys)
