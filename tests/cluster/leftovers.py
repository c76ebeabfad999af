"""Removes what a dead cluster left: cgroup folders, processes, its folder.

Namespaces take most of a cluster with them. What they cannot take is written down in `traces.json` before it is made,
and removed by whoever finds the cluster's lock free: the supervisor at its end, the owner when the supervisor was
killed, or the next start.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.cluster import cgroups, folders

_FILE = "traces.json"


def note(folder: Path, **traces: Any) -> None:
    """Write down traces: `cgroups` (paths) and `pids` (of components that no namespace ends)."""
    path = folder / _FILE
    known = json.loads(path.read_text()) if path.exists() else {}
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(known | traces))
    scratch.replace(path)


def clear(folder: Path) -> None:
    """Remove all traces of a dead cluster, whose lock the caller holds."""
    if not folder.exists():
        return
    path = folder / _FILE
    traces = json.loads(path.read_text()) if path.exists() else {}
    for pid in traces.get("pids", []):
        _kill(pid, folder)
    cgroups.remove([Path(each) for each in traces.get("cgroups", [])])
    shutil.rmtree(folder)


def sweep() -> None:
    """Clear every cluster whose supervisor is gone, as far as the kernel lets go of it by now."""
    if not folders.clusters().exists():
        return
    for folder in folders.clusters().iterdir():
        if folder.is_dir() and (lock := folders.try_lock(folders.lock_of(folder))) is not None:
            with contextlib.suppress(OSError):
                clear(folder)
            release(folder, lock)


def release(folder: Path, lock: int) -> None:
    """Remove a cluster's lock file and let go of it."""
    folders.lock_of(folder).unlink(missing_ok=True)
    os.close(lock)


def _kill(pid: int, folder: Path) -> None:
    """Kill a component that outlived its supervisor, but never a process that took over its number."""
    with contextlib.suppress(OSError):
        if str(folder) in command_line(pid):
            os.kill(pid, signal.SIGKILL)


def command_line(pid: int) -> str:
    """Return a process's command line, or an empty text when there is no such process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True).stdout
