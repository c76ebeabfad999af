"""When no rule knows a remedy: say what is seen, quote the lines that tell most, and what a person should look at."""

from collections.abc import Iterator

from logjedi_analyzer.domain import symptoms
from logjedi_analyzer.domain.findings import Finding
from logjedi_analyzer.domain.scene import Scene

UNEXPLAINED = "general.unexplained"


def general(scene: Scene) -> Iterator[Finding]:
    """Always find something, with a confidence below any rule that knows."""
    failure = scene.request.failure
    container = symptoms.failing_container(scene)
    who = f"Container {container} of {scene.target}" if container else scene.target
    yield Finding(
        rule=UNEXPLAINED,
        cause=f"{who} fails with {failure.reason}: {failure.message or 'no message'}.",
        fix="Look at the evidence.",
        confidence=0.2,
    )
