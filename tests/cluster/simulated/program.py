"""Works out what the containers' program would do, from its arguments, variables and memory limit.

The counterpart of `images/program/main.go`: the same messages, the same exit codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_OWN_MIB = 8  # what the idle program takes: measured, roughly
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a container: what it prints, how it ends (None: it does not), and when."""

    lines: tuple[str, ...]
    exit_code: int | None = None
    reason: str = ""
    after_s: float = 0.0


def run(args: list[str], variables: dict[str, str], limits: dict[str, Any]) -> Run:
    """Return what a run would do; an end by the kernel is 137 with the reason OOMKilled, as a kubelet reports it."""
    mode = args[0] if args else "serve"
    lines = [f"INFO starting {mode} {variables.get('VERSION') or 'dev'} pid=1"]
    for name in filter(None, (each.strip() for each in variables.get("REQUIRE", "").split(","))):
        if not variables.get(name):
            lines += [
                f"ERROR configuration: required environment variable {name} is not set",
                f"FATAL cannot start without {name}",
            ]
            return Run(tuple(lines), 1, "Error")
        lines.append(f"INFO configuration: {name}={variables[name]}")
    code = int(variables.get("EXIT_CODE") or (1 if mode == "crash" else 0))
    if code:
        text = variables.get("MESSAGE") or f"unrecoverable error: exiting with code {code}"
        return Run((*lines, f"FATAL {text}"), code, "Error", _seconds(variables.get("CRASH_AFTER", "")))
    return _hog(mode, variables, limits, lines)


def _hog(mode: str, variables: dict[str, str], limits: dict[str, Any], lines: list[str]) -> Run:
    wanted = int(variables.get("HOG_MIB") or (256 if mode == "hog" else 0))
    limit = _bytes(str(limits.get("memory", ""))) / 2**20
    killed = wanted and limit and wanted + _OWN_MIB > limit
    loaded = min(wanted, int(limit)) if killed else wanted
    lines += [f"INFO cache: loaded {done} of {wanted} MiB" for done in range(16, loaded + 1, 16)]
    if killed:
        return Run(tuple(lines), 137, "OOMKilled")
    ready = "worker ready" if mode == "work" else f"listening on :{variables.get('PORT') or 8080}"
    return Run((*lines, f"INFO {ready}"))


def _bytes(quantity: str) -> float:
    """Return a quantity in bytes, 0 for none."""
    found = re.fullmatch(r"([\d.]+)([A-Za-z]*)", quantity)
    return float(found[1]) * _UNITS.get(found[2], 1) if found else 0.0


def _seconds(duration: str) -> float:
    units = {"ms": 0.001, "s": 1.0, "m": 60.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m)", duration))
