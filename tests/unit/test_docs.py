"""What the documents show must be what the code reads."""

import re
from pathlib import Path

import yaml

from logjedi_approval_gateway.adapters import rules_file
from logjedi_operator.domain import policy

ROOT = Path(__file__).parents[2]


def block(page: str) -> str:
    found = re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_documented_policy_is_the_default() -> None:
    assert policy.load(block("policy.md")) == policy.Policy()


def test_the_documented_rules_are_read(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(block("approval-rules.md"))
    [rule] = rules_file.read(file).rules
    assert (rule.name, rule.min_approvals) == ("shop", 2)


def test_every_sample_says_how_it_is_undone() -> None:
    for sample in sorted((ROOT / "tests" / "samples").glob("*.yaml")):
        assert f"# Undo: kubectl delete -f tests/samples/{sample.name}" in sample.read_text(), sample.name
        assert [obj for obj in yaml.safe_load_all(sample.read_text()) if obj]
