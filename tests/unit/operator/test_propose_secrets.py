"""No secret value comes on record: not in the diff, not repeated in the patch, not in the pre-image."""

from typing import Any

import pytest

from logjedi_contracts import canonical, paths
from logjedi_contracts.messages import Action, ActionType, Change, Risk
from logjedi_operator.domain import preimage
from logjedi_operator.usecases import propose

LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "app",
                        "image": "registry.example/web:1",
                        "env": [{"name": "DB_PASSWORD", "value": "hunter2hunter2"}, {"name": "MODE", "value": "fast"}],
                    }
                ]
            }
        }
    },
}
APP = "spec.template.spec.containers[app]"


def draft(values: dict[str, str], changed: list[str]) -> propose._Draft:
    """A patch that sets ``values``, of which the API server says that ``changed`` would change."""
    patch: dict[str, Any] = {}
    for path, value in values.items():
        patch = paths.merge(patch, paths.build(path, value))
    rows = [Change(path=path, before='"before"', after=canonical.dumps(values[path])) for path in changed]
    action = Action(type=ActionType.K8S_PATCH, patch=canonical.dumps(patch))
    return propose._Draft(action, "0" * 32, rows, Risk.LOW, preimage.capture(LIVE, patch))


def test_a_plain_change_holds_no_secret() -> None:
    plain = {f"{APP}.image": "registry.example/web:2", f"{APP}.env[MODE].value": "slow"}
    assert propose._secret_paths(draft(plain, list(plain))) == []


def test_a_changed_secret_is_found() -> None:
    secret = {f"{APP}.env[DB_PASSWORD].value": "other-secret-1"}
    assert propose._secret_paths(draft(secret, list(secret))) == [f"{APP}.env[DB_PASSWORD].value"]


def test_a_secret_that_is_merely_repeated_is_found() -> None:
    both = {f"{APP}.image": "registry.example/web:2", f"{APP}.env[DB_PASSWORD].value": "hunter2hunter2"}
    assert propose._secret_paths(draft(both, [f"{APP}.image"])) == [f"{APP}.env[DB_PASSWORD].value"]


PATCH = paths.build(f"{APP}.image", "registry.example/web:2")


@pytest.mark.parametrize("path", [f"{APP}.image", preimage.ATTEMPT_PATH])
def test_an_undo_may_change_what_the_patch_touched(path: str) -> None:
    assert preimage.beyond([Change(path=path, before=None, after='"x"')], PATCH) == []


@pytest.mark.parametrize(
    "path", [f"{APP}.env[MODE].value", "spec.replicas", "metadata.labels.app", f"{APP}.imagePullPolicy"]
)
def test_an_undo_may_change_nothing_else(path: str) -> None:
    assert preimage.beyond([Change(path=path, before=None, after='"x"')], PATCH) == [path]
