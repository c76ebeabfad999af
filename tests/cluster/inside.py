"""The first process inside a cluster's namespaces: prepares them, starts components, reaps what dies.

The supervisor runs it under `unshare` and talks to it in lines of JSON on its standard streams. It is process 1 of its
process namespace: when it ends, the kernel ends everything else in there, and with that every mount, interface, route
and firewall rule is gone. It therefore needs no tidying of its own, and imports nothing that is slow.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

# A kubelet sets these for the whole machine. Files of our own over them hold what it wants to find, so it leaves the
# machine alone.
_MACHINE_WIDE = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}

Json = dict[str, Any]


def main() -> None:
    """Serve the supervisor until it closes our input."""
    os.chdir("/")
    wakeup = _wake_on_child()
    components: dict[int, str] = {}
    pending = b""
    while True:
        readable, _, _ = select.select([0, wakeup], [], [])
        if wakeup in readable:
            os.read(wakeup, 4096)
            _reap(components)
        if 0 in readable:
            received = os.read(0, 1 << 16)
            if not received:
                return
            *lines, pending = (pending + received).split(b"\n")
            for line in lines:
                _obey(json.loads(line), components)


def _obey(order: Json, components: dict[int, str]) -> None:
    try:
        match order["do"]:
            case "prepare":
                _prepare(order)
                _say(event="prepared")
            case "join":
                _join(order)
                _say(event="joined")
            case "start":
                components[_start(order)] = order["name"]
    except (OSError, subprocess.CalledProcessError) as error:
        text = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else ""
        _say(event="refused", message=f"{order['do']}: {error} {text}".strip())


def _prepare(order: Json) -> None:
    """Make mounts, host name, loopback and the pods' bridge this cluster's own."""
    _run("mount", "--make-rprivate", "/")
    _run("umount", "--recursive", "/sys/fs/cgroup")
    _run("mount", "-t", "sysfs", "sysfs", "/sys")
    _mount_cgroups(order["cgroups"])
    for folder in order["hide"]:
        Path(folder).mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    _shield()
    socket.sethostname(order["hostname"])
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "cni0", "type", "bridge")
    _run("ip", "address", "add", order["bridge"], "dev", "cni0")
    _run("ip", "link", "set", "cni0", "up")
    # Without a route a process of the node could not even try a service's address, which only exists as a rule.
    _run("ip", "route", "add", order["services"], "dev", "cni0")
    _sysctl("net/ipv4/ip_forward")
    _sysctl("net/bridge/bridge-nf-call-iptables")


def _mount_cgroups(mounts: list[Json]) -> None:
    if mounts[0]["kind"] == "cgroup2":
        _run("mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
        _free_the_root()
        return
    _run("mount", "-t", "tmpfs", "tmpfs", "/sys/fs/cgroup")
    for each in mounts:
        folder = Path("/sys/fs/cgroup") / each["name"]
        folder.mkdir()
        options = each["options"]
        _run(
            "mount",
            "-t",
            "cgroup",
            "-o",
            f"none,{options}" if options.startswith("name=") else options,
            "cgroup",
            str(folder),
        )


def _free_the_root() -> None:
    """Version 2: move ourselves out of the namespace's root, which may then hand its controllers to the pods."""
    root = Path("/sys/fs/cgroup")
    (root / "system").mkdir()
    (root / "system" / "cgroup.procs").write_text("1")
    for controller in (root / "cgroup.controllers").read_text().split():
        with contextlib.suppress(OSError):  # a kubelet says best which one it misses
            (root / "cgroup.subtree_control").write_text(f"+{controller}")


def _shield() -> None:
    folder = Path("/run/machine-wide")
    folder.mkdir()
    for name, value in _MACHINE_WIDE.items():
        file = folder / name.replace("/", ".")
        file.write_text(f"{value}\n")
        if (target := Path("/proc/sys") / name).exists():
            _run("mount", "--bind", str(file), str(target))


def _join(order: Json) -> None:
    """Configure our end of the pair to the host; there is no default route, so nothing leaves the machine."""
    _run("ip", "address", "add", order["address"], "dev", order["device"])
    _run("ip", "link", "set", order["device"], "up")


def _sysctl(name: str) -> None:
    path = Path("/proc/sys") / name
    if not path.exists() and name.startswith("net/bridge/"):
        _run("modprobe", "br_netfilter")
    path.write_text("1")


def _start(order: Json) -> int:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        return os.posix_spawnp(
            order["command"][0],
            order["command"],
            order["env"],
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
            setsigdef=[signal.SIGPIPE],
        )
    finally:
        os.close(log)


def _reap(components: dict[int, str]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if name := components.pop(pid, None):
            _say(event="exited", name=name, code=os.waitstatus_to_exitcode(status))


def _wake_on_child() -> int:
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _say(**message: object) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
