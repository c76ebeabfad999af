"""Compare an action with the policy and the live object: return, or refuse naming the rule.

Asked before anything is proposed and again before anything is applied. Pure; deny by default: a leaf that no row of
``grammar`` holds, a shape without a check and an action without a body rule are refused.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from logjedi_contracts import paths
from logjedi_contracts.errors import Refused
from logjedi_contracts.messages import Action, ActionType, Target
from logjedi_operator.domain import preimage, workload
from logjedi_operator.domain.policy import grammar, patch_text, references, values
from logjedi_operator.domain.policy.asking import ITEM_LISTS, Context, Question, shown
from logjedi_operator.domain.policy.grammar import Rule, Shape
from logjedi_operator.domain.policy.model import PathGroup, Policy
from logjedi_operator.domain.workload import Object

DELETE_ADDED_ENV: Final = "delete-added-env"
"""Value of ``action.parameters["directives"]`` that lets ``{"name": X, "$patch": "delete"}`` through for a live X."""

_CHECKS: Final[Mapping[Shape, Callable[[Question], None]]] = {**values.CHECKS, **references.CHECKS}
_MAY_ADD: Final = frozenset({"env", "imagePullSecrets"})
_IDENTITY: Final = frozenset({"apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid"})


def check(policy: Policy, live: Object, action: Action, context: Context) -> None:
    """Return if ``action`` may be done to ``live``. Raises ``Refused`` with the short name of the rule that says no."""
    _allowed(policy, action)
    _same_object(live, context.target)
    _unowned(action, context)
    if action.type is ActionType.REPLACE_POD:
        _no_patch(action)
        return
    patch = patch_text.read(action)
    questions = [Question(policy, live, context, path, value) for path, value in paths.leaves(patch)]
    for question in questions:
        _leaf(question, action)
    _no_other_directive(patch, action, live)
    patch_text.well_built(patch)
    if preimage.applied(live, patch):
        raise Refused("no-change", "the live object already holds everything that the patch sets; nothing to approve")


def flags(live: Object, action: Action) -> list[str]:
    """List what a person must be shown beside the diff: each reference that would point elsewhere."""
    target = workload.WorkloadRef.of(live).target()
    found = []
    for path, value in paths.leaves(patch_text.read(action)):
        question = Question(Policy(), live, Context(target), path, value)
        rule = grammar.find(live.get("kind", ""), path)
        if rule and rule.shape in references.CHECKS and not question.unchanged:
            found.append(references.flag(question))
    return found


def _allowed(policy: Policy, action: Action) -> None:
    if action.type not in policy.actions:
        raise Refused("action-not-allowed", f"the policy's actions do not list {action.type}; add it there to allow it")
    if action.type not in (*_ONLY, ActionType.REPLACE_POD):
        raise Refused("action-not-allowed", f"this version cannot carry out {action.type}")


def _same_object(live: Object, target: Target) -> None:
    found = workload.WorkloadRef.of(live).target()
    if found != target:
        raise Refused("target", f"the analysis is about {_named(target)}, the live object is {_named(found)}")
    if found.kind not in workload.API_VERSIONS:
        raise Refused("target", f"{found.kind} is not a kind that may be changed")


def _unowned(action: Action, context: Context) -> None:
    if context.managed_by:
        owner = context.managed_by
        raise Refused("gitops-owned", f"{owner} manages this object and would undo the patch; change it in its source")
    if context.hpa and action.type is ActionType.SCALE:
        raise _hpa_owned(context)


def _hpa_owned(context: Context) -> Refused:
    return Refused("hpa-owned", f"HorizontalPodAutoscaler {context.hpa} owns the replicas; change its bounds instead")


def _no_patch(action: Action) -> None:
    if action.patch != "{}":
        raise Refused("type", f"{action.type} has no patch, but one was given")


def _leaf(question: Question, action: Action) -> None:
    """Refuse one leaf, or return. The order decides which rule is named when several say no."""
    if _is_attempt(question) or _is_deletion(question, action):
        return
    _not_identity(question)
    if any(key.startswith("$") for key in question.keys):
        question.refuse("directive", "patch directives are not taken from outside; state the fields instead")
    if question.value is None:
        question.refuse("null-value", "null would delete the field; state a value")
    _known_items(question)
    rule = _rule(question, action)
    if rule.group is not None and rule.group not in question.policy.paths:
        question.refuse("path", f"the policy's paths do not list {rule.group}; add it there to allow it")
    if rule.group is PathGroup.REPLICAS and question.context.hpa:
        raise _hpa_owned(question.context)
    _CHECKS[rule.shape](question)


def _is_attempt(question: Question) -> bool:
    nonce = question.context.nonce
    return bool(nonce) and question.path == preimage.ATTEMPT_PATH and question.value == nonce


def _is_deletion(question: Question, action: Action) -> bool:
    """Tell whether the leaf is the one directive that we make ourselves: an env item that is live, deleted."""
    path = question.path.removesuffix(".$patch")
    made = path != question.path and question.value == "delete" and _deletes_env(action)
    rule = grammar.find(question.live.get("kind", ""), path) if made else None
    listed = rule is not None and rule.shape is Shape.NEW_ITEM and rule.group in question.policy.paths
    return listed and paths.get(question.live, path) is not paths.MISSING


def _deletes_env(action: Action) -> bool:
    return action.parameters.get("directives") == DELETE_ADDED_ENV


def _no_other_directive(patch: Object, action: Action, live: Object) -> None:
    """Find directives that hide inside atomic lists, and fields beside a deletion."""
    leaves = [path for path, _ in paths.leaves(patch)]
    ours = [path for path in leaves if path.endswith(".$patch")]
    beside = [path for path in leaves for item in ours if path != item and path.startswith(item[: -len("$patch")])]
    if beside or patch_text.count_directives(patch) != len(ours):
        where = beside[0] if beside else workload.WorkloadRef.of(live)
        raise Refused("directive", f"{where}: a directive of {action.type} stands where only values may")


def _not_identity(question: Question) -> None:
    if question.path in _IDENTITY:
        question.refuse("target", "a patch may not name an object; leave it out, the target is what was analysed")


def _known_items(question: Question) -> None:
    """Refuse items that the live object does not have, or has twice: a merge would add, or mend the wrong one."""
    keys, value, name = question.keys, question.live, ""
    for index, key in enumerate(keys):
        listed = paths.is_item(keys, index)
        child: Any = paths.child(value, key, name)
        if listed and name in ITEM_LISTS and child is paths.MISSING:
            question.refuse("unknown-container", f"{name} has no {shown(key)}; a patch may not add a container")
        if listed and name not in _MAY_ADD and child is paths.MISSING:
            question.refuse("path", f"{name} has no {shown(key)}; a patch may not add one")
        if listed and _twice(value, name, key):
            question.refuse("ambiguous", f"{name} has {shown(key)} twice; mend that by hand first")
        value, name = child, key


def _twice(value: Any, name: str, key: str) -> bool:
    items = value if isinstance(value, list) else []
    return sum(isinstance(entry, dict) and str(entry.get(paths.MERGE_KEYS[name])) == key for entry in items) > 1


def _rule(question: Question, action: Action) -> Rule:
    found = _ONLY[action.type](question.live["kind"], question.path)
    if found is None:
        _no_such_field(question, action)
    _probe_exists(question)
    return found


def _no_such_field(question: Question, action: Action) -> NoReturn:
    kind = question.live["kind"]
    if question.value == {}:
        question.refuse("empty", "sets nothing; leave it out")
    if grammar.leads_somewhere(kind, question.path) and not isinstance(question.value, dict):
        question.refuse("type", f"a structure is meant here, not {shown(question.value)}")
    question.refuse("path", f"{action.type} may not change this field of a {kind}; `policy explain` lists what it may")


def _probe_exists(question: Question) -> None:
    for index, key in enumerate(question.keys):
        if key.endswith("Probe") and question.above(len(question.keys) - index - 1) is paths.MISSING:
            question.refuse("path", f"there is no {key}; a patch may change one, not add one")


def _replicas(kind: str, path: str) -> Rule | None:
    found = grammar.find(kind, path)
    return found if found and found.group is PathGroup.REPLICAS else None


def _restarted_at(kind: str, path: str) -> Rule | None:
    if kind in grammar.RESTARTABLE and path == grammar.RESTARTED_AT:
        return grammar.RESTART
    return None


_ONLY: Final[Mapping[ActionType, Callable[[str, str], Rule | None]]] = {
    ActionType.K8S_PATCH: grammar.find,
    ActionType.ROLLBACK: grammar.find,
    ActionType.SCALE: _replicas,
    ActionType.RESTART: _restarted_at,
}
"""Which rows each action may touch; an action that is not here has no patch, or is not built yet."""


def _named(target: Target) -> str:
    return f"{target.kind} {target.namespace}/{target.name} (uid {target.uid})"
