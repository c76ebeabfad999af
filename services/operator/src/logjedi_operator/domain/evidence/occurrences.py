"""Events and log tails, made small: equal events counted, the newest kept."""

from typing import Any, Final

from logjedi_contracts.analysis import EventSeen, LogTail
from logjedi_operator.domain.detection import times
from logjedi_operator.domain.evidence.states import NAME_CHARS, clip
from logjedi_operator.domain.workload import Object

MAX_EVENTS: Final = 40
MAX_LINE_CHARS: Final = 2_000


def events(found: list[Object]) -> list[EventSeen]:
    """Count events of one object, type, reason and text; newest last. Texts as they come in: mask them before."""
    seen: dict[tuple[str, str, str, str], EventSeen] = {}
    for event in found:
        one = _event(event)
        key = (one.object, one.type, one.reason, one.message)
        known = seen.get(key)
        seen[key] = one if known is None else _joined(known, one)
    ordered = sorted(seen.values(), key=lambda one: one.last_seen.timestamp() if one.last_seen else 0.0)
    return ordered[-MAX_EVENTS:]


def tail(text: str, max_lines: int) -> tuple[list[str], bool]:
    """Keep the newest ``max_lines`` lines (0: all) of a log; tell whether anything was cut."""
    lines = text.splitlines()
    kept = lines[-max_lines:] if max_lines else lines
    clipped = [clip(line, MAX_LINE_CHARS) for line in kept]
    return clipped, len(kept) < len(lines) or clipped != kept


def log(pod: str, container: str, *, previous: bool, lines: tuple[list[str], bool]) -> LogTail:
    return LogTail(pod=pod, container=container, previous=previous, lines=lines[0], truncated=lines[1])


def _event(event: Object) -> EventSeen:
    about = event.get("involvedObject") or event.get("regarding") or {}
    series: dict[str, Any] = event.get("series") or {}
    stamps = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return EventSeen(
        object=clip(f"{about.get('kind', '')}/{about.get('name', '')}", NAME_CHARS),
        type=event.get("type") or "Normal",
        reason=clip(event.get("reason"), NAME_CHARS),
        message=clip(event.get("message") or event.get("note")),
        count=series.get("count") or event.get("count") or 1,
        last_seen=next((at for at in map(times.read, stamps) if at), None),
    )


def _joined(first: EventSeen, second: EventSeen) -> EventSeen:
    moments = [one.last_seen for one in (first, second) if one.last_seen]
    return first.model_copy(
        update={"count": first.count + second.count, "last_seen": max(moments) if moments else None}
    )
