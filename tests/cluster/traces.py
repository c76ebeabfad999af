"""What one cluster has put on this machine, to be looked for when it is gone.

For tests that a cluster, or a demo that started one, leaves nothing behind. Linux only.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster import folders, node
from tests.cluster.cluster import Cluster


class Traces:
    """A cluster's traces, collected while it lives."""

    def __init__(self, up: Cluster) -> None:
        """Take note of every process of the cluster, and of the host's firewall as it is."""
        self.name, self.info = up.name, up.info
        pids = _family(up.info["supervisor_pid"])
        self.processes = {pid: _started(pid) for pid in pids} | dict(processes(str(up.kubeconfig.parent)))
        self.firewall = firewall()

    def left(self) -> dict[str, Any]:
        """Return everything that is still there, by what it is; nothing when all is gone."""
        started = {pid: when for pid, when in self.processes.items() if _started(pid) == when}
        found = {
            "processes": [_command(pid) for pid in started],
            "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if self.name in line],
            "cgroups": [str(each) for each in Path("/sys/fs/cgroup").rglob(f"*-{self.name}")],
            "files": [str(each) for each in folders.clusters().glob(f"{self.name}*")],
        }
        if interface := self.info["interface"]:
            found["links"] = [line for line in _run("ip", "-o", "link") if f" {interface}@" in line]
            octet = self.info["pods"].split(".")[1]
            found["routes"] = [
                line for line in _run("ip", "route") if f"10.{octet}." in line or f"198.18.{octet}." in line
            ]
            found["firewall"] = [line for line in firewall() if line not in self.firewall]
            found["machine-wide settings"] = [] if machine_wide() == _SETTINGS else [str(machine_wide())]
        return {what: each for what, each in found.items() if each}


def machine_wide() -> dict[str, str]:
    """Return the settings of the whole machine that a kubelet would change."""
    names = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
    return {name: (Path("/proc/sys") / name).read_text() for name in names if (Path("/proc/sys") / name).exists()}


_SETTINGS = machine_wide()


def _run(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def firewall() -> list[str]:
    """Return the host's rules, without counters and comments."""
    if not node.obstacle():
        return [line.partition(" [")[0] for line in _run("iptables-save") if not line.startswith("#")]
    return []


def processes(needle: str) -> list[tuple[int, str]]:
    """Return number and start of each process whose command line contains the text."""
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [(pid, _started(pid)) for pid in pids if needle in _command(pid) and pid != os.getpid()]


def _family(ancestor: int) -> set[int]:
    """Return a process and all that descend from it, those in containers too."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if fields := _stat(int(entry.name)):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    family, unseen = set[int](), [ancestor]
    while unseen:
        family.add(pid := unseen.pop())
        unseen += children.get(pid, [])
    return family


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks: with its number, that names it for ever. Empty when it is dead.

    A process without a command line has let go of its memory and is on its last steps through the kernel.
    """
    fields = _stat(pid)
    return fields[19] if fields and fields[0] != "Z" and _command(pid) else ""


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
