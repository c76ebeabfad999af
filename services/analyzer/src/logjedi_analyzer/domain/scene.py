"""A rule's view of one incident: the workload's pod template and its containers, as the evidence tells them.

Answers questions such as "where does the pod spec of a CronJob live" and "which states has this container".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from logjedi_contracts.analysis import AnalyzeRequest, ContainerKind, ContainerState, EventSeen, Evidence, Limits

_POD_SPEC = {"CronJob": ("spec", "jobTemplate", "spec", "template", "spec"), "Pod": ("spec",)}
_TEMPLATED = ("spec", "template", "spec")
_LISTS = ("containers", "initContainers")
_EVENTS = 100


@dataclass(frozen=True)
class Scene:
    """One request, with the look-ups that rules share."""

    request: AnalyzeRequest

    @property
    def evidence(self) -> Evidence:
        return self.request.evidence

    @property
    def limits(self) -> Limits:
        return self.request.limits

    @property
    def kind(self) -> str:
        return self.request.target.kind

    @property
    def target(self) -> str:
        """``Deployment shop/web``, for sentences."""
        target = self.request.target
        return f"{target.kind} {target.namespace}/{target.name}"

    @property
    def pod_spec_path(self) -> tuple[str, ...]:
        return _POD_SPEC.get(self.kind, _TEMPLATED)

    @cached_property
    def pod_spec(self) -> Mapping[str, Any]:
        return as_mapping(dig(self.evidence.workload, self.pod_spec_path))

    def containers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each container of the live template with the list that holds it."""
        for section in _LISTS:
            for item in as_list(self.pod_spec.get(section)):
                yield section, as_mapping(item)

    def container(self, name: str) -> Mapping[str, Any]:
        """Look a container up in the live template; empty if it is not there."""
        return next((item for _, item in self.containers() if item.get("name") == name), {})

    def section(self, name: str) -> str:
        """Name the list that holds a container: ``containers`` or ``initContainers``."""
        for section, item in self.containers():
            if item.get("name") == name:
                return section
        init = any(s.kind is ContainerKind.INIT for s in self.states(name))
        return "initContainers" if init else "containers"

    def container_path(self, name: str) -> str:
        """Spell the patch path of a container: ``spec.template.spec.containers[app]``."""
        return ".".join(self.pod_spec_path) + f".{self.section(name)}[{name}]"

    @property
    def newest_events(self) -> list[EventSeen]:
        """The events that rules read; a collector groups equal ones, so that these are nearly always all."""
        return self.evidence.events[-_EVENTS:]

    @cached_property
    def all_states(self) -> tuple[ContainerState, ...]:
        return tuple(state for pod in self.evidence.pods for state in pod.containers)

    def states(self, name: str) -> tuple[ContainerState, ...]:
        return tuple(state for state in self.all_states if state.name == name)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of all containers that the evidence knows."""
        live = {str(item.get("name")) for _, item in self.containers()}
        return frozenset(live | {state.name for state in self.all_states})


def dig(value: Any, path: tuple[str, ...]) -> Any:
    """Follow keys down nested mappings; ``None`` where one is missing."""
    for key in path:
        value = as_mapping(value).get(key)
    return value


def as_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
