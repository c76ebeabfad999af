"""What a ReplicaSet's own status says, where no Deployment speaks for it."""

from datetime import datetime

from logjedi_operator.domain.detection import deployments, pods, refusals
from logjedi_operator.domain.findings import Finding, Graces
from logjedi_operator.domain.workload import Object, controller


def detect(replicaset: Object, _now: datetime, graces: Graces) -> list[Finding]:
    """Find refused pods; a Deployment's ReplicaSets are left to their Deployment, which repeats the condition."""
    owner = controller(replicaset)
    if pods.is_ignored(replicaset) or deployments.is_stale(replicaset) or (owner and owner.kind == "Deployment"):
        return []
    if (replicaset.get("spec") or {}).get("replicas", 1) == 0:
        return []
    found = refusals.detect(replicaset, graces)
    return [found] if found else []
