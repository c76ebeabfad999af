"""Starts, finds and ends test clusters: the interface that tests and the command line use."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests.cluster import folders, images, leftovers, node, toolchain
from tests.cluster.errors import ClusterError
from tests.cluster.images import Image
from tests.cluster.plan import Plan
from tests.cluster.progress import Progress, Step, silent

_STOP_TIMEOUT_S = 30.0
Node = Literal["real", "simulated", "external"]


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """What is wanted. Every field has a default that suits a test run."""

    name: str = field(default_factory=lambda: f"test-{secrets.token_hex(3)}")
    kubeconfig: Path | None = None
    attached: bool = True
    images: tuple[Image, ...] = images.DEFAULT


class Cluster:
    """A cluster that answers. As a context manager it is stopped at the end of the block."""

    def __init__(self, info: dict[str, Any], supervisor: subprocess.Popen[bytes] | None = None) -> None:
        """Take what the supervisor reported; `supervisor` only in the process that owns the cluster."""
        self.info = info
        self.name: str = info["name"]
        self.kubeconfig = Path(info["kubeconfig"])
        self.node: Node = info["node"]
        self.reason: str = info["reason"]
        self.host_address: str | None = info["host_address"]
        self.registry: str | None = info["registry"]
        self._supervisor = supervisor

    def stop(self) -> None:
        """End the cluster and return when nothing of it is left; nothing happens unless this process owns it."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            _stop(supervisor, folders.cluster(self.name))

    def add_image(self, image: Image) -> None:
        """Make an image available: push it, or, when the node is simulated, count it among the known ones."""
        if self.registry:
            images.push(self.registry, image, images.pack())
        elif self.node == "simulated":
            known = self.kubeconfig.with_name("images.json")
            scratch = known.with_suffix(".new")
            scratch.write_text(json.dumps(json.loads(known.read_text()) | {image.name: image.behaviour()}))
            scratch.replace(known)
        else:
            raise ClusterError("this cluster is not ours: its registry is unknown")

    def pid_of(self, component: str) -> int:
        """Return the process id of a component, such as `kube-apiserver`; Linux only.

        For tests of outages: stop it with SIGSTOP, or kill it and see it started again after a second.
        """
        for entry in Path("/proc").glob("[0-9]*"):
            line = leftovers.command_line(int(entry.name))
            if str(self.kubeconfig.parent) in line and component in line.split()[:2]:
                return int(entry.name)
        raise ClusterError(f"{component} of {self.name} does not run")

    def __enter__(self) -> Self:
        """Return the cluster."""
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()


def start(spec: ClusterSpec | None = None, *, progress: Progress = silent) -> Cluster:
    """Start a cluster and return it when it is usable: node ready, images there.

    The kubeconfig of `spec`, or of `LOGJEDI_KUBECONFIG`, is used instead when there is one. Raises `ClusterError`.
    """
    spec = spec or ClusterSpec()
    named = spec.kubeconfig or os.environ.get("LOGJEDI_KUBECONFIG")
    if named:
        return external(Path(named))
    real, reason = _form()
    kubernetes = toolchain.build(toolchain.KUBERNETES, progress=progress)
    if real:
        images.pack(progress=progress)
    leftovers.sweep()
    folder = folders.cluster(spec.name)
    lock = folders.try_lock(folders.lock_of(folder))
    if lock is None:
        raise ClusterError(
            f"the cluster {spec.name!r} is already up",
            cure=f"python -m tests.cluster down --name {spec.name}, or choose another name.",
        )
    try:
        leftovers.clear(folder)
        folder.mkdir(mode=0o700)  # it holds an administrator's key
        (folder / "logs").mkdir()
        plan = Plan(spec.name, folder, kubernetes, spec.images, spec.attached, real, reason, lock)
        return _supervise(plan, progress)
    finally:
        os.close(lock)


def attach(name: str) -> Cluster:
    """Return the cluster `name` that is already up; it outlives the returned object."""
    if name not in running():
        raise ClusterError(f"no cluster {name!r} is up", cure=f"python -m tests.cluster up --name {name}")
    return Cluster(_info(folders.cluster(name)))


def external(path: Path) -> Cluster:
    """Return the cluster of a kubeconfig; one of our own is recognised by what lies beside it."""
    if not path.is_file():
        raise ClusterError(f"there is no kubeconfig {path}")
    if path.resolve().parent.parent == folders.clusters().resolve():
        return attach(path.resolve().parent.name)
    return Cluster(
        {
            "name": path.stem,
            "kubeconfig": str(path),
            "node": "external",
            "reason": "a kubeconfig was named",
            "host_address": None,
            "registry": None,
        }
    )


def running() -> list[str]:
    """Return the names of the clusters that are up."""
    return sorted(path.parent.name for path in folders.clusters().glob("*/info.json") if _locked(path.parent))


def down(name: str) -> bool:
    """End the cluster `name`, whoever started it, and clear what is left of it; False when there was none."""
    folder = folders.cluster(name)
    if not folder.exists():
        return False
    supervisor = _supervisor_pid(folder) if _locked(folder) else 0
    if supervisor:
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while (lock := folders.try_lock(folders.lock_of(folder))) is None or _lives(supervisor):
        if lock is not None:
            os.close(lock)
        if time.monotonic() > deadline:
            raise ClusterError(f"the cluster {name!r} does not end", cure=f"See {folder}/logs/supervisor.log.")
        time.sleep(0.05)
    try:
        leftovers.clear(folder)
    finally:
        leftovers.release(folder, lock)
    return True


def _form() -> tuple[bool, str]:
    """Return whether the node will be real, and why not; refuses to simulate silently in CI."""
    wanted = os.environ.get("LOGJEDI_TEST_CLUSTER", "")
    if wanted not in ("", "real", "simulated"):
        raise ClusterError(
            f"LOGJEDI_TEST_CLUSTER={wanted!r} is unknown", cure="Use real, simulated, or leave it empty."
        )
    if wanted == "simulated":
        return False, "LOGJEDI_TEST_CLUSTER=simulated"
    obstacle = node.obstacle()
    if obstacle and (wanted == "real" or os.environ.get("CI", "").lower() in ("true", "1")):
        raise ClusterError(
            f"no real node is possible here: {obstacle}",
            cure="Install what is missing, or set LOGJEDI_TEST_CLUSTER=simulated to do without.",
        )
    return not obstacle, obstacle


def _supervise(plan: Plan, progress: Progress) -> Cluster:
    environment = os.environ | {"PATH": folders.search_path(), "PYTHONPATH": str(folders.REPOSITORY)}
    with (plan.folder / "logs" / "supervisor.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.supervisor", plan.encode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=environment,
            pass_fds=[plan.lock],
            start_new_session=True,
        )
    (plan.folder / "supervisor.pid").write_text(str(supervisor.pid))
    try:
        info = _follow(supervisor, progress)
    except BaseException:  # also Ctrl-C: a half-started cluster must not stay
        _stop(supervisor, plan.folder)
        raise
    if plan.attached:
        return Cluster(info, supervisor)
    _close_pipes(supervisor)
    supervisor.returncode = 0  # it is not ours to wait for, and Python would warn of that
    return Cluster(info)


def _follow(supervisor: subprocess.Popen[bytes], progress: Progress) -> dict[str, Any]:
    """Pass on what the supervisor reports until the cluster is ready."""
    assert supervisor.stdout is not None
    for line in supervisor.stdout:
        message = json.loads(line)
        if "ready" in message:
            info: dict[str, Any] = message["ready"]
            return info
        if "failed" in message:
            raise ClusterError(**message["failed"])
        progress(Step(**message["step"]))
    raise ClusterError("the cluster's supervisor died", cure="Start it again; it was perhaps killed.")


def _stop(supervisor: subprocess.Popen[bytes], folder: Path) -> None:
    """Close the supervisor's pipes, which ends it, and clear up after one that was killed."""
    _close_pipes(supervisor)
    try:
        supervisor.wait(timeout=_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
    if (lock := folders.try_lock(folders.lock_of(folder))) is not None:
        leftovers.clear(folder)
        leftovers.release(folder, lock)


def _close_pipes(supervisor: subprocess.Popen[bytes]) -> None:
    for pipe in (supervisor.stdin, supervisor.stdout):
        if pipe:
            pipe.close()


def _info(folder: Path) -> dict[str, Any]:
    info: dict[str, Any] = json.loads((folder / "info.json").read_text())
    return info


def _supervisor_pid(folder: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return int((folder / "supervisor.pid").read_text())
    return 0


def _lives(pid: int) -> bool:
    """Say whether a supervisor still runs; one that nobody waited for counts as gone."""
    return bool(pid) and "tests.cluster.supervisor" in leftovers.command_line(pid)


def _locked(folder: Path) -> bool:
    lock = folders.try_lock(folders.lock_of(folder))
    if lock is None:
        return True
    leftovers.release(folder, lock)
    return False
