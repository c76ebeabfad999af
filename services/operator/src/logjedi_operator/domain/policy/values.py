"""Is this a value that the field may take? One small check for each shape; none of them knows a group or a kind.

A check returns, or refuses with a rule's short name. Bounds hold for what changes: a value that is live already passes.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from logjedi_contracts import images, paths, quantities
from logjedi_operator.domain.policy.asking import Question, shown
from logjedi_operator.domain.policy.grammar import Shape

_LARGEST_INT: Final = 2**31 - 1
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TOLERATION: Final = frozenset({"key", "operator", "value", "effect", "tolerationSeconds"})


def image(question: Question) -> None:
    text = _string(question)
    try:
        proposed = images.parse(text)
    except ValueError as error:
        question.refuse("image-reference", str(error))
    rules, live = question.policy.images, question.before
    same = question.held_before or (isinstance(live, str) and images.same_repository(live, text))
    if question.unchanged or (rules.same_repository and same):
        return
    if not any(_covers(entry, proposed) for entry in rules.allow):
        question.refuse(
            "image-repository",
            f"{shown(text)} is not of the repository that runs there ({shown(_json(live))}) and images.allow "
            "does not list it; add its repository there if it may run",
        )


def env_value(question: Question) -> None:
    _string(question)
    there = question.above(1)
    if isinstance(there, dict) and there.get("valueFrom"):
        question.refuse("type", "the variable gets its value from a reference; change the reference, not the value")


def new_item(question: Question) -> None:
    if question.value != {}:
        question.refuse("type", f"a map with fields is meant here, not {shown(question.value)}")


def replicas(question: Question) -> None:
    count = _integer(question)
    bounds = question.policy.bounds.replicas
    if not question.unchanged and not bounds.min <= count <= bounds.max:
        question.refuse("replicas-bounds", f"{count} replicas; the policy allows {bounds.min} to {bounds.max}")


def quantity(question: Question) -> None:
    amount = _amount(question)
    resource, table = question.keys[-1], question.keys[-2]
    if question.unchanged:
        return
    if resource == "memory" and amount != amount.to_integral_value():
        question.refuse("type", f"{shown(question.value)} is a broken number of bytes; {_slip(question.value)}")
    ceiling = {"memory": question.policy.bounds.memory, "cpu": question.policy.bounds.cpu}.get(resource)
    if ceiling is not None:
        _below(question, amount, ceiling, unlimited=table == "limits")
    _step(question, amount, bounded=ceiling is not None)


def text(question: Question) -> None:
    _string(question)


def integer(question: Question) -> None:
    _integer(question)


def boolean(question: Question) -> None:
    if not isinstance(question.value, bool):
        question.refuse("type", f"true or false is meant here, not {shown(question.value)}")


def port(question: Question) -> None:
    number = question.value if _is_int(question.value) else None
    name = isinstance(question.value, str) and 0 < len(question.value) <= 15
    if not name and not (number is not None and 0 < number < 65_536):
        question.refuse("type", f"a port number or name is meant here, not {shown(question.value)}")


def strings(question: Question) -> None:
    value = question.value
    if not (isinstance(value, list) and value and all(isinstance(part, str) for part in value)):
        question.refuse("type", f"a list of texts is meant here, not {shown(value)}")


def identity(question: Question) -> None:
    if _integer(question) == 0 and not question.unchanged:
        question.refuse("privilege", "0 is root; no patch may make a container run as root")


def non_root(question: Question) -> None:
    boolean(question)
    if question.value is False and not question.unchanged:
        question.refuse("privilege", "no patch may take back that a container must not run as root")


def tolerations(question: Question) -> None:
    value = question.value
    if not isinstance(value, list) or not all(map(_is_toleration, value)):
        question.refuse("type", f"a list of tolerations is meant here, not {shown(value)}")


def timestamp(question: Question) -> None:
    if not _RFC3339.fullmatch(_string(question)):
        question.refuse("type", f"an RFC 3339 time is meant here, not {shown(question.value)}")


CHECKS: Final[dict[Shape, Callable[[Question], None]]] = {
    Shape.IMAGE: image,
    Shape.TEXT: text,
    Shape.ENV_VALUE: env_value,
    Shape.NEW_ITEM: new_item,
    Shape.REPLICAS: replicas,
    Shape.QUANTITY: quantity,
    Shape.INTEGER: integer,
    Shape.BOOLEAN: boolean,
    Shape.PORT: port,
    Shape.STRINGS: strings,
    Shape.IDENTITY: identity,
    Shape.NON_ROOT: non_root,
    Shape.TOLERATIONS: tolerations,
    Shape.TIMESTAMP: timestamp,
}


def _is_toleration(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= _TOLERATION


def _below(question: Question, amount: Decimal, ceiling: str, *, unlimited: bool) -> None:
    rule = f"{question.keys[-1]}-ceiling"
    if unlimited and not amount:
        question.refuse(rule, f"a limit of 0 means no limit; the policy's ceiling is {ceiling}")
    if amount > quantities.parse(ceiling):
        question.refuse(rule, f"{question.value} is above the policy's ceiling of {ceiling} for one container")


def _step(question: Question, amount: Decimal, *, bounded: bool) -> None:
    step, live = question.policy.bounds.step, _live_amount(question)
    if question.held_before:
        return
    if live and amount > live * step:
        question.refuse("step", f"from {question.before} to {question.value} is more than {step} times as much at once")
    if not live and not bounded:
        question.refuse("step", "nothing is set there now and the policy has no ceiling for it; set it by hand")


def _live_amount(question: Question) -> Decimal:
    """Read what is live; 0 where nothing is, or where a 0 means no limit: there is nothing to grow from."""
    try:
        return quantities.parse(question.before)
    except ValueError:
        return Decimal(0)


def _amount(question: Question) -> Decimal:
    try:
        amount = quantities.parse(question.value)
    except ValueError as error:
        question.refuse("type", str(error))
    if amount < 0:
        question.refuse("type", f"{question.value} is negative")
    return amount


def _slip(value: Any) -> str:
    return "m means thousandths, M and Mi are megabytes" if str(value).endswith("m") else "write for example 512Mi"


def _covers(entry: str, image: images.ImageReference) -> bool:
    """Tell whether an allow entry names the image's registry, its repository, or a path above it."""
    prefix = entry.removesuffix("/*").rstrip("/")
    return prefix in {"*", image.name} or image.name.startswith(prefix + "/")


def _string(question: Question) -> str:
    if not isinstance(question.value, str):
        question.refuse("type", f"a text is meant here, not {shown(question.value)}")
    return str(question.value)


def _integer(question: Question) -> int:
    if not _is_int(question.value) or not 0 <= question.value <= _LARGEST_INT:
        question.refuse("type", f"a whole number from 0 is meant here, not {shown(question.value)}")
    return int(question.value)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json(value: Any) -> Any:
    return None if value is paths.MISSING else value
