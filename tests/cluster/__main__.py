"""`python -m tests.cluster up|down|status|kubeconfig`: a cluster that stays until it is taken down."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Self

from rich.console import Console

from tests.cluster import cluster
from tests.cluster.errors import ClusterError
from tests.cluster.progress import Step

_DEFAULT_NAME = "dev"


class Screen:
    """Draws the steps: one line each, with a live line for the one that is running when this is a terminal."""

    def __init__(self, console: Console) -> None:
        """Draw on the console."""
        self._console = console
        self._status = console.status("starting")
        self._shown = 0.0

    def __enter__(self) -> Self:
        """Begin the live line."""
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the live line."""
        self._status.stop()

    def show(self, step: Step) -> None:
        """Draw one report; without a terminal a long step shows signs of life every ten seconds."""
        text = f"{step.name}: {step.detail}" if step.detail else step.name
        if step.state == "done":
            self._console.print(f"[green]✓[/] {text} [dim]{step.took_s:.1f} s[/]")
        elif self._console.is_terminal:
            self._status.update(text)
        elif step.detail and time.monotonic() - self._shown > 10:
            self._shown = time.monotonic()
            self._console.print(f"  {text}")


def main() -> int:
    """Run one verb; the exit code is 1 when it could not be done."""
    arguments = _parser().parse_args()
    console = Console(stderr=True, highlight=False)
    try:
        return _VERBS[arguments.verb](arguments, console)
    except ClusterError as error:
        console.print(f"[bold red]{error.cause}[/]", soft_wrap=True)
        if error.cure:
            console.print(error.cure, markup=False, soft_wrap=True)
        if error.log:
            console.print(error.log, markup=False, soft_wrap=True, style="dim")
    except KeyboardInterrupt:
        console.print("interrupted; nothing is left of it")
    return 1


def _up(arguments: argparse.Namespace, console: Console) -> int:
    spec = cluster.ClusterSpec(name=arguments.name, kubeconfig=arguments.kubeconfig, attached=False)
    with Screen(console) as screen:
        up = cluster.start(spec, progress=screen.show)
    took = f" in {up.info['took_s']} s" if "took_s" in up.info else ""
    why = f" ({up.reason})" if up.reason else ""
    console.print(f"[bold]cluster {up.name} is up{took}[/], its node is [bold]{up.node}[/]{why}", soft_wrap=True)
    console.print(f"export LOGJEDI_KUBECONFIG={up.kubeconfig}", soft_wrap=True, markup=False)
    return 0


def _down(arguments: argparse.Namespace, console: Console) -> int:
    begun = time.monotonic()
    was = cluster.down(arguments.name)
    console.print(
        f"cluster {arguments.name} is down, {time.monotonic() - begun:.1f} s" if was else f"no cluster {arguments.name}"
    )
    return 0


def _status(arguments: argparse.Namespace, _console: Console) -> int:
    names = [name for name in cluster.running() if arguments.name in (None, name)]
    print(json.dumps([cluster.attach(name).info for name in names], indent=2))
    return 0 if names else 1


def _kubeconfig(arguments: argparse.Namespace, _console: Console) -> int:
    print(cluster.attach(arguments.name).kubeconfig)
    return 0


_VERBS = {"up": _up, "down": _down, "status": _status, "kubeconfig": _kubeconfig}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="start a cluster, and keep it until it is taken down")
    up.add_argument("--kubeconfig", type=Path, help="use this cluster instead of starting one")
    down = verbs.add_parser("down", help="take a cluster down, and clear what is left of it")
    kubeconfig = verbs.add_parser("kubeconfig", help="print the path of a cluster's kubeconfig")
    for each in (up, down, kubeconfig):
        each.add_argument("--name", default=_DEFAULT_NAME, help=f"the cluster's name ({_DEFAULT_NAME})")
    status = verbs.add_parser("status", help="print what is up, as JSON")
    status.add_argument("--name", help="only this cluster")
    return parser


if __name__ == "__main__":
    sys.exit(main())
