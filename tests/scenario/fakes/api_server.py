"""An API server in memory: objects with uid, resourceVersion and generation, strategic-merge patches, a watch.

Passes the same conformance suite as the real one (``tests/integration/conformance``).
"""

import itertools
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from logjedi_contracts import paths
from logjedi_contracts.errors import Refused
from logjedi_operator.ports.cluster import Conflict

Object = dict[str, Any]
Key = tuple[str, str, str]
Watcher = Callable[[str, Object], None]

_KNOWN_IN_CONTAINER = frozenset(
    {"name", "image", "env", "envFrom", "resources", "ports", "command", "args", "volumeMounts", "livenessProbe",
     "readinessProbe", "startupProbe", "imagePullPolicy", "securityContext", "$patch", "$setElementOrder/env"}
)  # fmt: skip


@dataclass
class FakeApiServer:
    """``patches``: every patch that was persisted, in order. ``refusals``: what an admission webhook would say."""

    objects: dict[Key, Object] = field(default_factory=dict)
    watchers: list[Watcher] = field(default_factory=list)
    patches: list[Object] = field(default_factory=list)
    logs: dict[tuple[str, str], str] = field(default_factory=dict)
    admission: Callable[[Object, bool], str] | None = None
    """Called with the patched object and whether it is a dry run; returns words of refusal, or nothing."""
    writes: int = 0
    """How many there were: whoever wants to know whether anything changed compares this."""
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1000))

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        found = self.objects.get((kind, namespace, name))
        return copied(found) if found else None

    def list(self, kind: str, namespace: str) -> list[Object]:
        return [copied(o) for (k, n, _), o in sorted(self.objects.items()) if (k, n) == (kind, namespace)]

    def create(self, obj: Object) -> Object:
        key = key_of(obj)
        if key in self.objects:
            raise Conflict(f'{key[0]} "{key[2]}" already exists')
        number = next(self._numbers)
        made = copied(obj)
        made["metadata"] |= {"resourceVersion": str(number), "generation": 1}
        made["metadata"].setdefault("uid", f"uid-{number}")
        return self._store("ADDED", made)

    def replace(self, obj: Object, *, status: bool = False) -> Object:
        """PUT; with ``status`` only the status is taken over. A resourceVersion or uid that differs is a conflict."""
        there = self._there(key_of(obj))
        self._precondition(there, obj["metadata"])
        wanted = {**there, "status": copied(obj.get("status", {}))} if status else copied(obj)
        return self._update(there, wanted)

    def patch(self, key: Key, body: Object, *, dry_run: bool) -> Object:
        """Strategic-merge patch with strict field validation."""
        there = self._there(key)
        self._precondition(there, body.get("metadata") or {})
        _refuse_unknown(body)
        changed = merged(there, body)
        words = self.admission(changed, dry_run) if self.admission else ""
        if words:
            raise Refused("api-server", words)
        if dry_run:
            return self._bumped(there, changed)
        self.patches.append(copied(body))
        return self._update(there, changed)

    def edit(self, kind: str, namespace: str, name: str, change: Callable[[Object], None]) -> Object:
        """Let somebody else change an object, as it is now."""
        there = self._there((kind, namespace, name))
        wanted = copied(there)
        change(wanted)
        return self._update(there, wanted)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        gone = self.objects.pop((kind, namespace, name), None)
        if gone is not None:
            self._tell("DELETED", gone)

    def _there(self, key: Key) -> Object:
        if key not in self.objects:
            raise Refused("gone", f'{key[0].lower()}s "{key[2]}" not found')
        return self.objects[key]

    def _precondition(self, there: Object, asked: Object) -> None:
        version, uid = there["metadata"]["resourceVersion"], there["metadata"]["uid"]
        if asked.get("resourceVersion", version) != version:
            raise Conflict("the object has been modified; please apply your changes to the latest version")
        if asked.get("uid", uid) != uid:
            raise Refused("api-server", f'metadata.uid: Invalid value: "{asked["uid"]}": field is immutable')

    def _update(self, there: Object, wanted: Object) -> Object:
        wanted["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
        wanted["metadata"]["uid"] = there["metadata"]["uid"]
        if wanted == there:
            return copied(there)
        changed = self._bumped(there, wanted)
        changed["metadata"]["resourceVersion"] = str(next(self._numbers))
        return self._store("MODIFIED", changed)

    def _bumped(self, there: Object, wanted: Object) -> Object:
        """Raise the generation with the spec; a Deployment's with its annotations too, as the real server does."""
        changed, annotated = copied(wanted), wanted["kind"] == "Deployment"
        before, after = there["metadata"].get("annotations"), wanted["metadata"].get("annotations")
        if changed.get("spec") != there.get("spec") or (annotated and before != after):
            changed["metadata"]["generation"] = there["metadata"]["generation"] + 1
        return changed

    def _store(self, event: str, obj: Object) -> Object:
        self.objects[key_of(obj)] = obj
        self._tell(event, obj)
        return copied(obj)

    def _tell(self, event: str, obj: Object) -> None:
        self.writes += 1
        for watcher in list(self.watchers):
            watcher(event, copied(obj))


def copied(value: Any) -> Any:
    """Copy JSON, ten times as fast as ``copy.deepcopy``."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


def key_of(obj: Object) -> Key:
    return obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]


def merged(there: Any, patch: Any, name: str = "") -> Any:
    """Apply a strategic-merge patch: ``null`` removes, lists with a merge key merge, others are replaced."""
    if isinstance(patch, dict) and isinstance(there, dict):
        result = copied(there)
        for key, value in patch.items():
            if value is None:
                result.pop(key, None)
            else:
                result[key] = merged(result.get(key, _empty(value)), value, key)
        return result
    if isinstance(patch, list) and isinstance(there, list) and name in paths.MERGE_KEYS:
        return _merged_items(there, patch, paths.MERGE_KEYS[name])
    return copied(patch)


def _empty(value: Any) -> Any:
    return {} if isinstance(value, dict) else [] if isinstance(value, list) else None


def _merged_items(there: list[Object], patch: list[Object], merge_key: str) -> list[Object]:
    items = {item[merge_key]: copied(item) for item in there}
    for change in patch:
        if change.get("$patch") == "delete":
            items.pop(change[merge_key], None)
        else:
            items[change[merge_key]] = merged(items.get(change[merge_key], {}), change)
    return list(items.values())


def _refuse_unknown(body: Object) -> None:
    """Know the fields of a container: enough to refuse a misspelt one as the real server does."""
    spec = ((body.get("spec") or {}).get("template") or {}).get("spec") or {}
    for place, container in enumerate(spec.get("containers") or []):
        for unknown in sorted(container.keys() - _KNOWN_IN_CONTAINER):
            where = f"spec.template.spec.containers[{place}].{unknown}"
            raise Refused("api-server", f'strict decoding error: unknown field "{where}"')
