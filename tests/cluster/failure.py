"""Turns a dead component into one line of cause, one line of cure, and the lines that show it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.cluster import folders
from tests.cluster.errors import ClusterError

_LINES = 15
_CURES = (
    (r"address already in use", "Another program took the port in the meantime: start it again."),
    (r"no space left on device", "Free some disk space below the cache folder (~/.cache/logjedi)."),
    (
        r"too many open files|inotify",
        "Raise the limits: sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=524288.",
    ),
    (r"cannot allocate memory|out of memory", "A cluster needs about 1.5 GiB of free memory."),
    (r"permission denied|operation not permitted", "Run it as root on a machine, or in a container with --privileged."),
    (r"/dev/kmsg", "The kubelet reads kernel messages: pass /dev/kmsg into the container."),
)


def of_component(logs: Path, name: str, code: int) -> ClusterError:
    """Return the error for a component that ended while the cluster was starting."""
    tail = _tail(logs / f"{name}.log")
    how = f"signal {-code}" if code < 0 else f"code {code}"
    cure = next((cure for pattern, cure in _CURES if re.search(pattern, tail, re.IGNORECASE)), "")
    kept = f"All logs: {kept_logs(logs.parent)}"
    return ClusterError(f"{name} ended with {how}", cure=f"{cure} {kept}".strip(), log=tail)


def last_lines(logs: Path) -> str:
    """Return the last lines of every component: who keeps the others waiting is seen only together."""
    tails = [(path.stem, _tail(path, 2)) for path in sorted(logs.glob("*.log"))]
    return "\n".join(f"{name}: {line}" for name, tail in tails for line in tail.splitlines())


def kept_logs(folder: Path) -> Path:
    """Return where `keep_logs` puts the logs of a cluster."""
    return folders.cache() / "failed" / folder.name


def keep_logs(folder: Path) -> None:
    """Keep the logs of a failed start, which would go with the cluster's folder, until the next failure."""
    target = kept_logs(folder)
    shutil.rmtree(target, ignore_errors=True)
    if (folder / "logs").exists():
        shutil.copytree(folder / "logs", target)


def _tail(path: Path, count: int = _LINES) -> str:
    if not path.exists():
        return ""
    return "\n".join(line[:400] for line in path.read_text(errors="replace").splitlines()[-count:])
