"""What people may see: real names, so that they know what they approve, but never a secret value.

Used for the record, cards, pages and log lines. Pseudonyms here are for the eye only; nothing puts them back.
"""

import json
from typing import Any

from logjedi_contracts import canonical, paths
from logjedi_contracts.messages import Change
from logjedi_operator.domain.redaction import names
from logjedi_operator.domain.redaction.redactor import Redactor


def scrub_text(text: str) -> str:
    """Mask the secrets in a line that is shown or logged."""
    return Redactor().text(text, names=False)


def is_secret_path(path: str, value: Any = None) -> bool:
    """Tell whether what stands at ``path`` (a JSON value) is a secret value, for its field's name or for itself."""
    return _named_secret(path) or (value is not None and _holds_secret(value))


def mask_changes(changes: list[Change]) -> list[Change]:
    """Mask the rows of a diff: equal secrets get equal pseudonyms, so that a change of one still shows as a change."""
    redactor = Redactor()
    return [
        change.model_copy(
            update={
                "before": _masked(change.path, change.before, redactor),
                "after": _masked(change.path, change.after, redactor),
            }
        )
        for change in changes
    ]


def mask_value(path: str, value: Any, redactor: Redactor) -> Any:
    """Mask one JSON value that stands at ``path``."""
    if isinstance(value, str):
        return redactor.secret(value, path) if _named_secret(path) else redactor.text(value, names=False)
    if isinstance(value, dict):
        return {key: mask_value(paths.join(path, str(key)), item, redactor) for key, item in value.items()}
    if isinstance(value, list):
        return _list(path, value, redactor)
    return value


def _list(path: str, items: list[Any], redactor: Redactor) -> list[Any]:
    masked: list[Any] = []
    before: Any = ""
    for item in items:
        flagged = isinstance(before, str) and before.startswith("-") and names.is_secret(before.lstrip("-"))
        if flagged and "=" not in before and isinstance(item, str):
            masked.append(redactor.secret(item, path))
        elif isinstance(item, dict) and "name" in item:
            masked.append(_named(path, item, redactor))
        else:
            masked.append(mask_value(path, item, redactor))
        before = item
    return masked


def _named(path: str, item: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """An env variable or header as a whole: ``{name, value}``."""
    place = f"{path}[{item['name']}]"
    return {key: mask_value(paths.join(place, str(key)), value, redactor) for key, value in item.items()}


def _masked(path: str, spelt: str | None, redactor: Redactor) -> str | None:
    if spelt is None:
        return None
    try:
        value = json.loads(spelt)
    except ValueError:
        return redactor.text(spelt, names=False)
    return canonical.dumps(mask_value(path, value, redactor))


def _named_secret(path: str) -> bool:
    """``….env[DB_PASS].value``, ``….httpHeaders[X].value``, ``metadata.annotations[token]``, ``data.password``."""
    try:
        keys = paths.split(path)
    except ValueError:
        return False
    if len(keys) >= 3 and keys[-1] == "value" and keys[-3] in {"env", "httpHeaders"}:
        return keys[-3] == "httpHeaders" or names.is_secret(keys[-2])
    if len(keys) >= 2 and keys[-2] in {"annotations", "stringData", "data"}:
        return keys[-2] != "annotations" or names.is_secret(keys[-1].rpartition("/")[2])
    return False


def _holds_secret(value: Any) -> bool:
    redactor = Redactor()
    mask_value("", value, redactor)
    return redactor.count > 0
