"""Where names and secrets stand in a Kubernetes object, and what is done with each.

A walk over plain JSON in the spelling of ``logjedi_contracts.paths``: items of merged lists at their merge key, items
of atomic lists (``envFrom``, ``args``, projected ``sources``) at the list's own path. Called by ``Redactor.object``.
"""

from typing import TYPE_CHECKING, Any, Final

from logjedi_contracts import paths
from logjedi_operator.domain.redaction import names
from logjedi_operator.domain.redaction.pseudonyms import Kind

if TYPE_CHECKING:
    from logjedi_operator.domain.redaction.redactor import Redactor

REFERENCES: Final = {
    "configMapRef": Kind.CONFIGMAP,
    "configMapKeyRef": Kind.CONFIGMAP,
    "configMap": Kind.CONFIGMAP,
    "secretRef": Kind.SECRET,
    "secretKeyRef": Kind.SECRET,
    "secret": Kind.SECRET,
    "nodePublishSecretRef": Kind.SECRET,
    "imagePullSecrets": Kind.SECRET,
}
"""Fields whose ``name`` is a reference; ``key`` and the keys of ``items`` beside it are keys in that object."""
NAMES: Final = {
    "secretName": Kind.SECRET,
    "secretProviderClass": Kind.SECRET,
    "claimName": Kind.PVC,
    "serviceAccountName": Kind.SERVICEACCOUNT,
    "serviceAccount": Kind.SERVICEACCOUNT,
}
DROPPED: Final = frozenset({"managedFields", "kubectl.kubernetes.io/last-applied-configuration"})
"""Copies of the object itself, in forms of their own."""

_TEXTS = frozenset({"message", "subPath", "subPathExpr"})


def mask(value: Any, path: str, redactor: "Redactor") -> Any:
    """Mask ``value``, which stands at ``path``. The input is left alone."""
    name = paths.split(path)[-1] if path else ""
    return _walk(value, path, name, redactor)


def _walk(value: Any, path: str, name: str, redactor: "Redactor") -> Any:
    if isinstance(value, dict):
        return _map(value, path, name, redactor)
    if isinstance(value, list):
        return _list(value, path, name, redactor)
    if isinstance(value, str):
        return _leaf(value, path, name, redactor)
    return value


def _map(value: dict[str, Any], path: str, name: str, redactor: "Redactor") -> dict[str, Any]:
    if name == "annotations":
        return _annotations(value, path, redactor)
    kind = REFERENCES.get(name)
    masked = {}
    for key, item in value.items():
        place = paths.join(path, str(key))
        if key in DROPPED:
            continue
        if kind is not None and isinstance(item, str) and key in {"name", "key"}:
            masked[key] = redactor.reference(kind if key == "name" else Kind.KEY, item, place)
        elif kind is not None and key == "items":
            masked[key] = _keys(item, place, redactor)
        else:
            masked[key] = _walk(item, place, str(key), redactor)
    return masked


def _list(items: list[Any], path: str, name: str, redactor: "Redactor") -> list[Any]:
    key = paths.MERGE_KEYS.get(name)
    if name in {"command", "args"}:
        return _arguments(items, path, redactor)
    if key is None or not all(isinstance(item, dict) and key in item for item in items):
        return [_atomic(item, path, name, redactor) for item in items]
    if name == "imagePullSecrets":
        return [_pull_secret(item, path, redactor) for item in items]
    return [_item(item, f"{path}[{item[key]}]", name, key, redactor) for item in items]


def _item(item: dict[str, Any], path: str, name: str, key: str, redactor: "Redactor") -> dict[str, Any]:
    """An item of a merged list; its merge key stays in clear, for it is part of paths."""
    masked = {}
    for part, value in item.items():
        place = paths.join(path, str(part))
        if part == key:
            masked[part] = value
        elif name == "env" and part == "value" and isinstance(value, str):
            masked[part] = _env(str(item[key]), value, place, redactor)
        else:
            masked[part] = _walk(value, place, str(part), redactor)
    return masked


def _env(name: str, value: str, path: str, redactor: "Redactor") -> str:
    """Mask the whole value for its name, or if it holds anything secret."""
    if value and names.is_secret(name):
        return redactor.secret(value, path)
    return redactor.conceal(value, path) if redactor.is_suspect(value) else value


def _pull_secret(item: dict[str, Any], path: str, redactor: "Redactor") -> dict[str, Any]:
    """The one merge key that is a secret name: the path itself is spelt with the pseudonym."""
    masked = redactor.table.name(Kind.SECRET, str(item["name"]))
    return {**item, "name": redactor.reference(Kind.SECRET, str(item["name"]), f"{path}[{masked}]")}


def _atomic(value: Any, path: str, name: str, redactor: "Redactor") -> Any:
    """Everything in an atomic list stands at the list's own path."""
    if isinstance(value, list):
        return [_atomic(item, path, name, redactor) for item in value]
    if not isinstance(value, dict):
        return _leaf(value, path, name, redactor) if isinstance(value, str) else value
    if name == "httpHeaders" and isinstance(value.get("value"), str):
        return {**value, "value": redactor.secret(value["value"], path)}
    return {key: _atomic_field(key, item, path, name, redactor) for key, item in value.items() if key not in DROPPED}


def _atomic_field(key: str, item: Any, path: str, name: str, redactor: "Redactor") -> Any:
    kind = REFERENCES.get(name)
    if kind is not None and isinstance(item, str) and key in {"name", "key"}:
        return redactor.reference(kind if key == "name" else Kind.KEY, item, path)
    if kind is not None and key == "items":
        return _keys(item, path, redactor)
    if key in {"command", "args"} and isinstance(item, list):
        return _arguments(item, path, redactor)
    return _atomic(item, path, key, redactor)


def _keys(items: Any, path: str, redactor: "Redactor") -> Any:
    """``items`` of a ConfigMap, Secret or projected volume: ``[{key, path, mode}]``; downward API items have no key."""
    if not isinstance(items, list):
        return items
    return [
        {**item, "key": redactor.reference(Kind.KEY, item["key"], path)}
        if isinstance(item, dict) and isinstance(item.get("key"), str)
        else item
        for item in items
    ]


def _arguments(items: list[Any], path: str, redactor: "Redactor") -> list[Any]:
    """Command lines: a flag with a secret name hides the argument after it."""
    masked: list[Any] = []
    hide = False
    for item in items:
        if not isinstance(item, str):
            masked.append(item)
        elif hide and not item.startswith("--"):
            masked.append(redactor.secret(item, path))
        else:
            masked.append(redactor.field(item, path))
        hide = isinstance(item, str) and item.startswith("-") and "=" not in item and names.is_secret(item.lstrip("-"))
    return masked


def _annotations(found: dict[str, Any], path: str, redactor: "Redactor") -> dict[str, Any]:
    masked = {}
    for key, value in found.items():
        place = paths.join(path, key)
        if key in DROPPED:
            redactor.count += 1
        elif not isinstance(value, str):
            masked[key] = value
        elif names.is_secret(key.rpartition("/")[2]):
            masked[key] = redactor.secret(value, place)
        else:
            masked[key] = redactor.field(value, place, names=True)
    return masked


def _leaf(value: str, path: str, name: str, redactor: "Redactor") -> str:
    kind = NAMES.get(name)
    if kind is not None and value not in {"", "default"}:
        return redactor.reference(kind, value, path)
    if name == "secretName" or not value:
        return value
    return redactor.field(value, path, names=name in _TEXTS)
