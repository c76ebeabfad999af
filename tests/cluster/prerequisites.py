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

from rich.console import Console
from rich.table import Table

from tests.cluster import folders, node


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is needed, whether it is there, what it is for, and the Debian package that has it."""

    name: str
    there: bool
    why: str
    package: str = ""


def needs() -> list[Need]:
    """Look at the machine; nothing is changed."""
    tools = [
        Need(tool, _found(tool), why, package)
        for tool, why, package in (
            ("containerd", "runs the containers", "containerd"),
            ("runc", "starts them", "runc"),
            ("docker-registry", "serves the images, and genuine 'not found'", "docker-registry"),
            ("iptables", "the services' addresses", "iptables"),
            ("ip", "the cluster's own network", "iproute2"),
        )
    ]
    return [
        Need("Linux", sys.platform == "linux", "a kubelet runs on nothing else"),
        Need("root", hasattr(os, "geteuid") and os.geteuid() == 0, "namespaces, cgroups and mounts of its own"),
        *tools,
        Need("CNI plugins", node.plugin_folder() is not None, "the pods' network", "containernetworking-plugins"),
    ]


def ensure(console: Console, environment: Mapping[str, str]) -> None:
    """Show what is there, and install what is missing where that is possible and allowed."""
    found = needs()
    show(console, found)
    missing = [need for need in found if not need.there]
    if not missing:
        return
    if not all(need.package for need in missing) or shutil.which("apt-get") is None:
        names = ", ".join(need.name for need in missing)
        console.print(f"a real node is not possible here (missing: {names}); one is simulated")
        return
    # Only what is missing: Debian's containerd would replace another vendor's, and Docker with it.
    packages = [need.package for need in missing]
    if _allowed(console, environment, packages):
        install(console, packages)


def show(console: Console, found: list[Need]) -> None:
    """Print one table."""
    table = Table(title="for a real node", title_justify="left", box=None, padding=(0, 2))
    for need in found:
        table.add_row("[green]✓[/]" if need.there else "[red]✗[/]", need.name, f"[dim]{need.why}[/]")
    console.print(table)


def install(console: Console, packages: list[str]) -> None:
    """Install the packages with the system's own package manager; it prints what it does."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends", *packages]):
        console.print(f"[dim]$ {' '.join(command)}[/]")
        subprocess.run(command, env=quiet, check=True, stdout=subprocess.DEVNULL)


def _allowed(console: Console, environment: Mapping[str, str], packages: list[str]) -> bool:
    if environment.get("YES") == "1" or environment.get("CI") == "true":
        return True
    if not sys.stdin.isatty():
        console.print("not installing anything without a yes: say YES=1")
        return False
    answer = console.input(f"install {' '.join(packages)} with apt-get? [y/N] ")
    return answer.strip().lower() in ("y", "yes")


def _found(tool: str) -> bool:
    return shutil.which(tool, path=folders.search_path()) is not None


if __name__ == "__main__":
    ensure(Console(), os.environ)
