"""Say in sentences what a policy lets through, for people and for ``policy explain``.

Written from the same tables that ``checking`` reads, so that the text cannot promise anything else.
"""

from logjedi_operator.domain.policy import grammar
from logjedi_operator.domain.policy.model import ImageRules, PathGroup, Policy, policy_hash


def explain(policy: Policy) -> list[str]:
    """List what may be changed, a line each, then what never may. No line is longer than a screen is wide twice."""
    bounds = policy.bounds
    return [
        f"policy {policy_hash(policy)[:12]}",
        f"actions: {', '.join(policy.actions) or 'none'}",
        f"images: {_images(policy.images)}",
        f"replicas: {bounds.replicas.min} to {bounds.replicas.max}",
        f"memory: at most {bounds.memory} for one container; cpu: at most {bounds.cpu}",
        f"resources: at most {bounds.step} times what is live at once",
        f"approvals: at least {policy.required_approvals}",
        *(
            f"may change ({rule.group}): {_spelled(rule.pattern)}"
            for rule in grammar.RULES
            if rule.group in policy.paths
        ),
        *(f"switched off: {group}" for group in PathGroup if group not in policy.paths),
        "everything else: never",
    ]


def _images(rules: ImageRules) -> str:
    same = ["the repository that runs there, or what an earlier revision ran"] if rules.same_repository else []
    return "; ".join([*same, *rules.allow]) or "none"


def _spelled(pattern: str) -> str:
    return pattern.format(pod="<pod spec>", c="<pod spec>.containers|initContainers[*]")
