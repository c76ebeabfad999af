"""Gives a cluster cgroup folders of its own, and removes them when it is gone.

A kubelet takes every pod cgroup that it can see for its own, so each cluster gets a folder below the supervisor's own
group in each hierarchy, and a cgroup namespace whose root that folder is. Version 1 was seen working; version 2 (one
hierarchy, controllers to be enabled from the top) follows its documentation; its moves were seen, a node on it was not:
https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

_REMOVAL_TIMEOUT_S = 10.0
_V2_CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "io")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One cgroup mount: its type, its options (version 1), and our own group's folder in it."""

    kind: str
    mount: Path
    options: str
    own: Path


def hierarchies() -> list[Hierarchy]:
    """Return the mounts to mirror: those of version 1 if the memory controller is there, else the one of version 2."""
    groups = _own_groups()
    found = [each for line in _lines("/proc/self/mountinfo") if (each := _hierarchy(line, groups))]
    version_1 = [each for each in found if each.kind == "cgroup"]
    if any("memory" in each.options.split(",") for each in version_1):
        return version_1
    return [each for each in found if each.kind == "cgroup2"][:1]


def places(name: str) -> list[Path]:
    """Return the folder `name` of each hierarchy: below our own group, or at the top in version 2.

    Version 2 lets only its top have both processes and controllers for its children.
    """
    return [(each.own if each.kind == "cgroup" else each.mount) / name for each in hierarchies()]


def create(folders: list[Path]) -> None:
    """Create the folders that `places` named, ready to be joined."""
    for folder, hierarchy in zip(folders, hierarchies(), strict=True):
        folder.mkdir()
        if hierarchy.kind == "cgroup2":
            _enable(folder.parent)
        elif "cpuset" in hierarchy.options.split(","):
            _inherit_cpuset(folder)


def join(folders: list[Path]) -> None:
    """Move the calling process into the folders; made for the moment between fork and exec."""
    for folder in folders:
        (folder / "cgroup.procs").write_text(str(os.getpid()))


def step_aside(folders: list[Path], pid: int) -> None:
    """Version 2: move `unshare` out of the namespace's root, which may hand out controllers only when it is empty."""
    for folder, hierarchy in zip(folders, hierarchies(), strict=True):
        if hierarchy.kind == "cgroup2":
            aside = folder / "outside"
            aside.mkdir()
            (aside / "cgroup.procs").write_text(str(pid))


def remove(folders: list[Path]) -> None:
    """Remove the folders with all that a kubelet made below them, waiting for the last dead process to leave."""
    deadline = time.monotonic() + _REMOVAL_TIMEOUT_S
    left = folders
    while left := [folder for folder in left if not _remove(folder)]:
        if time.monotonic() > deadline:
            raise OSError(f"cgroup folders are still in use: {', '.join(map(str, left))}")
        time.sleep(0.05)


def _remove(folder: Path) -> bool:
    for place, _folders, _files in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(place).rmdir()
    return not folder.exists()


def _inherit_cpuset(folder: Path) -> None:
    """Give a new cpuset its parent's processors: an empty one cannot be joined (ENOSPC)."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        (folder / file).write_text((folder.parent / file).read_text())
    (folder / "cgroup.clone_children").write_text("1")


def _enable(parent: Path) -> None:
    for controller in _V2_CONTROLLERS:
        with contextlib.suppress(OSError):
            (parent / "cgroup.subtree_control").write_text(f"+{controller}")


def _hierarchy(line: str, groups: dict[str, str]) -> Hierarchy | None:
    """Read one line of mountinfo: `ID PARENT DEV ROOT MOUNT OPTIONS … - TYPE SOURCE SUPEROPTIONS`."""
    left, _, right = line.partition(" - ")
    kind, _source, super_options = right.split(" ", 2)
    if kind not in ("cgroup", "cgroup2"):
        return None
    root, mount = left.split(" ")[3:5]
    options = ",".join(
        option for option in super_options.split(",") if option not in ("rw", "ro", "xattr", "nsdelegate")
    )
    own = groups.get("" if kind == "cgroup2" else options, "/")
    relative = own.removeprefix(root if root != "/" else "").lstrip("/")
    inside = Path(mount) / relative if not relative.startswith("..") else Path(mount)
    return Hierarchy(kind, Path(mount), options, inside)


def _own_groups() -> dict[str, str]:
    """Map the controllers of each line of /proc/self/cgroup to our path; the key of version 2 is empty."""
    lines = (line.split(":", 2) for line in _lines("/proc/self/cgroup"))
    return {controllers: path for _number, controllers, path in lines}


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
