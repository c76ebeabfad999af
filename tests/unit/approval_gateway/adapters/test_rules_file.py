from datetime import timedelta
from pathlib import Path

import pytest

from logjedi_approval_gateway.adapters import rules_file
from logjedi_contracts.errors import ConfigurationError

DESIGN = """
rules:
  - name: shop
    match:
      {clusters: ["*"], namespaces: ["shop-*"], severities: [critical, warning], actions: [k8s_patch, scale, rollback]}
    approvers: {slack: [U0123], slackGroups: [S0123], teams: [3f1c], teamsGroups: [], web: [alice], webGroups: []}
    minApprovals: 1
    expiresAfter: 4h
"""


def read(folder: Path, content: str) -> rules_file.Rules:
    path = folder / "rules.yaml"
    path.write_text(content)
    return rules_file.read(path)


def test_the_designs_own_example(tmp_path: Path) -> None:
    [rule] = read(tmp_path, DESIGN).rules
    assert (rule.name, rule.min_approvals, rule.expires_after) == ("shop", 1, timedelta(hours=4))
    assert rule.approvers.actors() == {"slack:U0123", "teams:3f1c", "web:alice"}
    assert rule.match.actions == ("k8s_patch", "scale", "rollback")


def test_people_join_their_channels(tmp_path: Path) -> None:
    rules = read(tmp_path, DESIGN + "people: [{name: Alice, slack: U0123, web: alice}]\n")
    assert rules.people == {"slack:U0123": "Alice", "web:alice": "Alice"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file"),
        ("rules: 3", "rules"),
        ("rules: []\nrule: []", "rule: is no known key"),
        ("rules: [{approvers: {slack: [U1]}}]", "rule number 1: name: is missing"),
        ("rules: [{name: a}]", "rule 'a': approvers: is missing"),
        ("rules: [{name: a, approvers: {slak: [U1]}}]", "rule 'a': approvers.slak: is no known key"),
        ("rules: [{name: a, approvers: {slack: U1}}]", "rule 'a': approvers.slack"),
        ("rules: [{name: a, approvers: {slack: [1]}}]", "rule 'a': approvers.slack.0"),
        ("rules: [{name: a, approvers: {slack: ['']}}]", "is empty or has spaces"),
        ("rules: [{name: a, approvers: {slack: [U1]}, minApprovals: 0}]", "rule 'a': minApprovals"),
        ("rules: [{name: a, approvers: {slack: [U1]}, minApprovals: '1'}]", "rule 'a': minApprovals"),
        ("rules: [{name: a, approvers: {slack: [U1]}, min_approvals: 2}]", "rule 'a': min_approvals: is no known key"),
        ("rules: [{name: a, approvers: {slack: [U1]}, expiresAfter: 4}]", "rule 'a': expiresAfter"),
        ("rules: [{name: a, approvers: {slack: [U1]}, expiresAfter: 0h}]", "is no duration"),
        ("rules: [{name: a, approvers: {slack: [U1]}, expiresAfter: soon}]", "is no duration"),
        ("rules: [{name: a, approvers: {slack: [U1]}, match: {severities: [bad]}}]", "rule 'a': match.severities.0"),
        ("rules: [{name: a, approvers: {slack: [U1]}, match: {actions: [rm]}}]", "rule 'a': match.actions.0"),
        ("rules: [{name: a, approvers: {slack: [U1]}, minApprovals: 2}]", "minApprovals: 2 with 1 approvers"),
        ("rules: [{name: a, approvers: {slack: [U1]}, deny: {slack: [U1]}}]", "names every approver"),
        ("rules: [{name: a, approvers: {slack: [U1]}}, {name: a, approvers: {}}]", "stands there more than once"),
        ("rules: []\nrules: []", "more than once"),
        ("rules: [{name: a, name: b, approvers: {}}]", "more than once"),
        ("rules: [", "is no YAML"),
        ("rules: []\npeople: [{name: A, slack: U1}, {name: B, slack: U1}]", "belongs to more than one person"),
    ],
)
def test_a_wrong_file_names_rule_and_field(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, content)
    assert all(problem.startswith("LOGJEDI_APPROVAL_RULES_FILE: ") for problem in caught.value.problems)
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
    assert not any("\n" in problem for problem in caught.value.problems)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"LOGJEDI_APPROVAL_RULES_FILE: .*No such file"):
        rules_file.read(tmp_path / "none.yaml")
