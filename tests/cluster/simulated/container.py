"""One container of the simulated node: what a kubelet would do next with it, and how it would report it.

Pure but for the clock that it is given. `pod` asks each container in turn; times are seconds of a monotonic clock,
except those in statuses.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.cluster.simulated import program, references
from tests.cluster.simulated.references import MissingReferenceError, Objects

Json = dict[str, Any]
_FIRST_BACK_OFF_S, _LONGEST_BACK_OFF_S = 10.0, 300.0
# The kubelet looks again after seconds to a minute; a test gains nothing from the wait.
_LOOK_AGAIN_S = 1.0
_PRECISE = "%Y-%m-%dT%H:%M:%S.%fZ"
_UNPULLED = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


@dataclass(frozen=True, slots=True)
class Noted:
    """An event that a kubelet would record about a container."""

    kind: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the container's pod gives it: identity, the objects it refers to, the images that exist, the time."""

    pod: Json
    objects: Objects
    images: dict[str, Json]
    now_s: float


@dataclass(slots=True)
class Container:
    """What the node remembers of one container."""

    name: str
    restarts: int = 0
    image: str = ""
    state: Json = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: Json = field(default_factory=dict)
    look_again_s: float = 0.0
    _log: list[tuple[str, str]] = field(default_factory=list)
    _previous_log: list[tuple[str, str]] = field(default_factory=list)
    _failed_pulls: int = 0
    _pull_again_s: float = 0.0
    _crashes: int = 0
    _run: program.Run | None = None

    @property
    def running(self) -> bool:
        """Say whether it runs."""
        return "running" in self.state

    def sync(self, spec: Json, around: Surroundings) -> list[Noted]:
        """Take the next step, and return the events of it; `look_again_s` is when there may be another."""
        changed = bool(self.image) and self.image != spec["image"]
        if self.running:
            return self._end_changed(around) if changed else self._live(around)
        if changed:  # back-offs are counted per definition
            self.look_again_s = self._pull_again_s = 0.0
            self._failed_pulls = self._crashes = 0
        if around.now_s < self.look_again_s or self._stays(spec, around):
            return []
        if "terminated" in self.state and self._crashes > 1:
            return self._back_off_restart(around)
        return self._begin(spec, around)

    def status(self, around: Surroundings) -> Json:
        """Return the container's entry in the pod's status."""
        known = around.images.get(_full_name(self.image)) is not None and self.image
        digest = hashlib.sha256(self.image.encode()).hexdigest()
        ran = self.running or self.last_state or "terminated" in self.state
        return {
            "name": self.name,
            "image": self.image,
            "imageID": f"{self.image.rpartition(':')[0]}@sha256:{digest}" if known and ran else "",
            "ready": self.running,
            "started": self.running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
            **({"containerID": self._identity(around)} if ran else {}),
        }

    def read_log(self, pod: str, *, previous: bool) -> list[tuple[str, str]]:
        """Return the log as pairs of time and line; `LookupError`, worded as the kubelet does, when there is none."""
        if previous:
            if not self.last_state:
                raise LookupError(f'previous terminated container "{self.name}" in pod "{pod}" not found')
            return self._previous_log if self.running or "terminated" in self.state else self._log
        if not self._log:
            reason = self.state.get("waiting", {}).get("reason", "")
            why = _UNPULLED.get(reason, reason)
            raise LookupError(f'container "{self.name}" in pod "{pod}" is waiting to start: {why}')
        return self._log

    def _begin(self, spec: Json, around: Surroundings) -> list[Noted]:
        """Pull, resolve the variables, start."""
        self.image = spec["image"]
        try:
            full = references.full_name(self.image)
        except MissingReferenceError as error:
            self._wait("InvalidImageName", str(error), around)
            return [Noted("Warning", "InspectFailed", str(error)), _failed("InvalidImageName")]
        if full not in around.images:
            return self._pull_in_vain(full, around)
        pulled = Noted("Normal", "Pulled", f'Container image "{self.image}" already present on machine')
        self._failed_pulls = 0
        defaults = around.images[full]
        try:
            variables = references.variables(spec, around.pod["metadata"]["namespace"], around.objects)
        except MissingReferenceError as error:
            self._wait("CreateContainerConfigError", str(error), around)
            return [pulled, _failed(str(error))]
        limits = spec.get("resources", {}).get("limits", {})
        self._run = program.run(spec.get("args") or defaults["args"], defaults["env"] | variables, limits)
        self._start(around)
        return [
            pulled,
            Noted("Normal", "Created", f"Created container: {self.name}"),
            Noted("Normal", "Started", f"Started container {self.name}"),
            *self._live(around),
        ]

    def _stays(self, spec: Json, around: Surroundings) -> bool:
        """Say whether the container stays as it is: ended for good, or backing off from an image still unknown."""
        if around.now_s < self._pull_again_s and _full_name(spec["image"]) not in around.images:
            self.look_again_s = around.now_s + _LOOK_AGAIN_S
            return True
        return "terminated" in self.state and around.pod["spec"].get("restartPolicy") == "Never"

    def _end_changed(self, around: Surroundings) -> list[Noted]:
        self._end(around, exit_code=0, reason="Completed")  # the program ends when it is asked to
        return [Noted("Normal", "Killing", f"Container {self.name} definition changed, will be restarted")]

    def _pull_in_vain(self, full: str, around: Surroundings) -> list[Noted]:
        """Fail to pull; between the attempts, whose distance doubles, say that it is backing off."""
        error = (
            f'rpc error: code = NotFound desc = failed to pull and unpack image "{full}": '
            f'failed to resolve reference "{full}": {full}: not found'
        )
        if self.state.get("waiting", {}).get("reason") == "ErrImagePull":
            back_off = f'Back-off pulling image "{self.image}"'
            self._wait("ImagePullBackOff", f"{back_off}: ErrImagePull: {error}", around)
            self._pull_again_s = around.now_s + _back_off_s(self._failed_pulls)
            return [Noted("Normal", "BackOff", back_off), _failed("ImagePullBackOff")]
        self._failed_pulls += 1
        self._wait("ErrImagePull", error, around)
        return [
            Noted("Normal", "Pulling", f'Pulling image "{self.image}"'),
            Noted("Warning", "Failed", f'Failed to pull image "{self.image}": {error}'),
            _failed("ErrImagePull"),
        ]

    def _start(self, around: Surroundings) -> None:
        assert self._run is not None
        if "terminated" in self.state or self.last_state:
            self.restarts += 1
        if "terminated" in self.state:
            self.last_state = self.state
        self.state = {"running": {"startedAt": timestamp()}}
        now = dt.datetime.now(dt.UTC)
        lines = [(now.strftime(_PRECISE), f"{now:%Y/%m/%d %H:%M:%S} {line}") for line in self._run.lines]
        self._previous_log, self._log = self._log, lines
        self.look_again_s = around.now_s + self._run.after_s

    def _live(self, around: Surroundings) -> list[Noted]:
        """Let a run that ends by itself end in its time; the first restart comes at once, later ones back off."""
        assert self._run is not None
        if self._run.exit_code is None or around.now_s < self.look_again_s:
            return []
        self._end(around, exit_code=self._run.exit_code, reason=self._run.reason)
        self._crashes += 1
        return []

    def _end(self, around: Surroundings, *, exit_code: int, reason: str) -> None:
        started = self.state["running"]["startedAt"]
        self.state = {
            "terminated": {
                "exitCode": exit_code,
                "reason": reason,
                "startedAt": started,
                "finishedAt": timestamp(),
                "containerID": self._identity(around),
            }
        }
        self.look_again_s = around.now_s + _LOOK_AGAIN_S

    def _back_off_restart(self, around: Surroundings) -> list[Noted]:
        back_off_s = _back_off_s(self._crashes - 1)
        metadata = around.pod["metadata"]
        pod = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        message = f"back-off {_duration(back_off_s)} restarting failed container={self.name} pod={pod}"
        self._wait("CrashLoopBackOff", message, around)
        self.look_again_s = around.now_s + back_off_s
        return [Noted("Warning", "BackOff", f"Back-off restarting failed container {self.name} in pod {pod}")]

    def _identity(self, around: Surroundings) -> str:
        uid = around.pod["metadata"]["uid"]
        return f"containerd://{hashlib.sha256(f'{uid}/{self.name}/{self.restarts}'.encode()).hexdigest()}"

    def _wait(self, reason: str, message: str, around: Surroundings) -> None:
        if "terminated" in self.state:
            self.last_state = self.state
        self.state = {"waiting": {"reason": reason, "message": message}}
        self.look_again_s = around.now_s + _LOOK_AGAIN_S


def timestamp() -> str:
    """Return the time as the API writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _failed(what: str) -> Noted:
    return Noted("Warning", "Failed", f"Error: {what}")


def _back_off_s(failures: int) -> float:
    return min(_FIRST_BACK_OFF_S * 2.0 ** max(failures - 1, 0), _LONGEST_BACK_OFF_S)


def _duration(seconds: float) -> str:
    """Write seconds as Go does: 40s, 2m40s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _full_name(image: str) -> str:
    try:
        return references.full_name(image)
    except MissingReferenceError:
        return ""
