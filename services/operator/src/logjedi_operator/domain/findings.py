"""What detection finds: one cause on one object, and the families that join what alternates.

A family is part of a record's name, so everything that one cause shows in turn must be in one family:
ErrImagePull and ImagePullBackOff; StartError, OOMKilled, a non-zero exit and the CrashLoopBackOff that follows.
Detection makes findings about the object itself; ``ownership`` attributes them to the root owner.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from logjedi_contracts.messages import Severity
from logjedi_operator.domain.workload import WorkloadRef


class Family(StrEnum):
    """Cause families; see the table ``FAMILIES`` for the kubelet's words in each."""

    IMAGE = "image"
    CRASH = "crash"
    CONFIG = "config"
    START = "start"
    PROBE = "probe"
    ROLLOUT = "rollout"
    QUOTA = "quota"
    SCHEDULING = "scheduling"
    EVICTION = "eviction"
    JOB = "job"


FAMILIES: Final = {
    "ErrImagePull": Family.IMAGE,
    "ImagePullBackOff": Family.IMAGE,
    "InvalidImageName": Family.IMAGE,
    "ErrImageNeverPull": Family.IMAGE,
    "ImageInspectError": Family.IMAGE,
    "RegistryUnavailable": Family.IMAGE,
    "SignatureValidationFailed": Family.IMAGE,
    "CrashLoopBackOff": Family.CRASH,
    "RunContainerError": Family.CRASH,
    "StartError": Family.CRASH,
    "ContainerCannotRun": Family.CRASH,
    "PostStartHookError": Family.CRASH,
    "OOMKilled": Family.CRASH,
    "Error": Family.CRASH,
    "CreateContainerConfigError": Family.CONFIG,
    "CreateContainerError": Family.CONFIG,
    "PreCreateHookError": Family.CONFIG,
}
"""Container reasons by family. RunContainerError and StartError are crashes: a command that is not found shows
them and CrashLoopBackOff in turn. Waiting reasons that are not here (their unnamed kin) are ``START``."""

SYMPTOMS: Final = frozenset({Family.ROLLOUT, Family.JOB})
"""What a workload's own status says when its pods fail: no news while a pod-level cause is open."""


@dataclass(frozen=True, slots=True)
class Graces:
    """How long each sign may last before it is reported. Times run from the sign's own timestamp where it has one."""

    pending: timedelta = timedelta(seconds=10)
    """ErrImagePull, refused pod creation, and start errors that name a time-out: one failed try may be transient."""
    config: timedelta = timedelta(0)
    """CreateContainerConfigError and CreateContainerError."""
    start: timedelta = timedelta(seconds=60)
    """A pod on a node whose volumes or sandbox are not ready (FailedMount, FailedCreatePodSandBox)."""
    pull: timedelta = timedelta(minutes=5)
    """ContainerCreating with a ready sandbox: a large image is being pulled."""
    scheduling: timedelta = timedelta(seconds=60)
    """Unschedulable; an autoscaler may be adding a node."""
    gated: timedelta = timedelta(hours=1)
    """SchedulingGated: somebody holds the pod back on purpose."""
    unready: timedelta = timedelta(minutes=2)
    """Started and running, but not ready, beyond what the readiness probe itself allows."""
    unavailable: timedelta = timedelta(minutes=2)
    """Deployment with Available=False while no rollout is in progress."""
    window: timedelta = timedelta(minutes=10)
    """How recent a kill or restart must be to count; the kubelet forgets its back-off after the same time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause. ``owner`` is the object itself until attributed with ``dataclasses.replace``.

    ``due`` in the future means: look again then, report nothing yet. ``since`` is the oldest time the object tells.
    """

    owner: WorkloadRef
    reason: str
    family: Family
    container: str = ""
    message: str = ""
    severity: Severity = Severity.WARNING
    since: datetime | None = None
    pod: str = ""
    due: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether its grace time is over."""
        return self.due is None or self.due <= now


def is_explained(finding: Finding, open_families: Collection[Family | str]) -> bool:
    """Tell whether ``finding`` is only the symptom of another family that is open on the same owner."""
    return finding.family in SYMPTOMS and any(family not in SYMPTOMS for family in open_families)
