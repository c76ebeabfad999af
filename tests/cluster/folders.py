"""Names the places on disk: what is cached between clusters, and what belongs to one cluster.

Everything lies under the user's cache folder, so that a cleaned checkout costs nothing and `make clean` cannot
lose the one slow build. A cluster's folder is guarded by a lock file beside it, held by its supervisor for as long as
the cluster lives: a folder whose lock is free is a leftover.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
REPOSITORY = Path(__file__).resolve().parents[2]


def cache() -> Path:
    """Return `$XDG_CACHE_HOME/logjedi`, or `~/.cache/logjedi`."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "logjedi"


def search_path() -> str:
    """Return PATH with the folders of system programs, which a user's PATH may lack and `ip` and `iptables` are in."""
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"))


def clusters() -> Path:
    """Return the folder that holds one folder and one lock file per cluster."""
    return cache() / "clusters"


def cluster(name: str) -> Path:
    """Return the folder of the cluster `name`; `ValueError` unless the name is a DNS label of at most 40 characters."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no cluster name: use lower-case letters, digits and hyphens, at most 40")
    return clusters() / name


def try_lock(path: Path) -> int | None:
    """Take the lock file `path` and return its descriptor, or None while another process holds it.

    The holder may remove the file before it lets go, so a lock counts only if the path still names the locked file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _still_named(path, descriptor):
            return descriptor
        os.close(descriptor)


def lock_of(folder: Path) -> Path:
    """Return the lock file that guards a cluster's folder."""
    return folder.with_name(f"{folder.name}.lock")


def _still_named(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
