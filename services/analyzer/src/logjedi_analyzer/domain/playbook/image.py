"""Images that cannot be pulled: back to the last one that could, unless the way to the registry is what is broken.

Another image cures only "there is no such image". When the registry is down, wants credentials, limits the rate or
shows a bad certificate, the finding names that cause and leaves the workload alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from logjedi_analyzer.domain import patch_paths, quoting, registry_answers, symptoms
from logjedi_analyzer.domain.findings import Finding, Remedy
from logjedi_analyzer.domain.registry_answers import Answer
from logjedi_analyzer.domain.scene import Scene
from logjedi_contracts import images, spelling
from logjedi_contracts.messages import Risk

_NEAR = 2
"""Edits up to which another repository or registry counts as a misspelling of the one that ran."""
_WRONG_IMAGE = frozenset({Answer.MISSING, Answer.INVALID, Answer.ABSENT})

_ADVICE: dict[Answer, tuple[str, str]] = {
    Answer.CREDENTIALS: (
        "the registry asks for credentials that the pod does not have, or refuses those that it has",
        "Check imagePullSecrets of the pod and its ServiceAccount, and whether the token in them has expired.",
    ),
    Answer.MAYBE_CREDENTIALS: (
        "the registry denies access: the repository does not exist, or the pod may not read it",
        "Check the repository's name first, then imagePullSecrets of the pod and its ServiceAccount.",
    ),
    Answer.RATE_LIMIT: (
        "the registry limits the rate of pulls",
        "Wait, log in to the registry, or pull through a mirror; the image itself may be fine.",
    ),
    Answer.CERTIFICATE: (
        "the registry's certificate or TLS is not what the node expects",
        "Renew or trust the registry's certificate on the nodes; another image would not help.",
    ),
    Answer.UNKNOWN_HOST: (
        "the registry's host name does not resolve on the node",
        "Check the registry's host name in the image and the node's DNS.",
    ),
    Answer.UNREACHABLE: (
        "the registry cannot be reached or does not answer",
        "Restore the registry or the network to it; the kubelet tries again by itself.",
    ),
    Answer.PLATFORM: (
        "the image has no build for the node's platform",
        "Publish the image for this platform, or keep the workload on nodes that it was built for.",
    ),
    Answer.DISK: ("the node has no disk space left for the image", "Free or add disk on the node, or move the pod."),
    Answer.UNCLEAR: ("the registry answered what no rule knows", "Read the registry's answer below and pull by hand."),
    Answer.SILENT: ("the kubelet gave no reason", "Pull the image by hand on a node to see the registry's answer."),
}


@dataclass(frozen=True, slots=True)
class Pull:
    """One container's failed pull. ``words``: the text that ``answer`` was read from."""

    container: str
    image: str
    answer: Answer
    words: str


@dataclass(frozen=True, slots=True)
class Known:
    """An image that this container has run, and where that is known from."""

    image: str
    source: str
    sure: bool


def image(scene: Scene) -> Iterator[Finding]:
    """Find the one finding about images; none if every image of the incident's containers can be pulled."""
    pulls = [pull_of(scene, name) for name in _failing(scene)]
    if not pulls:
        return
    first, known = pulls[0], last_good(scene, pulls[0])
    if known is None or not _is_wrong(first, known):
        yield _advice(scene, first, known)
        return
    yield _restore(scene, pulls, known)


def _failing(scene: Scene) -> list[str]:
    """Name the containers that wait for an image, the incident's own first."""
    named = scene.request.failure.container
    waiting = list(dict.fromkeys(state.name for state in symptoms.image_states(scene)))
    reported = scene.request.failure.reason in symptoms.IMAGE_REASONS or scene.request.failure.family == "image"
    if named and named not in waiting:
        return [named] if reported and not _runs(scene, named) else []
    return sorted(waiting, key=lambda name: name != named)


def _runs(scene: Scene, container: str) -> bool:
    states = scene.states(container)
    return bool(states) and all(state.state == "running" for state in states)


def pull_of(scene: Scene, container: str) -> Pull:
    """Read what the registry said about a container's image; the first clear words win, states before events."""
    states = symptoms.image_states(scene, container)
    image = str(scene.container(container).get("image") or next((s.image for s in states if s.image), ""))
    answers = [(registry_answers.classify(text, image), text) for text in _words(scene, container, image)]
    clear = [pair for pair in answers if pair[0] not in (Answer.UNCLEAR, Answer.SILENT)]
    unclear = [pair for pair in answers if pair[0] is Answer.UNCLEAR and "rror" in pair[1]]
    answer, words = next(iter(clear + unclear), (Answer.SILENT, ""))
    return Pull(container, image, answer, quoting.clip(words, 400))


def _words(scene: Scene, container: str, image: str) -> Iterator[str]:
    states = symptoms.image_states(scene, container)
    failure = scene.request.failure
    yield from (state.message for state in states)
    if failure.container in ("", container):
        yield failure.message
    for event in reversed(scene.evidence.events):
        if (
            event.reason in ("Failed", "FailedToPull", "InspectFailed", "ErrImageNeverPull")
            and image
            and image in event.message
        ):
            yield event.message
    yield from (state.reason for state in states if state.reason in ("InvalidImageName", "ErrImageNeverPull"))
    yield failure.reason if failure.reason in ("InvalidImageName", "ErrImageNeverPull") else ""


def last_good(scene: Scene, pull: Pull) -> Known | None:
    """Find the newest other image that this container ran; ``None`` if it never ran, or ran the very same."""
    uses = [use for use in scene.evidence.image_history if use.container == pull.container and use.ran]
    uses.sort(key=lambda use: use.revision, reverse=True)
    if uses and uses[0].image == pull.image:
        return None
    if uses:
        return Known(uses[0].image, f"revision {uses[0].revision} ran {uses[0].image}", sure=True)
    return _from_revision(scene, pull)


def _from_revision(scene: Scene, pull: Pull) -> Known | None:
    revision = scene.evidence.revision
    path = f"{scene.container_path(pull.container)}.image"
    for change in revision.changes if revision and revision.healthy_replicas else ():
        if change.path == path and isinstance(change.healthy, str) and change.healthy not in ("", pull.image):
            number = revision.revision if revision else 0
            return Known(change.healthy, f"revision {number} was healthy with {change.healthy}", sure=False)
    return None


def _is_wrong(pull: Pull, known: Known) -> bool:
    """Decide whether the image is at fault, rather than the way to it."""
    if pull.answer in _WRONG_IMAGE or pull.answer is Answer.SILENT:
        return True
    failing, good = images.split(pull.image), images.split(known.image)
    if pull.answer is Answer.MAYBE_CREDENTIALS:
        return failing.registry == good.registry and _misspelt(failing.repository, good.repository)
    return pull.answer is Answer.UNKNOWN_HOST and _misspelt(failing.registry, good.registry)


def _misspelt(name: str, good: str) -> bool:
    return name != good and len(good) > _NEAR * 2 and spelling.edits(name, good) <= _NEAR


def _restore(scene: Scene, pulls: list[Pull], known: Known) -> Finding:
    first = pulls[0]
    others = [(pull, last_good(scene, pull)) for pull in pulls[1:]]
    cured = [(first, known), *((pull, good) for pull, good in others if good and _is_wrong(pull, good))]
    changes = [(f"{scene.container_path(pull.container)}.image", good.image) for pull, good in cured]
    risk = Risk.LOW if known.sure else Risk.MEDIUM
    return Finding(
        rule="image.restore",
        cause=_cause(scene, first, known),
        fix="Set the image of "
        + quoting.listed([f"container {p.container} back to {g.image}" for p, g in cured])
        + ".",
        confidence=_confidence(first, known) - (0.2 if len(cured) < len(pulls) else 0.0),
        rests_on=tuple(_lines(cured)),
        remedy=Remedy(patch_paths.build_all(changes), frozenset({"image"}), risk=risk),
    )


def _confidence(pull: Pull, known: Known) -> float:
    base = {Answer.MISSING: 0.97, Answer.INVALID: 0.97, Answer.SILENT: 0.6, Answer.ABSENT: 0.85}.get(pull.answer, 0.85)
    return base if known.sure else base - 0.07


def _cause(scene: Scene, pull: Pull, known: Known) -> str:
    failing, good = images.split(pull.image), images.split(known.image)
    if pull.answer is Answer.INVALID:
        what = f"the image name {pull.image} is not valid"
    elif pull.answer is Answer.ABSENT:
        what = f"the image {pull.image} is not on the node and the pull policy is Never"
    elif pull.answer is Answer.SILENT:
        what = f"the image {pull.image} cannot be pulled"
    elif failing.name != good.name:
        what = f"there is no image {pull.image}; the one that ran is called {good.name}"
    else:
        what = f"the registry has no {pull.image}"
    return f"Container {pull.container} of {scene.target} cannot start: {what}."


def _lines(cured: Iterable[tuple[Pull, Known]]) -> Iterator[str]:
    for pull, good in cured:
        yield pull.words or f"{pull.container}: {pull.image} cannot be pulled"
        yield good.source


def _advice(scene: Scene, pull: Pull, known: Known | None) -> Finding:
    if pull.answer in _WRONG_IMAGE:
        cause, fix = _nothing_ran(scene, pull)
    else:
        cause, fix = _ADVICE[pull.answer]
        fix += f" ({known.source}.)" if known else ""
    return Finding(
        rule=f"image.{pull.answer}",
        cause=f"Container {pull.container} of {scene.target} cannot pull {pull.image}: {cause}.",
        fix=fix,
        confidence=0.4 if pull.answer in (Answer.UNCLEAR, Answer.SILENT) else 0.9,
        rests_on=(pull.words,) if pull.words else (),
    )


def _nothing_ran(scene: Scene, pull: Pull) -> tuple[str, str]:
    cause = {
        Answer.INVALID: "this is not a valid image name",
        Answer.ABSENT: "it is not on the node, and the pull policy is Never",
    }.get(pull.answer, "the registry has no such image")
    return cause, f"Push {pull.image}, or name an image that exists; {_no_other(scene, pull)}, so none is proposed."


def _no_other(scene: Scene, pull: Pull) -> str:
    ran = any(u.ran and u.image == pull.image for u in scene.evidence.image_history if u.container == pull.container)
    return "it ran here before, so the registry has lost it" if ran else "no other image is known to have run here"
