from typing import Any

import pytest

from logjedi_analyzer.domain import claims
from logjedi_analyzer.domain.playbook import engine
from logjedi_analyzer.domain.scene import Scene
from logjedi_contracts.messages import Risk
from tests.unit.analyzer.incidents import incident


def claim(patch: Any) -> Any:
    return claims.Claim(
        summary="s",
        root_cause="c",
        recommendation="r",
        confidence=0.9,
        patch=patch,
        risk=Risk.LOW,
        why_no_patch="",
        rests_on=(),
    )


def pod(spec: Any) -> Any:
    return {"spec": {"template": {"spec": spec}}}


def believe(patch: Any, **more: Any) -> Any:
    scene = Scene(incident("CrashLoopBackOff", "crash", **more))
    return claims.believe(scene, claim(patch), engine.findings(scene))


@pytest.mark.parametrize(
    ("patch", "touches"),
    [
        (pod({"containers": [{"name": "app", "image": "web:0"}]}), {"image"}),
        (
            pod(
                {
                    "containers": [
                        {
                            "name": "app",
                            "env": [{"name": "A", "value": "1"}],
                            "resources": {"limits": {"memory": "1Gi"}},
                        }
                    ]
                }
            ),
            {"env", "resources"},
        ),
        ({"spec": {"replicas": 2}}, {"replicas"}),
        (pod({"serviceAccountName": "web"}), {"references"}),
    ],
)
def test_a_patch_within_the_evidence_is_believed(patch: Any, touches: Any) -> None:
    finding = believe(patch)
    assert finding.remedy
    assert finding.remedy.touches == touches


@pytest.mark.parametrize(
    "patch",
    [
        pod({"containers": [{"name": "intruder", "image": "evil:1"}]}),
        pod({"containers": [{"image": "evil:1"}]}),
        pod({"containers": [{"name": "app", "image": None}]}),
        pod({"containers": [{"name": "app", "$patch": "replace", "image": "x"}]}),
        pod({"containers": [{"name": "app"}]}),
        pod({"containers": None}),
        {"metadata": {"labels": {"a": "b"}}},
        {"spec": {"template": {"metadata": {"annotations": {}}}}},
        {"spec": {"selector": {}}},
        {"spec": "x"},
        {"spec": {"template": {"spec": {"containers": "app"}}}},
    ],
)
def test_a_patch_beyond_the_evidence_is_not(patch: Any) -> None:
    with pytest.raises(claims.Unfounded):
        believe(patch)


def test_what_policy_forbids_is_withheld_not_disbelieved() -> None:
    finding = believe(pod({"containers": [{"name": "app", "securityContext": {"privileged": True}}]}))
    assert finding.remedy is None
    assert "securityContext" in finding.withheld


def test_the_sub_list_of_a_cron_job_is_walked() -> None:
    patch = {"spec": {"jobTemplate": pod({"containers": [{"name": "app", "image": "web:0"}]})}}
    assert believe(patch, kind="CronJob").remedy
    with pytest.raises(claims.Unfounded):
        believe(pod({"containers": [{"name": "app", "image": "web:0"}]}), kind="CronJob")


def test_no_patch_is_an_honest_answer() -> None:
    assert believe(None).remedy is None
