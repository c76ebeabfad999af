"""``KEEP=1``: what stays up after the demo, and how it is ended: by the process ids that were written down.

A process id is believed only if the process still has the start time that was written with it.
"""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests import cluster
from tests.demo import workloads
from tests.demo.target import NAME
from tests.stack import Process


def folder() -> Path:
    """The demo's own folder in the user's cache."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "logjedi" / "demo"


def write(processes: list[Process], *, kubeconfig: str = "", namespace: str = "") -> None:
    """Write down what is left running, and the namespace to remove if the cluster is not ours."""
    rows = [{"name": process.name, "pid": process.pid, "started": _started(process.pid)} for process in processes]
    kept = {"processes": rows, "kubeconfig": kubeconfig, "namespace": namespace}
    (folder() / "kept.json").write_text(json.dumps(kept))


def end() -> list[str]:
    """End what an earlier demo left running, its cluster too; return the names of what was ended."""
    noted = folder() / "kept.json"
    kept: dict[str, Any] = json.loads(noted.read_text()) if noted.exists() else {"processes": [], "namespace": ""}
    ended = [row["name"] for row in reversed(kept["processes"]) if _end(row["pid"], row["started"])]
    if kept["namespace"]:
        asyncio.run(workloads.tidy(kept["kubeconfig"], kept["namespace"]))
        ended.append(f"namespace {kept['namespace']}")
    noted.unlink(missing_ok=True)
    if NAME in cluster.running() and cluster.down(NAME):
        ended.append("cluster")
    return ended


def _end(pid: int, started: str) -> bool:
    if not started or _started(pid) != started:
        return False
    os.kill(pid, signal.SIGTERM)
    for _ in range(50):
        if _started(pid) != started:
            return True
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    return True


def _started(pid: int) -> str:
    """Read a process's start time (field 22 of ``/proc/PID/stat``); empty if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
