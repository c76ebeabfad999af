"""Ask the policy about a change, with just as many look-ups as the answer needs.

Most changes are judged without any. One that goes back to what an earlier revision held needs the revisions, one that
scales needs the autoscalers; they are read only then, since people wait for the patch.
"""

import json
from typing import Final

from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Action
from logjedi_operator.domain import policy
from logjedi_operator.domain.evidence import managers
from logjedi_operator.domain.workload import Object, WorkloadRef, owns, pod_spec, selector
from logjedi_operator.ports.cluster import ListQuery
from logjedi_operator.usecases.parts import Parts

_HISTORY_MAY_HELP: Final = frozenset({"image-repository", "step", "new-reference", "new-secret-reference"})


async def check(parts: Parts, live: Object, action: Action, nonce: str) -> None:
    """Raise ``Refused`` unless the policy lets ``action`` change ``live``."""
    autoscalers = await _autoscalers(parts, live) if _scales(action) else []
    target, owners = WorkloadRef.of(live).target(), tuple(managers.find(live, autoscalers))
    try:
        policy.check(parts.policy, live, action, policy.Context(target=target, nonce=nonce, owners=owners))
    except Refused as refusal:
        if refusal.rule not in _HISTORY_MAY_HELP or live["kind"] != "Deployment":
            raise
        earlier = tuple(await _earlier(parts, live))
        context = policy.Context(target=target, nonce=nonce, owners=owners, earlier=earlier)
        policy.check(parts.policy, live, action, context)


def _scales(action: Action) -> bool:
    return "replicas" in (json.loads(action.patch).get("spec") or {})


async def _autoscalers(parts: Parts, live: Object) -> list[Object]:
    namespace = live["metadata"]["namespace"]
    return await parts.cluster.list(ListQuery("autoscaling/v2", "HorizontalPodAutoscaler", namespace))


async def _earlier(parts: Parts, live: Object) -> list[Object]:
    """Read the pod specs of the Deployment's revisions."""
    meta = live["metadata"]
    sets = await parts.cluster.list(ListQuery("apps/v1", "ReplicaSet", meta["namespace"], labels=selector(live)))
    return [pod_spec(item) for item in sets if owns(meta["uid"], item)]
