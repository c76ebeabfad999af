"""The test cluster itself: what the other tests stand on must not lie to them.

The first half asks a real node and a simulated one the same questions and expects the same answers, word for word. The
second half takes clusters down in every way there is, and looks for what is left.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import cluster
from tests.cluster import addresses, folders, node, traces
from tests.cluster.api import Api, ApiError

# The first start on a machine builds Kubernetes, which takes minutes; afterwards none of this takes a quarter of one.
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

WEB = "registry.example/shop/web:1.0"
UNKNOWN = "registry.example/shop/web:nosuch"
LATER = cluster.Image("registry.example/shop/web:1.2", env={"VERSION": "1.2"})
PODS = "/api/v1/namespaces/default/pods"
REPOSITORY = Path(__file__).resolve().parents[2]

Json = dict[str, Any]


class Home:
    """A cluster, and words for asking it."""

    def __init__(self, up: cluster.Cluster) -> None:
        self.cluster = up
        self.api = Api(up.kubeconfig)

    def begin(self) -> Home:
        """Create what a kubelet needs long for: between two pulls it waits ten seconds and more."""
        self.create_pod("unknown-tag", UNKNOWN)
        self.create_pod("late", env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "a"}}}])
        self.create_pod("patient", LATER.name)
        self.create_pod("crashing", env=[{"name": "REQUIRE", "value": "DATABASE_URL"}])
        return self

    def create_pod(self, name: str, image: str = WEB, **fields: Any) -> None:
        volumes = fields.pop("volumes", [])
        spec = {"containers": [{"name": "app", "image": image, **fields}], "volumes": volumes}
        self.api.post(PODS, {"metadata": {"name": name}, "spec": {**spec, "terminationGracePeriodSeconds": 1}})

    def app(self, pod: str) -> Json:
        """The status of the pod's one container."""
        statuses: list[Json] = self.api.get(f"{PODS}/{pod}")["status"].get("containerStatuses", [])
        return statuses[0] if statuses else {"state": {}, "lastState": {}, "ready": False}

    def waiting(self, pod: str) -> Json:
        found: Json = self.app(pod)["state"].get("waiting", {})
        return found

    def events(self, pod: str) -> list[tuple[str, str, str]]:
        listed = self.api.get(f"/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D{pod}")
        return [(each["type"], each["reason"], each.get("message", "")) for each in listed["items"]]


def eventually(condition: Callable[[], Any], within_s: float = 45.0) -> Any:
    """The condition's first true value; its last value when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


def need_real_node() -> None:
    """A machine without containers skips what needs them, except in CI, where that is a failure."""
    if obstacle := node.obstacle():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no real node: {obstacle}")


@pytest.fixture(autouse=True)
def _own_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests start their own clusters, whatever the rest of the run uses."""
    monkeypatch.delenv("LOGJEDI_KUBECONFIG", raising=False)
    monkeypatch.delenv("LOGJEDI_TEST_CLUSTER", raising=False)


def start(form: str) -> cluster.Cluster:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LOGJEDI_KUBECONFIG", raising=False)
        patch.setenv("LOGJEDI_TEST_CLUSTER", form)
        return cluster.start()


@pytest.fixture(scope="module")
def real() -> Iterator[Home]:
    need_real_node()
    with start("real") as up:
        home = Home(up).begin()
        yield home
        home.api.close()


@pytest.fixture(scope="module")
def simulated() -> Iterator[Home]:
    with start("simulated") as up:
        home = Home(up).begin()
        yield home
        home.api.close()


@pytest.fixture(params=["real", "simulated"])
def home(request: pytest.FixtureRequest) -> Home:
    chosen: Home = request.getfixturevalue(request.param)
    return chosen


# The same questions to both forms


def test_the_node_is_ready_and_the_cluster_says_what_it_is(home: Home, request: pytest.FixtureRequest) -> None:
    assert home.cluster.node == request.node.callspec.params["home"]
    conditions = home.api.get("/api/v1/nodes/node1")["status"]["conditions"]
    assert {each["type"]: each["status"] for each in conditions}["Ready"] == "True"
    assert home.api.get("/api/v1/namespaces/default/serviceaccounts/default")
    assert home.cluster.reason == ("" if home.cluster.node == "real" else "LOGJEDI_TEST_CLUSTER=simulated")


def test_a_deployment_of_a_known_image_becomes_available_and_goes_when_deleted(home: Home) -> None:
    create_web(home, "shop")
    shop = "/apis/apps/v1/namespaces/default/deployments/shop"
    assert eventually(lambda: home.api.get(shop)["status"].get("availableReplicas") == 1)
    home.api.delete(shop)
    selected = f"{PODS}?labelSelector=app%3Dshop"
    assert eventually(lambda: not home.api.get(selected)["items"])


def test_what_comes_after_all_lets_containers_start(home: Home) -> None:
    assert eventually(lambda: home.waiting("late").get("reason") == "CreateContainerConfigError")
    assert eventually(lambda: home.waiting("patient").get("reason") in ("ErrImagePull", "ImagePullBackOff"))
    home.api.post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "late"}, "data": {"a": "1"}})
    home.cluster.add_image(LATER)
    assert eventually(lambda: home.app("late")["ready"])
    assert eventually(lambda: home.app("patient")["ready"])


def test_an_unknown_tag_is_refused_in_containerds_own_words(home: Home) -> None:
    error = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{UNKNOWN}": '
        f'failed to resolve reference "{UNKNOWN}": {UNKNOWN}: not found'
    )
    back_off = f'Back-off pulling image "{UNKNOWN}"'
    waiting = eventually(lambda: _only(home.waiting("unknown-tag"), reason="ImagePullBackOff"))
    assert waiting == {"reason": "ImagePullBackOff", "message": f"{back_off}: ErrImagePull: {error}"}
    events = home.events("unknown-tag")
    assert ("Warning", "Failed", f'Failed to pull image "{UNKNOWN}": {error}') in events
    assert ("Warning", "Failed", "Error: ErrImagePull") in events
    assert ("Normal", "BackOff", back_off) in events


def test_a_name_without_a_registry_is_looked_up_as_docker_hubs(home: Home) -> None:
    home.create_pod("bare-name", "nginx")
    message = eventually(lambda: home.waiting("bare-name").get("message"))
    assert '"docker.io/library/nginx:latest": docker.io/library/nginx:latest: not found' in message


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("no-configmap", {"configMapKeyRef": {"name": "absent", "key": "a"}}, 'configmap "absent" not found'),
        ("no-secret", {"secretKeyRef": {"name": "absent", "key": "a"}}, 'secret "absent" not found'),
        (
            "no-key",
            {"configMapKeyRef": {"name": "kube-root-ca.crt", "key": "a"}},
            "couldn't find key a in ConfigMap default/kube-root-ca.crt",
        ),
    ],
)
def test_a_missing_reference_is_a_config_error_in_the_kubelets_own_words(
    home: Home, name: str, source: Json, message: str
) -> None:
    home.create_pod(name, env=[{"name": "A", "valueFrom": source}])
    assert eventually(lambda: home.waiting(name).get("reason") == "CreateContainerConfigError")
    assert home.waiting(name)["message"] == message
    assert eventually(lambda: ("Warning", "Failed", f"Error: {message}") in home.events(name))
    with pytest.raises(ApiError, match=f'"app" in pod "{name}" is waiting to start: CreateContainerConfigError'):
        home.api.get(f"{PODS}/{name}/log")


def test_a_volume_without_its_config_map_is_not_mounted(home: Home) -> None:
    volumes = [{"name": "settings", "configMap": {"name": "absent"}}]
    home.create_pod("no-volume", volumes=volumes, volumeMounts=[{"name": "settings", "mountPath": "/settings"}])
    message = 'MountVolume.SetUp failed for volume "settings" : configmap "absent" not found'
    assert eventually(lambda: ("Warning", "FailedMount", message) in home.events("no-volume"))
    assert eventually(lambda: home.waiting("no-volume")) == {"reason": "ContainerCreating"}


def test_too_little_memory_is_an_out_of_memory_kill(home: Home) -> None:
    resources = {"limits": {"memory": "24Mi"}}
    home.create_pod("hungry", env=[{"name": "HOG_MIB", "value": "64"}], resources=resources)
    last = eventually(lambda: home.app("hungry")["lastState"].get("terminated"))
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")
    home.create_pod("fed", env=[{"name": "HOG_MIB", "value": "64"}], resources={"limits": {"memory": "128Mi"}})
    assert eventually(lambda: home.app("fed")["ready"])


def test_a_crash_is_restarted_and_leaves_its_last_words(home: Home) -> None:
    assert eventually(lambda: home.waiting("crashing").get("reason") == "CrashLoopBackOff")
    assert home.app("crashing")["lastState"]["terminated"]["exitCode"] == 1
    assert " restarting failed container=app pod=crashing_default(" in home.waiting("crashing")["message"]
    log = read_log(home, "crashing")
    assert "ERROR configuration: required environment variable DATABASE_URL is not set\n" in log
    assert log.endswith("FATAL cannot start without DATABASE_URL\n")


# What only a real node can show


def test_a_service_answers_at_its_cluster_ip_from_the_host(real: Home) -> None:
    create_web(real, "front")
    spec = {"selector": {"app": "front"}, "ports": [{"port": 80, "targetPort": 8080}]}
    created = real.api.post("/api/v1/namespaces/default/services", {"metadata": {"name": "front"}, "spec": spec})
    assert eventually(lambda: fetch(created["spec"]["clusterIP"], 80, "/").startswith("version 1.0 on front-"))


def test_a_pod_reaches_a_server_of_the_host_and_the_api_server(real: Home) -> None:
    real.create_pod("caller")
    assert eventually(lambda: real.app("caller")["ready"])
    pod = real.api.get(f"{PODS}/caller")["status"]["podIP"]
    with served(b"from the host") as port:
        answer = eventually(lambda: fetch(pod, 8080, f"/fetch?url=http://{real.cluster.host_address}:{port}/"), 10)
    assert answer == "from the host"
    first_service = real.cluster.info["services"].replace(".0/17", ".1")
    assert "certificate" in fetch(pod, 8080, f"/fetch?url=https://{first_service}/")  # it answers, and is not trusted


# Without a trace


def test_a_cluster_that_is_stopped_leaves_nothing(real: Home) -> None:
    with start("real") as other:
        assert other.info["pods"] != real.cluster.info["pods"]  # two side by side
        home = Home(other)
        home.create_pod("somebody")
        assert eventually(lambda: home.app("somebody")["ready"])
        home.api.close()
        mine = traces.Traces(other)
        present = mine.left()
        assert present.keys() >= {"processes", "cgroups", "files", "links", "routes"}
        assert any("/program" in each for each in present["processes"])
    assert mine.left() == {}
    assert real.api.ready()  # the neighbour did not notice


@pytest.mark.parametrize("form", ["real", "simulated"])
def test_a_cluster_whose_owner_is_killed_leaves_nothing(form: str) -> None:
    if form == "real":
        need_real_node()
    with owner(form) as (process, up):
        mine = traces.Traces(up)
        assert "processes" in mine.left()
        process.kill()
        process.wait()
        assert eventually(lambda: not mine.left(), 8), mine.left()
        assert mine.left() == {}


def test_a_cluster_whose_supervisor_is_killed_is_cleared_by_its_owner() -> None:
    need_real_node()
    with start("real") as up:
        mine = traces.Traces(up)
        os.kill(up.info["supervisor_pid"], signal.SIGKILL)
        assert eventually(lambda: mine.left().keys() == {"cgroups", "files"}, 8), mine.left()
    assert mine.left() == {}


def test_an_interrupt_while_it_starts_leaves_nothing() -> None:
    need_real_node()
    command = [sys.executable, "-m", "tests.cluster", "up", "--name", "test-interrupted"]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:
        folder = folders.cluster("test-interrupted")
        assert eventually((folder / "logs" / "kube-apiserver.log").exists)
        assert traces.processes(str(folder))
        process.send_signal(signal.SIGINT)
        assert "interrupted" in process.communicate(timeout=30)[1]
    assert not traces.processes(str(folder))
    assert not folder.exists()


def test_the_command_line_keeps_a_cluster_up_until_it_is_taken_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGJEDI_TEST_CLUSTER", "simulated")
    name = "test-command-line"
    cluster.down(name)
    assert "is up in" in cli("up", name).stderr
    mine = traces.Traces(cluster.attach(name))
    try:
        assert "already up" in cli("up", name, code=1).stderr
        kubeconfig = cli("kubeconfig", name).stdout.strip()
        assert json.loads(cli("status", name).stdout)[0]["kubeconfig"] == kubeconfig
        monkeypatch.setenv("LOGJEDI_KUBECONFIG", kubeconfig)
        with cluster.start() as same:  # a test run that reuses it, and leaves it up
            assert same.node == "simulated"
        monkeypatch.delenv("LOGJEDI_KUBECONFIG")
        assert name in cluster.running()
    finally:
        cli("down", name)
    assert mine.left() == {}
    assert cli("status", name, code=1).stdout.strip() == "[]"


# Refusals


def test_ci_refuses_to_simulate_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    # the list of programs is changed, not the code that looks for them: the machine itself must keep its runtime
    monkeypatch.setattr(node, "_PROGRAMS", ("no-such-runtime",))
    with pytest.raises(cluster.ClusterError, match="no real node is possible here") as refused:
        cluster.start()
    assert "LOGJEDI_TEST_CLUSTER=simulated" in refused.value.cure


def test_a_component_that_dies_is_named_with_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_real_node()
    broken = tmp_path / "docker-registry"
    broken.write_text("#!/bin/sh\necho 'mkdir: no space left on device' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(cluster.ClusterError) as failed:
        cluster.start(cluster.ClusterSpec(name="test-broken"))
    assert failed.value.cause == "docker-registry ended with code 3"
    assert failed.value.log == "mkdir: no space left on device"
    assert "Free some disk space" in failed.value.cure
    assert not folders.cluster("test-broken").exists()


def test_a_component_that_dies_later_is_started_again(simulated: Home) -> None:
    before = simulated.cluster.pid_of("kube-scheduler")
    os.kill(before, signal.SIGKILL)

    def again() -> bool:
        try:
            return simulated.cluster.pid_of("kube-scheduler") != before
        except cluster.ClusterError:
            return False

    assert eventually(again, 10)


def test_a_name_that_could_leave_its_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="is no cluster name"):
        cluster.start(cluster.ClusterSpec(name="../elsewhere"))


def test_two_clusters_cannot_claim_the_same_range() -> None:
    need_real_node()
    claims = [addresses.claim_net() for _ in range(20)]
    assert len({net for net, _claim in claims}) == 20
    for _net, claim in claims:
        claim.close()


# Words


def create_web(home: Home, name: str) -> None:
    labels = {"app": name}
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    container = {"name": "app", "image": WEB, "readinessProbe": probe}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    home.api.post("/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": name}, "spec": spec})


def read_log(home: Home, pod: str) -> str:
    return home.api.text(f"{PODS}/{pod}/log")


def fetch(host: str, port: int, path: str) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


class served:  # noqa: N801 - reads as a word
    """A server on every address of the host, for one answer."""

    def __init__(self, answer: bytes) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.HTTPServer(("0.0.0.0", 0), Handler)  # noqa: S104 - pods come by another interface
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._server.server_address[1])

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class owner:  # noqa: N801 - reads as a word
    """Another process that starts a cluster and then sleeps."""

    def __init__(self, form: str) -> None:
        script = """
            import json, time
            from tests import cluster
            up = cluster.start()
            print(json.dumps(up.info), flush=True)
            time.sleep(600)
        """
        self._process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"LOGJEDI_TEST_CLUSTER": form, "PYTHONPATH": str(REPOSITORY)},
        )

    def __enter__(self) -> tuple[subprocess.Popen[str], cluster.Cluster]:
        assert self._process.stdout is not None
        return self._process, cluster.Cluster(json.loads(self._process.stdout.readline()))

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def cli(verb: str, name: str, *, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.cluster", verb, "--name", name]
    done = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)
    assert done.returncode == code, done.stderr
    return done


def _only(found: Json, **fields: str) -> Json | None:
    return found if found.items() >= fields.items() else None
