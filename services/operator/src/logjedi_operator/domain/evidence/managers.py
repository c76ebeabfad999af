"""Who else manages the object: its changes would be undone, or fight with ours, so there we only advise.

Source of the marks: Helm, https://helm.sh/docs/chart_best_practices/labels; Argo CD resource tracking; Flux
kustomize-controller and helm-controller; horizontal pod autoscaling.
"""

from collections.abc import Iterator

from logjedi_contracts.analysis import Owner
from logjedi_operator.domain.workload import Object, controller


def find(obj: Object, autoscalers: list[Object]) -> list[Owner]:
    """List the managers of ``obj``, each once."""
    found = [*_marks(obj), *_autoscalers(obj, autoscalers), *_controller(obj)]
    return list({(owner.manager, owner.name): owner for owner in found}.values())


def _marks(obj: Object) -> Iterator[Owner]:
    labels, notes = obj["metadata"].get("labels") or {}, obj["metadata"].get("annotations") or {}
    tracking = notes.get("argocd.argoproj.io/tracking-id") or labels.get("argocd.argoproj.io/instance")
    if tracking:
        yield Owner(manager="argocd", name=tracking.split(":")[0][:1000])
    for area in ("kustomize", "helm"):
        name = labels.get(f"{area}.toolkit.fluxcd.io/name")
        if name:
            yield Owner(manager="flux", name=name)
    if labels.get("app.kubernetes.io/managed-by") == "Helm" or "meta.helm.sh/release-name" in notes:
        yield Owner(manager="helm", name=notes.get("meta.helm.sh/release-name", "")[:1000])
    if labels.get("olm.owner"):
        yield Owner(manager="olm", name=labels["olm.owner"])


def _autoscalers(obj: Object, autoscalers: list[Object]) -> Iterator[Owner]:
    for scaler in autoscalers:
        target = (scaler.get("spec") or {}).get("scaleTargetRef") or {}
        if target.get("kind") == obj.get("kind") and target.get("name") == obj["metadata"]["name"]:
            yield Owner(manager="hpa", name=scaler["metadata"]["name"])


def _controller(obj: Object) -> Iterator[Owner]:
    owner = controller(obj)
    if owner is not None:
        yield Owner(manager=owner.kind.lower(), name=owner.name)
