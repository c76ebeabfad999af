"""When no rule knows a remedy: say what is seen, name the cause if the words do, and what a person should look at.

Always finds something. A cause that the kubelet, the scheduler or the log names outright is told with more confidence
than a bare exit code, but never with a patch.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logjedi_analyzer.domain import log_lines, quoting, symptoms
from logjedi_analyzer.domain.findings import Finding
from logjedi_analyzer.domain.scene import Scene
from logjedi_contracts.analysis import ContainerState

UNEXPLAINED = "general.unexplained"

EXIT_CODES = {
    1: ("it ended with a general error", "Read its last log lines below."),
    2: ("it ended with a usage error", "Check its command line, arguments and configuration."),
    126: ("its command exists but cannot be executed", "Check the file's mode, the mount options and securityContext."),
    127: ("its command does not exist in the image", "Check command and args against what the image holds."),
    128: ("the container runtime could not start its process", "Check command, working directory and mounts."),
    134: ("it aborted itself (SIGABRT)", "Look for a failed assertion or a runtime crash in its log."),
    137: ("it was killed (SIGKILL)", "Look for a failing liveness probe, node memory pressure or a slow shutdown."),
    139: ("it crashed with a segmentation fault", "Suspect a native library or an image built for another platform."),
    143: ("it was told to stop (SIGTERM)", "Look for a failing liveness probe, an eviction or a node drain."),
    255: ("its process or the node went away without a word", "Check the node, then the container's log."),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A cause that words name outright."""

    rule: str
    words: re.Pattern[str]
    cause: str
    fix: str


def _known(rule: str, words: str, cause: str, fix: str) -> Known:
    return Known(f"general.{rule}", re.compile(words, re.IGNORECASE), cause, fix)


CAUSES: tuple[Known, ...] = (
    _known("quota", r"exceeded quota", "the namespace's quota is used up", "Lower the requests, or raise the quota."),
    _known(
        "service-account",
        r"serviceaccount .* not found",
        "its ServiceAccount does not exist",
        "Create it, or correct the name.",
    ),
    _known(
        "admission",
        r"admission webhook .* denied|violates podsecurity|forbidden: ",
        "an admission rule refuses its pods",
        "Read the refusal below and change the pod template accordingly.",
    ),
    _known(
        "non-root",
        r"runasnonroot",
        "it must not run as root, and its image does",
        "Set runAsUser to a user that the image knows, or rebuild the image.",
    ),
    _known(
        "unbound-claim",
        r"unbound immediate persistentvolumeclaims|persistentvolumeclaim .* not found",
        "its volume claim is not bound or does not exist",
        "Check the claim, its StorageClass and the provisioner.",
    ),
    _known(
        "resources",
        r"insufficient (cpu|memory|ephemeral-storage)",
        "no node has the resources that it requests",
        "Lower its requests, or add nodes.",
    ),
    _known(
        "placement",
        r"didn't match pod'?s? (node )?(affinity|selector)|node\(s\) didn't match",
        "no node matches its selector or affinity",
        "Check nodeSelector and affinity against the labels of the nodes.",
    ),
    _known(
        "taint",
        r"untolerated taint",
        "every node has a taint that it does not tolerate",
        "Remove the taint, or add a toleration if it belongs there.",
    ),
    _known(
        "evicted",
        r"the node was low on resource|evicted",
        "the node was short of a resource and evicted it",
        "Check the node, and set requests that say what it needs.",
    ),
    _known(
        "disk-full",
        r"no space left on device|disk quota exceeded",
        "a disk is full",
        "Free or enlarge the volume, or the node's disk.",
    ),
    _known(
        "certificate",
        r"certificate has expired|x509: ",
        "a certificate is expired or not trusted",
        "Renew the certificate, or trust its issuer.",
    ),
    _known(
        "port-taken",
        r"address already in use|eaddrinuse",
        "the port that it wants is taken already",
        "Let one of the two listen on another port.",
    ),
    _known(
        "name-resolution",
        r"no such host|enotfound|name or service not known|temporary failure in name resolution",
        "a host name that it needs does not resolve",
        "Check the name in its configuration, then the Service and cluster DNS.",
    ),
    _known(
        "dependency",
        r"connection refused|econnrefused|could not connect|connection timed out|etimedout|i/o timeout",
        "something that it depends on does not answer",
        "Check the dependency that the line below names; the workload itself may be fine.",
    ),
    _known(
        "read-only",
        r"read-only file system|erofs",
        "it writes to a read-only file system",
        "Mount a volume where it writes.",
    ),
    _known(
        "permission",
        r"permission denied|operation not permitted|eacces",
        "it lacks a permission",
        "Check file ownership, fsGroup and securityContext.",
    ),
    _known(
        "missing-setting",
        (
            r"environment variable|env var|missing required|required (env|setting|config)|\bKeyError\b"
            r"|is not set\b|must be set"
        ),
        "a setting that it needs is missing",
        "Set the variable that the line below names.",
    ),
    _known(
        "probe",
        r"(liveness|readiness|startup) probe (failed|errored)",
        "a probe fails",
        "Check the probe's port, path and timing against what the container does.",
    ),
)
"""Most decisive first."""


def general(scene: Scene) -> Iterator[Finding]:
    """Always find something, with a confidence below any rule that knows a remedy."""
    container = symptoms.failing_container(scene)
    lines = log_lines.telling(scene, container)
    words = [*_messages(scene, container), *lines]
    hit = next(((known, text) for known in CAUSES for text in words if known.words.search(text)), None)
    who = f"Container {container} of {scene.target}" if container else scene.target
    seen = f"{who} {_seen(scene, container)}"
    if hit:
        known, text = hit
        rests_on = tuple(dict.fromkeys([text, *lines]))
        yield Finding(known.rule, f"{seen}: {known.cause}.", known.fix, confidence=0.55, rests_on=rests_on)
        return
    why, fix = _exit(scene, container)
    said = _last_words(lines)
    rests_on = tuple(dict.fromkeys([*lines, *_messages(scene, container)[:2]]))
    yield Finding(UNEXPLAINED, f"{seen}{why}{said}", fix, confidence=0.3 if why else 0.2, rests_on=rests_on)


def _messages(scene: Scene, container: str) -> list[str]:
    """Collect what the control plane said, the most specific first."""
    states = [text for state in scene.states(container) for text in (state.message, state.last_message)]
    pods = [text for pod in scene.evidence.pods for text in (pod.message, *(_condition_texts(pod.conditions)))]
    events = [event.message for event in reversed(scene.newest_events) if event.type != "Normal"]
    return [text for text in dict.fromkeys([*states, scene.request.failure.message, *pods, *events]) if text]


def _condition_texts(conditions: list[dict[str, object]]) -> list[str]:
    return [str(c.get("message", "")) for c in conditions if c.get("status") == "False"]


def _seen(scene: Scene, container: str) -> str:
    failure = scene.request.failure
    restarts = max((state.restarts for state in scene.states(container)), default=0)
    again = f" after {restarts} restart{'s' * (restarts != 1)}" if restarts else ""
    return f"fails with {failure.reason}{again}"


def _exit(scene: Scene, container: str) -> tuple[str, str]:
    code = next((c for state in scene.states(container) if (c := _code(state)) is not None), None)
    if code is None:
        return "", "No rule knows this failure; look at the evidence below and at the events of its pods."
    meaning, fix = EXIT_CODES.get(code, ("it ended with an error of its own", "Read its last log lines below."))
    return f": {meaning}, exit code {code}", fix


def _code(state: ContainerState) -> int | None:
    """Take the newest exit code that says anything."""
    return next((code for code in (state.exit_code, state.last_exit_code) if code not in (None, 0)), None)


def _last_words(lines: tuple[str, ...]) -> str:
    return f'; its last telling line is "{quoting.clip(lines[-1], 200)}".' if lines else "."
