"""Which other objects, and which keys in them, a pod template refers to; which are missing; what could be meant.

Raw names throughout; ``usecases.collect_evidence`` masks them. Paths are those of ``logjedi_contracts.paths``: what
stands in an atomic list (``envFrom``, ``items``, projected ``sources``) has the list's path.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from logjedi_contracts import paths
from logjedi_operator.domain.evidence import distance
from logjedi_operator.domain.workload import Object

IMPLICIT: Final = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})
"""ConfigMaps that a controller puts into every namespace."""


ANY: Final = "*"
"""Stands for the object that a message about a volume's key does not name."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name in the template. ``parent`` is the object that a key is looked for in, else empty."""

    path: str
    kind: str
    name: str
    container: str = ""
    parent: str = ""
    optional: bool = False


@dataclass(slots=True)
class Existing:
    """What is there, as far as it is known. A kind that is not in ``names`` could not be read.

    ``keys``: (kind of the object, its name) → its keys. ``denied``: (kind, name) that the kubelet or a controller
    said are missing, keys as (``ConfigMapKey``, ``config/key``). ``hinted``: names that
    a healthy revision uses, or that are known of a kind with more objects than one list holds.
    """

    names: dict[str, set[str]] = field(default_factory=dict)
    keys: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    denied: set[tuple[str, str]] = field(default_factory=set)
    hinted: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A reference with what is known of it. ``exists`` ``None``: not known."""

    named: Named
    exists: bool | None
    candidates: list[distance.Near]


def judge(named: Named, existing: Existing) -> Judged:
    """Tell whether ``named`` exists, and what could have been meant if it does not (or may not)."""
    exists = _exists(named, existing)
    pool = set() if exists else _pool(named, existing)
    return Judged(named, exists, distance.nearest(named.name, pool))


def denials(text: str) -> Iterator[tuple[str, str]]:
    """Read what the kubelet or a controller says is missing: (kind, name), or (kind + ``Key``, ``object/key``)."""
    for match in _NOT_FOUND.finditer(text):
        kind = _KINDS.get(match[1].lower().replace(" ", "").rstrip("s"))
        if kind:
            yield kind, match[2].rpartition("/")[2]
    for match in _NO_KEY.finditer(text):
        yield f"{match[2]}Key", f"{match[3].rpartition('/')[2]}/{match[1]}"
    for match in _NO_ITEM.finditer(text):
        yield "ConfigMapKey" if match[1] == "config" else "SecretKey", f"{ANY}/{match[2]}"


def find(spec: Object, path: str) -> list[Named]:
    """List the references of a pod spec that stands at ``path``, in its order."""
    found: list[Named] = []
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or []:
            found += _container(container, f"{paths.join(path, group)}[{container.get('name', '')}]")
    for volume in spec.get("volumes") or []:
        found += _volume(volume, f"{paths.join(path, 'volumes')}[{volume.get('name', '')}]")
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account and account != "default":
        found.append(Named(paths.join(path, "serviceAccountName"), "ServiceAccount", account))
    for secret in spec.get("imagePullSecrets") or []:
        if secret.get("name"):
            place = f"{paths.join(path, 'imagePullSecrets')}[{secret['name']}]"
            found.append(Named(place, "Secret", secret["name"], optional=True))
    return found


_KINDS: Final = {
    "configmap": "ConfigMap",
    "secret": "Secret",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "serviceaccount": "ServiceAccount",
}
_NAME = r"([A-Za-z0-9./_-]{1,320})"
_NOT_FOUND = re.compile(
    rf"(?i)\b(configmaps?|secrets?|persistentvolumeclaims?|service ?accounts?)[\s:]{{1,2}}\"?{_NAME}\"? not found"
)
_NO_ITEM = re.compile(r"references non-existent (config|secret) key: ([A-Za-z0-9._-]{1,253})")
_NO_KEY = re.compile(rf"couldn't find key ([A-Za-z0-9._-]{{1,253}}) in (ConfigMap|Secret) {_NAME}")


def _exists(named: Named, existing: Existing) -> bool | None:
    if not named.parent:
        if named.kind in existing.names:
            return named.name in existing.names[named.kind]
        return False if (named.kind, named.name) in existing.denied else None
    keys = existing.keys.get((named.kind.removesuffix("Key"), named.parent))
    if keys is not None:
        return named.name in keys
    spelt = {(named.kind, f"{parent}/{named.name}") for parent in (named.parent, ANY)}
    return False if spelt & existing.denied else None


def _pool(named: Named, existing: Existing) -> set[str]:
    """Choose what to compare with: the names that exist; where these are not known, those a healthy revision uses."""
    if named.parent:
        keys = existing.keys.get((named.kind.removesuffix("Key"), named.parent))
        return existing.hinted.get(f"{named.kind}:{named.parent}", set()) if keys is None else keys
    denied = {name for kind, name in existing.denied if kind == named.kind}
    names = existing.names.get(named.kind)
    return (existing.hinted.get(named.kind, set()) if names is None else names) - IMPLICIT - denied


def _container(container: Object, path: str) -> Iterator[Named]:
    name = container.get("name", "")
    for env in container.get("env") or []:
        source = env.get("valueFrom") or {}
        for field_name, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            place = f"{paths.join(path, 'env')}[{env.get('name', '')}].valueFrom.{field_name}"
            yield from _key_reference(source.get(field_name), place, kind, name)
    for source in container.get("envFrom") or []:
        for field_name, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            ref = source.get(field_name) or {}
            if ref.get("name"):
                yield Named(paths.join(path, "envFrom"), kind, ref["name"], name, optional=_optional(ref))


def _key_reference(ref: Object | None, place: str, kind: str, container: str) -> Iterator[Named]:
    if not ref or not ref.get("name"):
        return
    yield Named(f"{place}.name", kind, ref["name"], container, optional=_optional(ref))
    if ref.get("key"):
        yield Named(f"{place}.key", f"{kind}Key", ref["key"], container, ref["name"], _optional(ref))


def _volume(volume: Object, path: str) -> Iterator[Named]:
    for field_name, name_field, kind in (("configMap", "name", "ConfigMap"), ("secret", "secretName", "Secret")):
        ref = volume.get(field_name) or {}
        if ref.get(name_field):
            place = f"{path}.{field_name}"
            yield Named(f"{place}.{name_field}", kind, ref[name_field], optional=_optional(ref))
            yield from _items(ref, f"{place}.items", kind, ref[name_field])
    claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
    if claim:
        yield Named(f"{path}.persistentVolumeClaim.claimName", "PersistentVolumeClaim", claim)
    place = f"{path}.projected.sources"
    for source in (volume.get("projected") or {}).get("sources") or []:
        for field_name, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
            ref = source.get(field_name) or {}
            if ref.get("name"):
                yield Named(place, kind, ref["name"], optional=_optional(ref))
                yield from _items(ref, place, kind, ref["name"])


def _items(ref: Object, place: str, kind: str, parent: str) -> Iterator[Named]:
    for item in ref.get("items") or []:
        if item.get("key"):
            yield Named(place, f"{kind}Key", item["key"], parent=parent, optional=_optional(ref))


def _optional(ref: dict[str, Any]) -> bool:
    return bool(ref.get("optional"))
