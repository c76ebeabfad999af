"""Which fields each path group holds, for each kind: the one table that decides what a patch may reach.

A pattern is a path of ``logjedi_contracts.paths``; ``[*]`` stands for any list item or map key, ``a|b`` for either
name, ``{pod}`` for where the kind keeps its pod spec. What no pattern names cannot be changed, whatever the policy
file says: there is no pattern for host paths, capabilities, privileged, host namespaces, probe hosts or exec probes.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from functools import cache
from typing import Final

from logjedi_contracts import paths
from logjedi_operator.domain import workload
from logjedi_operator.domain.policy.model import PathGroup


class Shape(StrEnum):
    """What a field's value must be; ``values`` and ``references`` hold a check for each."""

    IMAGE = auto()
    TEXT = auto()
    ENV_VALUE = auto()
    NEW_ITEM = auto()
    REPLICAS = auto()
    QUANTITY = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    PORT = auto()
    STRINGS = auto()
    IDENTITY = auto()
    NON_ROOT = auto()
    TOLERATIONS = auto()
    TIMESTAMP = auto()
    REFERENCE = auto()
    SECRET_NAME = auto()
    ACCOUNT_NAME = auto()
    REFERENCE_LIST = auto()
    PULL_SECRET = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: fields of ``pattern`` belong to ``group`` (``None``: to an action alone) and hold a ``shape``."""

    group: PathGroup | None
    pattern: str
    shape: Shape

    def tokens(self, kind: str) -> tuple[tuple[str, ...], ...]:
        """Spell the pattern for ``kind``: for each step the names that fit."""
        pod = workload.pod_spec_path(kind)
        spelled = self.pattern.format(pod=pod, c=f"{pod}.containers|initContainers[*]")
        return tuple(tuple(step.split("|")) for step in spelled.replace("[*]", ".*").split("."))


_PROBE: Final = "{c}.livenessProbe|readinessProbe|startupProbe"
RULES: Final = (
    Rule(PathGroup.IMAGE, "{c}.image", Shape.IMAGE),
    Rule(PathGroup.ENV, "{c}.env[*].value", Shape.ENV_VALUE),
    Rule(PathGroup.ENV, "{c}.env[*]", Shape.NEW_ITEM),
    Rule(PathGroup.REPLICAS, "spec.replicas", Shape.REPLICAS),
    Rule(PathGroup.RESOURCES, "{c}.resources.limits|requests.cpu|memory|ephemeral-storage", Shape.QUANTITY),
    Rule(PathGroup.REFERENCES, "{c}.env[*].valueFrom.configMapKeyRef.name|key", Shape.REFERENCE),
    Rule(PathGroup.REFERENCES, "{c}.env[*].valueFrom.secretKeyRef.key", Shape.REFERENCE),
    Rule(PathGroup.REFERENCES, "{c}.env[*].valueFrom.secretKeyRef.name", Shape.SECRET_NAME),
    Rule(PathGroup.REFERENCES, "{c}.envFrom", Shape.REFERENCE_LIST),
    Rule(PathGroup.REFERENCES, "{pod}.volumes[*].configMap.name", Shape.REFERENCE),
    Rule(PathGroup.REFERENCES, "{pod}.volumes[*].persistentVolumeClaim.claimName", Shape.REFERENCE),
    Rule(PathGroup.REFERENCES, "{pod}.volumes[*].secret.secretName", Shape.SECRET_NAME),
    Rule(PathGroup.REFERENCES, "{pod}.volumes[*].configMap|secret.items", Shape.REFERENCE_LIST),
    Rule(PathGroup.REFERENCES, "{pod}.volumes[*].projected.sources", Shape.REFERENCE_LIST),
    Rule(PathGroup.REFERENCES, "{pod}.serviceAccountName", Shape.ACCOUNT_NAME),
    Rule(PathGroup.REFERENCES, "{pod}.imagePullSecrets[*]", Shape.PULL_SECRET),
    Rule(PathGroup.PROBES, _PROBE + ".httpGet|tcpSocket|grpc.port", Shape.PORT),
    Rule(PathGroup.PROBES, _PROBE + ".httpGet.path|scheme", Shape.TEXT),
    Rule(PathGroup.PROBES, _PROBE + ".initialDelaySeconds|periodSeconds|timeoutSeconds", Shape.INTEGER),
    Rule(PathGroup.PROBES, _PROBE + ".failureThreshold|successThreshold", Shape.INTEGER),
    Rule(PathGroup.COMMAND, "{c}.command", Shape.STRINGS),
    Rule(PathGroup.ARGS, "{c}.args", Shape.STRINGS),
    Rule(PathGroup.SECURITY_CONTEXT, "{c}.securityContext.runAsUser|runAsGroup", Shape.IDENTITY),
    Rule(PathGroup.SECURITY_CONTEXT, "{c}.securityContext.runAsNonRoot", Shape.NON_ROOT),
    Rule(PathGroup.SECURITY_CONTEXT, "{c}.securityContext.readOnlyRootFilesystem", Shape.BOOLEAN),
    Rule(PathGroup.SECURITY_CONTEXT, "{pod}.securityContext.runAsUser|runAsGroup|fsGroup", Shape.IDENTITY),
    Rule(PathGroup.SECURITY_CONTEXT, "{pod}.securityContext.runAsNonRoot", Shape.NON_ROOT),
    Rule(PathGroup.SCHEDULING, "{pod}.nodeSelector[*]", Shape.TEXT),
    Rule(PathGroup.SCHEDULING, "{pod}.tolerations", Shape.TOLERATIONS),
    Rule(PathGroup.VOLUMES, "{c}.volumeMounts[*].subPath", Shape.TEXT),
    Rule(PathGroup.VOLUMES, "{c}.volumeMounts[*].readOnly", Shape.BOOLEAN),
    Rule(PathGroup.VOLUMES, "{pod}.volumes[*].configMap|secret.optional", Shape.BOOLEAN),
    Rule(PathGroup.VOLUMES, "{pod}.volumes[*].configMap|secret.defaultMode", Shape.INTEGER),
    Rule(PathGroup.VOLUMES, "{pod}.volumes[*].emptyDir.sizeLimit", Shape.QUANTITY),
)
SCALABLE: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
RESTARTABLE: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
RESTARTED_AT: Final = "spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]"
"""What ``kubectl rollout restart`` sets, and all that the action ``restart`` may set."""
RESTART: Final = Rule(None, RESTARTED_AT, Shape.TIMESTAMP)


def find(kind: str, path: str) -> Rule | None:
    """Find the row of a leaf path; ``None``: no group holds it."""
    keys = paths.split(path)
    return next((rule for rule, tokens in _table(kind) if len(tokens) == len(keys) and _fits(tokens, keys)), None)


def leads_somewhere(kind: str, path: str) -> bool:
    """Tell whether ``path`` is above a field of some group, so that a map or list is meant there."""
    keys = paths.split(path) if path else []
    return any(len(tokens) > len(keys) and _fits(tokens, keys) for _, tokens in _table(kind))


@cache
def _table(kind: str) -> tuple[tuple[Rule, tuple[tuple[str, ...], ...]], ...]:
    held = (rule for rule in RULES if rule.group is not PathGroup.REPLICAS or kind in SCALABLE)
    return tuple((rule, rule.tokens(kind)) for rule in held)


def _fits(tokens: tuple[tuple[str, ...], ...], keys: list[str]) -> bool:
    return all(token == ("*",) or key in token for token, key in zip(tokens, keys, strict=False))
