"""What a real node needs of the machine, in one glance, and how to get it.

Nothing is installed on a person's machine before a yes; ``YES=1`` and CI say yes. Without it everything goes on with
a simulated node, and says so. Run as ``python -m tests.cluster.prerequisites``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

PACKAGES = ("containerd", "runc", "containernetworking-plugins", "docker-registry", "iptables", "iproute2", "conntrack")
_CNI = (Path("/usr/lib/cni/bridge"), Path("/opt/cni/bin/bridge"))


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is needed, whether it is there, and what it is for."""

    name: str
    there: bool
    why: str


def needs() -> list[Need]:
    """Look at the machine; nothing is changed."""
    tools = [
        Need(tool, _found(tool), why)
        for tool, why in (
            ("containerd", "runs the containers"),
            ("runc", "starts them"),
            ("docker-registry", "serves the images, and genuine 'not found'"),
            ("iptables", "the services' addresses"),
            ("ip", "the cluster's own network"),
        )
    ]
    return [
        Need("Linux", sys.platform == "linux", "a kubelet runs on nothing else"),
        Need("root", hasattr(os, "geteuid") and os.geteuid() == 0, "namespaces, cgroups and mounts of its own"),
        *tools,
        Need("CNI plugins", any(path.exists() for path in _CNI), "the pods' network"),
    ]


def ensure(console: Console, environment: Mapping[str, str]) -> None:
    """Show what is there, and install what is missing where that is possible and allowed."""
    found = needs()
    show(console, found)
    missing = [need.name for need in found if not need.there]
    if not missing or {"Linux", "root"} & set(missing) or shutil.which("apt-get") is None:
        if missing:
            console.print(f"a real node is not possible here (missing: {', '.join(missing)}); one is simulated")
        return
    if _allowed(console, environment):
        install(console)


def show(console: Console, found: list[Need]) -> None:
    """Print one table."""
    table = Table(title="for a real node", title_justify="left", box=None, padding=(0, 2))
    for need in found:
        table.add_row("[green]✓[/]" if need.there else "[red]✗[/]", need.name, f"[dim]{need.why}[/]")
    console.print(table)


def install(console: Console) -> None:
    """Install the packages with the system's own package manager; it prints what it does."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends", *PACKAGES]):
        console.print(f"[dim]$ {' '.join(command)}[/]")
        subprocess.run(command, env=quiet, check=True, stdout=subprocess.DEVNULL)


def _allowed(console: Console, environment: Mapping[str, str]) -> bool:
    if environment.get("YES") == "1" or environment.get("CI") == "true":
        return True
    if not sys.stdin.isatty():
        console.print("not installing anything without a yes: say YES=1")
        return False
    answer = console.input(f"install {' '.join(PACKAGES)} with apt-get? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _found(tool: str) -> bool:
    return shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


if __name__ == "__main__":
    ensure(Console(), os.environ)
