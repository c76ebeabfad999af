"""The names in Redis that more than one service uses."""

PROPOSALS = "logjedi:proposals"
OUTCOMES = "logjedi:outcomes"
EPOCH = "logjedi:epoch"
"""Set once by whoever finds it missing; another value means another (emptied, failed-over) Redis."""

GATEWAY_GROUP = "approval-gateway"


def decisions(cluster: str) -> str:
    """The stream of one cluster's operator."""
    return f"logjedi:decisions:{cluster}"


def operator_group(cluster: str) -> str:
    return f"operator:{cluster}"


def dead(stream: str) -> str:
    """Where what could not be handled is parked, with its error."""
    return f"{stream}:dead"


def family(stream: str) -> str:
    """Drop the cluster from a stream's name: metric labels must stay few."""
    return ":".join(stream.split(":")[:2])
