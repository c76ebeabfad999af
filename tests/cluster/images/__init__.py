"""Images made from nothing: one static program, wrapped so that a container runtime takes it for any image.

`DEFAULT` are those that every cluster has. All are the same program with other arguments, so a registry holds one
layer of a few megabytes. In the simulated form their names are simply the images that "exist".
"""

from __future__ import annotations

import platform
from pathlib import Path

from tests.cluster import toolchain
from tests.cluster.images.image import Image, Layer, layer, push
from tests.cluster.progress import Progress, silent

__all__ = ["DEFAULT", "PAUSE", "Image", "Layer", "pack", "push"]

REGISTRY = "registry.example"
PAUSE = Image(f"{REGISTRY}/logjedi/pause:1.0", args=("pause",))
DEFAULT = (
    Image(f"{REGISTRY}/shop/web:1.0", env={"VERSION": "1.0"}),
    Image(f"{REGISTRY}/shop/web:1.1", env={"VERSION": "1.1"}),
    Image(f"{REGISTRY}/shop/cache:1.0", env={"VERSION": "1.0", "PORT": "6379"}),
    Image(f"{REGISTRY}/shop/worker:1.0", args=("work",), env={"VERSION": "1.0"}),
)
_PROGRAM = toolchain.Module(
    folder=Path(__file__).with_name("program"), binary="program", title="the containers' program"
)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def pack(*, progress: Progress = silent) -> Layer:
    """Build the program unless it is cached, and return the layer that every image of it shares."""
    program = toolchain.build(_PROGRAM, progress=progress)
    machine = platform.machine()
    return layer(program, architecture=_ARCHITECTURES.get(machine, machine))
