from typing import Any

import pytest

from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.messages import ActionType
from logjedi_operator.domain import policy

DOCUMENTED = """
actions: [k8s_patch, scale, rollback, restart, replacePod]
paths: [image, env, replicas, resources, references]
images: {sameRepository: true, allow: []}
bounds: {replicas: {min: 1, max: 50}, memory: 8Gi, cpu: "8", step: 2.0}
requiredApprovals: 1
"""


def test_the_documented_file_is_the_default() -> None:
    assert policy.load(DOCUMENTED) == policy.Policy() == policy.load("") == policy.load("# nothing")


def test_equal_effect_has_an_equal_hash() -> None:
    other = DOCUMENTED.replace("8Gi", "8192Mi").replace("scale, rollback", "rollback, scale").replace("2.0", "2")
    assert policy.policy_hash(policy.load(other)) == policy.policy_hash(policy.Policy())
    wider = policy.load(DOCUMENTED.replace("8Gi", "9Gi"))
    assert policy.policy_hash(wider) != policy.policy_hash(policy.Policy())


def test_an_empty_list_means_nothing_not_the_default() -> None:
    closed = policy.load("{actions: [], paths: []}")
    assert closed.actions == ()
    assert closed.paths == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("action: [scale]", ["action", "did you mean actions?"]),
        ("images: {samerepository: true}", ["images.samerepository", "did you mean sameRepository?"]),
        ("actions: [delete]", ["actions.0", "'delete'", "k8s_patch"]),
        ("paths: [everything]", ["paths.0", "'everything'", "image"]),
        ("bounds: {memory: 8GB}", ["bounds.memory", "8GB", "512Mi"]),
        ("bounds: {memory: 0}", ["bounds.memory", "more than 0"]),
        ("bounds: {cpu: true}", ["bounds.cpu"]),
        ("bounds: {step: 0.5}", ["bounds.step", "greater than or equal to 1"]),
        ("bounds: {step: .inf}", ["bounds.step"]),
        ("bounds: {replicas: {min: 5, max: 2}}", ["bounds.replicas", "min 5 is above max 2"]),
        ("bounds: {replicas: {min: '1'}}", ["bounds.replicas.min"]),
        ("images: {sameRepository: 'yes'}", ["images.sameRepository"]),
        ("images: {allow: ghcr.io}", ["images.allow"]),
        ("requiredApprovals: 0", ["requiredApprovals"]),
        ("requiredApprovals: true", ["requiredApprovals"]),
        ("paths: [image]\npaths: [image, command]", ["'paths' is given twice"]),
        ("- a", ["must be a map"]),
        ("a: [", ["not readable as YAML"]),
        ("!!python/object/apply:os.system [id]", ["not readable as YAML"]),
        ("a: 1\n---\nb: 2", ["not readable as YAML"]),
    ],
)
def test_each_problem_names_field_cause_and_cure(text: Any, words: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        policy.load(text)
    (problem,) = caught.value.problems
    assert problem.startswith("policy: ")
    assert "\n" not in problem
    for word in words:
        assert word in problem


def test_tells_all_problems_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        policy.load("action: []\npaths: [x]\nbounds: {cpu: much}")
    assert len(caught.value.problems) == 3


def test_dangerous_actions_are_off_by_default() -> None:
    assert not {ActionType.RECREATE, ActionType.MANIFEST, ActionType.SCRIPT} & set(policy.Policy().actions)
