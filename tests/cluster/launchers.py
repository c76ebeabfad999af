"""Two ways to run components: as plain children, or inside namespaces of the cluster's own.

The supervisor drives either by the same three calls. In both the kernel ties every process to the supervisor (a
parent-death signal), so that even `kill -9` of the supervisor leaves nothing running. That signal is sent when the
*thread* that started a process ends: the supervisor has one thread, and these classes must be used from it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from tests.cluster import cgroups, folders
from tests.cluster.addresses import Addresses
from tests.cluster.components import Component
from tests.cluster.errors import ClusterError
from tests.cluster.layout import NODE_NAME, Layout

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
_ANSWER_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 10.0
# Where components write outside the cluster's folder; a tmpfs over each keeps that inside the namespaces.
_HIDDEN = ("/run", "/var/log", "/var/lib")


class Launcher(Protocol):
    """Runs the components of one cluster."""

    def start(self, component: Component) -> None:
        """Start a component; its output is appended to its log."""

    def ended(self) -> list[tuple[str, int]]:
        """Return name and exit code of each component that has ended since the last call."""

    def stop(self) -> None:
        """End everything, and return when the last process is gone."""


class LocalLauncher:
    """Runs components as plain children, for a control plane that needs neither root nor Linux."""

    def __init__(self, layout: Layout) -> None:
        """Start nothing yet."""
        self._layout = layout
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, component: Component) -> None:
        """Start a component as our child."""
        with (self._layout.logs / f"{component.name}.log").open("ab") as log:
            self._running[component.name] = subprocess.Popen(
                component.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment(self._layout),
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - there is one thread
                start_new_session=True,
            )

    def ended(self) -> list[tuple[str, int]]:
        """Return the components that have ended."""
        ended = [(name, code) for name, process in self._running.items() if (code := process.poll()) is not None]
        for name, _code in ended:
            del self._running[name]
        return ended

    def pids(self) -> dict[str, int]:
        """Return the process id of each running component."""
        return {name: process.pid for name, process in self._running.items()}

    def stop(self) -> None:
        """Kill them all: what they store goes with the cluster's folder."""
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()
        self._running.clear()


class NamespaceLauncher:
    """Runs components in network, mount, process, cgroup, IPC and UTS namespaces of their own."""

    def __init__(self, layout: Layout, groups: list[Path]) -> None:
        """Create the namespaces around `inside`, as members of the cgroup folders `groups`."""
        self._layout = layout
        self._groups = groups
        self._pending = b""
        self._ended: list[tuple[str, int]] = []
        command = [
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--cgroup",
            "--ipc",
            "--uts",
            "--fork",
            "--kill-child",
            "--mount-proc",
            sys.executable,
            "-m",
            "tests.cluster.inside",
        ]

        def before_exec() -> None:
            _die_with_parent()
            cgroups.join(groups)

        with (layout.logs / "inside.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd="/",
                env=environment(layout),
                preexec_fn=before_exec,  # noqa: PLW1509 - there is one thread
                start_new_session=True,
            )

    @property
    def init_pid(self) -> int:
        """Return the host's process id of the cluster's process 1: `nsenter -t PID -a` goes inside."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def prepare(self) -> None:
        """Prepare the mounts and network inside, then join them to the host by a pair of interfaces."""
        addresses = self._layout.addresses
        cgroups.step_aside(self._groups, self._process.pid)
        self._ask(
            "prepare",
            "prepared",
            hostname=NODE_NAME,
            bridge=f"{addresses.bridge}/17",
            services=addresses.services,
            hide=self._hidden(),
            cgroups=_cgroup_mounts(),
        )
        _join_host(addresses, self._process.pid)
        self._ask("join", "joined", device=addresses.uplink, address=f"{addresses.node}/30")

    def start(self, component: Component) -> None:
        """Have a component started inside."""
        self._send(
            do="start",
            name=component.name,
            command=component.command,
            log=str(self._layout.logs / f"{component.name}.log"),
            env=environment(self._layout),
        )

    def ended(self) -> list[tuple[str, int]]:
        """Return the components that have ended; process 1 itself is called `inside`."""
        self._receive(timeout_s=0)
        if (code := self._process.poll()) is not None:
            self._ended.append(("inside", code))
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Kill process 1; `unshare` ends when the kernel has ended everything in there."""
        try:
            os.kill(self.init_pid or self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            self._process.kill()
        # The kernel removes interfaces only a moment after the namespace's last process; nobody should see that moment.
        subprocess.run(["ip", "link", "delete", self._layout.addresses.uplink], check=False, capture_output=True)
        self._process.wait(timeout=_STOP_TIMEOUT_S)

    def _ask(self, order: str, answer: str, **details: object) -> None:
        self._send(do=order, **details)
        deadline = time.monotonic() + _ANSWER_TIMEOUT_S
        while time.monotonic() < deadline:
            for message in self._receive(timeout_s=0.1):
                if message["event"] == answer:
                    return
            if self._process.poll() is not None:
                break
        raise ClusterError(f"the cluster's namespaces gave no answer to {order!r}", cure="See inside.log.")

    def _send(self, **order: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self, *, timeout_s: float) -> list[dict[str, Any]]:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        if not select.select([descriptor], [], [], timeout_s)[0]:
            return []
        *lines, self._pending = (self._pending + os.read(descriptor, 1 << 16)).split(b"\n")
        messages = [json.loads(line) for line in lines]
        for message in messages:
            if message["event"] == "refused":
                raise ClusterError(f"inside the cluster's namespaces: {message['message']}")
        self._ended += [(each["name"], each["code"]) for each in messages if each["event"] == "exited"]
        return messages

    def _hidden(self) -> list[str]:
        needed = [
            self._layout.folder,
            self._layout.kubernetes,
            Path(sys.executable),
            Path(sys.prefix),
            folders.REPOSITORY,
        ]
        return [each for each in _HIDDEN if not any(path.is_relative_to(each) for path in needed)]


def environment(layout: Layout) -> dict[str, str]:
    """Return the variables that components get: none of the user's, whose proxies would swallow our calls."""
    return {
        "PATH": folders.search_path(),
        "HOME": str(layout.data),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(folders.REPOSITORY),
    }


def _cgroup_mounts() -> list[dict[str, str]]:
    return [{"kind": each.kind, "name": each.mount.name, "options": each.options} for each in cgroups.hierarchies()]


def _join_host(addresses: Addresses, pid: int) -> None:
    """Lay the pair of interfaces; both ends, and the route, go with the namespace."""
    link = addresses.uplink
    for command in (
        f"ip link add {link} type veth peer name {link} netns {pid}",
        f"ip address add {addresses.host}/30 dev {link}",
        f"ip link set {link} up",
        f"ip route add {addresses.reachable} via {addresses.node}",
    ):
        done = subprocess.run(command.split(), check=False, capture_output=True, text=True)
        if done.returncode:
            raise ClusterError(f"{command}: {done.stderr.strip()}")


def _die_with_parent() -> None:
    """Ask the kernel to kill us when our parent ends; elsewhere than on Linux the next start clears leftovers."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
