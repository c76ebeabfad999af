"""One pod of the simulated node: its containers in order, and the status that they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.cluster.simulated import references
from tests.cluster.simulated.container import Container, Noted, Surroundings, timestamp
from tests.cluster.simulated.references import MissingReferenceError

Json = dict[str, Any]
_LOOK_AGAIN_S = 1.0
_OVER = {"Failed": "PodFailed", "Succeeded": "PodCompleted"}


@dataclass(slots=True)
class Pod:
    """What the node remembers of one pod; `ip` is a name only, nothing answers there."""

    ip: str
    containers: dict[str, Container] = field(default_factory=dict)
    _initialized: bool = False
    _since: dict[str, tuple[str, str]] = field(default_factory=dict)

    def sync(self, around: Surroundings) -> list[tuple[str, Noted]]:
        """Take the next step of every container; return the events with the field path of what they are about.

        Init containers of the program would never end, so an init container counts as completed once it could start.
        """
        spec = around.pod["spec"]
        try:
            references.check_volumes(around.pod, around.objects)
        except MissingReferenceError as error:
            return [("", Noted("Warning", "FailedMount", str(error)))]
        events: list[tuple[str, Noted]] = []
        for each in spec.get("initContainers", []) if not self._initialized else []:
            container = self._of(each["name"])
            events += [(f"spec.initContainers{{{each['name']}}}", noted) for noted in container.sync(each, around)]
            if not container.running:
                return events
        self._initialized = True
        for each in spec["containers"]:
            noted = self._of(each["name"]).sync(each, around)
            events += [(f"spec.containers{{{each['name']}}}", event) for event in noted]
        return events

    def look_again_s(self, around: Surroundings) -> float:
        """Return when the pod should be looked at again, were nothing to change until then."""
        waiting = [
            max(each.look_again_s, around.now_s + 0.05)
            for each in self.containers.values()
            if not each.running or each.look_again_s > around.now_s
        ]
        return min(waiting, default=around.now_s + (0 if self.containers else _LOOK_AGAIN_S))

    def status(self, around: Surroundings) -> Json:
        """Return the pod's status."""
        spec = around.pod["spec"]
        inits = [self._init_status(each, around) for each in spec.get("initContainers", [])]
        statuses = [self._status(each, around) for each in spec["containers"]]
        phase = self._phase(statuses, str(spec.get("restartPolicy", "Always")))
        ready = all(each["ready"] for each in statuses)
        conditions = {
            "PodReadyToStartContainers": bool(self.containers) and phase not in _OVER,
            "Initialized": self._initialized or not inits,
            "ContainersReady": ready,
            "Ready": ready,
        }
        return {
            "phase": phase,
            "hostIP": "127.0.0.1",
            "hostIPs": [{"ip": "127.0.0.1"}],
            "podIP": self.ip,
            "podIPs": [{"ip": self.ip}],
            "startTime": around.pod["status"].get("startTime") or timestamp(),
            "conditions": [
                self._condition(name, value=value, why_not=_why_not(name, phase, statuses))
                for name, value in conditions.items()
            ],
            "containerStatuses": statuses,
            **({"initContainerStatuses": inits} if inits else {}),
        }

    def _of(self, name: str) -> Container:
        return self.containers.setdefault(name, Container(name))

    def _status(self, spec: Json, around: Surroundings) -> Json:
        if spec["name"] in self.containers:
            return self.containers[spec["name"]].status(around)
        reason = "PodInitializing" if around.pod["spec"].get("initContainers") else "ContainerCreating"
        return _not_created(spec, {"waiting": {"reason": reason}})

    def _init_status(self, spec: Json, around: Surroundings) -> Json:
        if spec["name"] not in self.containers:
            return _not_created(spec, {"waiting": {"reason": "PodInitializing"}})
        status = self.containers[spec["name"]].status(around)
        if status["ready"]:
            started = status["state"]["running"]["startedAt"]
            done = {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}
            status |= {"state": {"terminated": done}, "started": False}
        return status

    def _phase(self, statuses: list[Json], restart_policy: str) -> str:
        if restart_policy == "Never" and all("terminated" in each["state"] for each in statuses):
            failed = any(each["state"]["terminated"]["exitCode"] for each in statuses)
            return "Failed" if failed else "Succeeded"
        begun = any(not _waits_for_its_first_run(each) for each in statuses)
        return "Running" if begun else "Pending"

    def _condition(self, kind: str, *, value: bool, why_not: Json) -> Json:
        status = "True" if value else "False"
        if self._since.get(kind, ("",))[0] != status:
            self._since[kind] = (status, timestamp())
        return {
            "type": kind,
            "status": status,
            "lastTransitionTime": self._since[kind][1],
            **({} if value else why_not),
        }


def _why_not(kind: str, phase: str, statuses: list[Json]) -> Json:
    """Return the reason and message of a condition that is False."""
    if kind == "Initialized":
        return {"reason": "ContainersNotInitialized"}
    if kind == "PodReadyToStartContainers":
        return {}
    if phase in _OVER:
        return {"reason": _OVER[phase]}
    names = " ".join(each["name"] for each in statuses if not each["ready"])
    return {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}


def _not_created(spec: Json, state: Json) -> Json:
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }


def _waits_for_its_first_run(status: Json) -> bool:
    return "waiting" in status["state"] and not status["lastState"]
