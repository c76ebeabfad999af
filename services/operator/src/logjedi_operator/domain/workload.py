"""Who an object is: references, root owners and where a kind keeps its pod template.

Pure look-ups in plain objects as the API server sends them.
"""

from dataclasses import dataclass
from typing import Any, Final

from logjedi_contracts.messages import Target

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

API_VERSIONS: Final = {
    "Pod": "v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
"""The kinds that an incident can be attributed to."""

POD_SPEC_PATHS: Final = {
    "Pod": "spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
}
_TEMPLATE_POD_SPEC: Final = "spec.template.spec"


@dataclass(frozen=True, slots=True)
class WorkloadRef:
    """One object, by name and uid."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, obj: Object) -> "WorkloadRef":
        """Read the reference of an object; ``apiVersion`` may be missing in list items and follows from the kind."""
        meta = obj["metadata"]
        kind = obj.get("kind", "")
        return cls(
            obj.get("apiVersion") or API_VERSIONS.get(kind, ""),
            kind,
            meta.get("namespace", ""),
            meta["name"],
            meta.get("uid", ""),
        )

    def target(self) -> Target:
        return Target(
            api_version=self.api_version, kind=self.kind, namespace=self.namespace, name=self.name, uid=self.uid
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


def controller(obj: Object) -> WorkloadRef | None:
    """Read the controlling owner reference, if there is one."""
    for owner in obj["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            namespace = obj["metadata"].get("namespace", "")
            return WorkloadRef(owner["apiVersion"], owner["kind"], namespace, owner["name"], owner["uid"])
    return None


def pod_spec_path(kind: str) -> str:
    """Name the path of the pod spec in an object of ``kind``."""
    return POD_SPEC_PATHS.get(kind, _TEMPLATE_POD_SPEC)


def pod_spec(obj: Object) -> Object:
    """Read the pod spec of a workload (or pod); empty if it has none."""
    value: Any = obj
    for key in pod_spec_path(obj.get("kind", "")).split("."):
        value = (value or {}).get(key)
    return value or {}


def owns(uid: str, obj: Object) -> bool:
    """Tell whether the object of ``uid`` is among the owners of ``obj``."""
    return any(owner.get("uid") == uid for owner in obj["metadata"].get("ownerReferences") or [])


def selector(owner: Object) -> str:
    """Spell a workload's label selector (matchLabels and matchExpressions) for a list request; empty if it has none."""
    spec = (owner.get("spec") or {}).get("selector") or {}
    parts = [f"{key}={value}" for key, value in sorted((spec.get("matchLabels") or {}).items())]
    for expression in spec.get("matchExpressions") or []:
        key, operator, values = expression["key"], expression["operator"], ",".join(expression.get("values") or [])
        spelt = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        parts.append(spelt[operator])
    return ",".join(parts)
