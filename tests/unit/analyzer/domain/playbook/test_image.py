from typing import Any

import pytest

from logjedi_contracts.messages import Risk
from tests.unit.analyzer.incidents import action, change, containers, diagnose, incident, revision

BAD = "registry.example.com/shop/web:1.1"
GOOD = "registry.example.com/shop/web:1.0"
NOT_FOUND = (
    f'Back-off pulling image "{BAD}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image '
    f'"{BAD}": failed to resolve reference "{BAD}": {BAD}: not found'
)
DENIED = "pull access denied, repository does not exist or may require authorization"
RAN = {"container": "app", "image": GOOD, "revision": 3, "ran": True}
NEVER_RAN = {"container": "app", "image": BAD, "revision": 4}


def failing(
    message: Any = NOT_FOUND,
    *,
    image: Any = BAD,
    reason: Any = "ImagePullBackOff",
    history: Any = (NEVER_RAN, RAN),
    **more: Any,
) -> Any:
    spec = {"containers": [{"name": "app", "image": image}, {"name": "proxy", "image": "proxy:1"}]}
    states = [
        {"image": image, "state": "waiting", "reason": reason, "message": message},
        {"name": "proxy", "image": "proxy:1", "state": "running", "ready": True},
    ]
    arguments = {"pod_spec": spec, "states": states, "image_history": list(history), **more}
    return incident(reason, "image", **arguments)


def test_a_missing_tag_goes_back_to_the_last_image_that_ran() -> None:
    answer = diagnose(failing())
    assert containers(answer) == [{"name": "app", "image": GOOD}]
    assert answer.diagnosis.rule == "image.restore"
    assert answer.diagnosis.confidence > 0.9
    assert action(answer).risk is Risk.LOW
    assert any("not found" in line for line in answer.rests_on)
    assert GOOD in answer.diagnosis.recommendation


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("manifest for registry.example.com/shop/web:1.1 not found: manifest unknown", "ErrImagePull"),
        ('Failed to apply default image tag "Shop/Web:": couldn\'t parse image name', "InvalidImageName"),
        ("", "InvalidImageName"),
        ("rpc error: code = Unknown desc = reading manifest 1.1: name unknown", "ErrImagePull"),
        (f'Container image "{BAD}" is not present with pull policy of Never', "ErrImageNeverPull"),
        (f'Back-off pulling image "{BAD}"', "ImagePullBackOff"),
    ],
)
def test_wordings_of_a_wrong_image(message: Any, reason: Any) -> None:
    assert containers(diagnose(failing(message, reason=reason))) == [{"name": "app", "image": GOOD}]


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ("dial tcp 10.0.0.9:443: connect: connection refused", "image.unreachable"),
        ("dial tcp 10.0.0.9:443: i/o timeout", "image.unreachable"),
        ("unexpected status from HEAD request to https://r/v2/: 503 Service Unavailable", "image.unreachable"),
        ("failed to do request: Head https://r/v2/: net/http: TLS handshake timeout", "image.unreachable"),
        ("failed to do request: Head https://r/v2/: context deadline exceeded", "image.unreachable"),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "image.certificate"),
        ("http: server gave HTTP response to HTTPS client", "image.certificate"),
        ("unexpected status code 401 Unauthorized", "image.credentials"),
        ("failed to authorize: failed to fetch anonymous token: 403 Forbidden", "image.credentials"),
        (
            f"{DENIED}: authorization failed: no basic auth credentials",
            "image.credentials",
        ),
        (
            f"{DENIED}: server message: insufficient_scope: authorization failed",
            "image.maybe-credentials",
        ),
        ("toomanyrequests: You have reached your pull rate limit", "image.rate-limit"),
        ("429 Too Many Requests", "image.rate-limit"),
        ("no match for platform in manifest: not found", "image.platform"),
        ("write /var/lib/containerd: no space left on device", "image.disk"),
        ("dial tcp: lookup registry.example.com: no such host", "image.unknown-host"),
        ("rpc error: the moon is in the wrong place", "image.unclear"),
    ],
)
def test_another_image_is_no_cure_for_a_broken_way_to_the_registry(message: Any, rule: Any) -> None:
    changed = revision(change("image", GOOD, BAD))
    answer = diagnose(failing(message, revision=changed))
    assert answer.action is None
    assert answer.diagnosis.rule == rule
    assert message[:40] in " ".join(answer.rests_on)
    assert answer.why_no_action


def test_without_an_image_that_ran_none_is_made_up() -> None:
    answer = diagnose(failing(history=[NEVER_RAN]))
    assert answer.action is None
    assert "no other image is known to have run" in answer.why_no_action
    assert any("not found" in line for line in answer.rests_on)


def test_an_image_that_ran_and_is_gone_from_the_registry_is_not_downgraded() -> None:
    answer = diagnose(failing(history=[{**NEVER_RAN, "ran": True}, RAN]))
    assert answer.action is None
    assert "lost" in answer.why_no_action


def test_the_newest_image_that_ran_wins_whatever_the_order() -> None:
    older = {"container": "app", "image": "registry.example.com/shop/web:0.9", "revision": 2, "ran": True}
    assert containers(diagnose(failing(history=[older, NEVER_RAN, RAN])))[0]["image"] == GOOD


def test_the_healthy_revision_is_asked_when_there_is_no_history() -> None:
    changed = revision(change("image", GOOD, BAD))
    assert containers(diagnose(failing(history=[], revision=changed))) == [{"name": "app", "image": GOOD}]


def test_the_image_of_another_container_is_not_taken() -> None:
    other = {"container": "proxy", "image": "proxy:0", "revision": 3, "ran": True}
    assert diagnose(failing(history=[other])).action is None


@pytest.mark.parametrize(
    ("image", "message", "heals"),
    [
        (
            "ngnix:1.27",
            "pull access denied, repository does not exist or may require authorization: insufficient_scope",
            True,
        ),
        ("acme/private:1", "pull access denied, repository does not exist or may require authorization", False),
        ("ngnix:1.27", "unauthorized: authentication required", False),
    ],
)
def test_a_misspelt_repository_is_told_from_a_private_one(image: Any, message: Any, heals: Any) -> None:
    history = [{"container": "app", "image": "nginx:1.27", "revision": 1, "ran": True}]
    answer = diagnose(failing(message, image=image, history=history))
    assert (answer.action is not None) is heals


def test_a_misspelt_registry_host_goes_back() -> None:
    message = "dial tcp: lookup regsitry.example.com on 10.96.0.10:53: no such host"
    answer = diagnose(failing(message, image="regsitry.example.com/shop/web:1.0"))
    assert containers(answer) == [{"name": "app", "image": GOOD}]


def test_a_dead_registry_one_digit_away_is_still_down() -> None:
    message = "dial tcp 127.0.0.1:5001: connect: connection refused"
    history = [{"container": "app", "image": "127.0.0.1:5000/web:1", "revision": 1, "ran": True}]
    assert diagnose(failing(message, image="127.0.0.1:5001/web:2", history=history)).action is None


def test_an_init_container_is_patched_in_its_own_list() -> None:
    spec = {"initContainers": [{"name": "migrate", "image": "m:2"}], "containers": [{"name": "app", "image": GOOD}]}
    states = [
        {"name": "migrate", "kind": "init", "state": "waiting", "reason": "ErrImagePull", "message": "m:2: not found"}
    ]
    history = [{"container": "migrate", "image": "m:1", "revision": 1, "ran": True}]
    answer = diagnose(failing(container="migrate", pod_spec=spec, states=states, history=history))
    assert containers(answer, "initContainers") == [{"name": "migrate", "image": "m:1"}]


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        (
            "CronJob",
            {
                "spec": {
                    "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": GOOD}]}}}}
                }
            },
        ),
        ("Pod", {"spec": {"containers": [{"name": "app", "image": GOOD}]}}),
        ("StatefulSet", {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": GOOD}]}}}}),
    ],
)
def test_where_the_pod_spec_lives(kind: Any, patch: Any) -> None:
    assert action(diagnose(failing(kind=kind))).patch == patch


def test_the_template_of_a_job_cannot_change() -> None:
    answer = diagnose(failing(kind="Job"))
    assert answer.action is None
    assert "Job" in answer.why_no_action
    assert GOOD in answer.diagnosis.recommendation


def test_two_containers_without_images_are_mended_together() -> None:
    spec = {"containers": [{"name": "app", "image": BAD}, {"name": "proxy", "image": "proxy:9"}]}
    states = [
        {"state": "waiting", "reason": "ImagePullBackOff", "message": NOT_FOUND},
        {"name": "proxy", "state": "waiting", "reason": "ErrImagePull", "message": "proxy:9: not found"},
    ]
    history = [RAN, {"container": "proxy", "image": "proxy:1", "revision": 3, "ran": True}]
    answer = diagnose(failing(pod_spec=spec, states=states, history=history))
    assert containers(answer) == [{"name": "app", "image": GOOD}, {"name": "proxy", "image": "proxy:1"}]


def test_a_stalled_rollout_is_read_down_to_its_image() -> None:
    request = failing(container="")
    stalled = request.failure.model_copy(update={"reason": "ProgressDeadlineExceeded", "family": "rollout"})
    assert diagnose(request.model_copy(update={"failure": stalled})).diagnosis.rule == "image.restore"


def test_names_in_the_message_are_not_read_as_words() -> None:
    image = "registry.example.com/unauthorized/timeout:503"
    answer = diagnose(failing(f'failed to resolve "{image}": {image}: not found', image=image))
    assert containers(answer) == [{"name": "app", "image": GOOD}]


def test_an_event_tells_what_the_state_does_not() -> None:
    events = [
        {
            "object": "Pod/web-1",
            "type": "Warning",
            "reason": "Failed",
            "message": f'Failed to pull image "{BAD}": 401 Unauthorized',
        }
    ]
    answer = diagnose(failing(f'Back-off pulling image "{BAD}"', events=events))
    assert answer.diagnosis.rule == "image.credentials"
