"""Detection: pure functions from one object, as the API server sends it, to what is wrong with it.

Called for every watch event and again when a finding falls due. Knows no owner (``ownership`` attributes), no record
and no cluster. A kind that is not in ``DETECTORS`` raises nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from logjedi_operator.domain.detection import deployments, jobs, pods, replicasets
from logjedi_operator.domain.findings import Finding, Graces
from logjedi_operator.domain.workload import Object

DETECTORS: Final[dict[str, Callable[[Object, datetime, Graces], list[Finding]]]] = {
    "Pod": pods.detect,
    "ReplicaSet": replicasets.detect,
    "Deployment": deployments.detect,
    "Job": jobs.detect,
}


def detect(obj: Object, now: datetime, graces: Graces) -> list[Finding]:
    """Find what is wrong with ``obj``. Findings whose ``due`` lies ahead are not to be reported before."""
    detector = DETECTORS.get(obj.get("kind", ""))
    return detector(obj, now, graces) if detector else []
