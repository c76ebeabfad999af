"""What may not be proposed although it would help: the policy's limits, other owners, and fields that never change.

The operator enforces all this again; here it only saves people from being asked in vain, and names the obstacle.
"""

from collections.abc import Iterator

from logjedi_analyzer.domain import quoting
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.scene import Scene

DEFAULT_PATHS = frozenset({"image", "env", "replicas", "resources", "references"})
_BESIDE = frozenset({"helm", "hpa"})
"""Managers that do not put their own version back at once; a Helm release only does at the next upgrade."""


def allowed_paths(scene: Scene) -> frozenset[str]:
    """List what the policy lets be touched; policy's defaults if the request does not say."""
    return frozenset(scene.limits.paths) or DEFAULT_PATHS


def pass_through(scene: Scene, finding: Finding) -> Finding:
    """Return the finding as it is, or without its remedy and with the reason."""
    if finding.remedy is None:
        return finding
    obstacle = next(_obstacles(scene, finding.remedy), "")
    return finding.withhold(obstacle) if obstacle else finding


def _obstacles(scene: Scene, remedy: Remedy) -> Iterator[str]:
    manager = next((o for o in scene.evidence.owners if o.manager.casefold() not in _BESIDE), None)
    if manager:
        where = f"{manager.manager} ({manager.name})" if manager.name else manager.manager
        yield f"{scene.target} is managed by {where}, which would undo a patch; make the change there."
    if remedy.type not in scene.limits.actions:
        yield f"The policy does not allow the action {remedy.type}."
    refused = sorted(remedy.touches - allowed_paths(scene))
    if refused:
        yield f"The policy does not let LogJedi change {quoting.listed(refused)}; a person has to."
    if scene.kind == "Job":
        yield "The pod template of a Job cannot be changed; create the Job again with the fix."
    if scene.kind == "Pod" and remedy.touches != {"image"}:
        yield "Of a bare Pod only the image can be changed; create the Pod again with the fix."
    if "replicas" in remedy.touches and any(o.manager.casefold() == "hpa" for o in scene.evidence.owners):
        yield "The number of replicas belongs to a HorizontalPodAutoscaler; change its bounds."
