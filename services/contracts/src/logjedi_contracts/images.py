"""Image references taken apart: which registry, which repository, which tag or digest.

The operator's policy asks whether a proposed image is of the repository that is there, its health check whether a
container runs what it should; the analyzer looks for misspelt names. The rules are those of the container
runtimes: https://github.com/distribution/reference (grammar and Docker's short names).
"""

import re
from dataclasses import dataclass, replace
from typing import Final

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_BARE_ID = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME: Final = 255
_HUB: Final = "docker.io"
_HUB_ALIASES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


@dataclass(frozen=True, slots=True)
class ImageReference:
    """``registry/repository[:tag][@digest]``, short names written out; what is not there is empty."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.name}{tag}{'@' + self.digest if self.digest else ''}"


def parse(text: str) -> ImageReference:
    """Read an image reference; neither tag nor digest means ``latest``.

    Raises ``ValueError`` saying which part is malformed.
    """
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f"image {text[:300]!r}: the digest is not one; write @sha256: and 64 hex digits")
    name, tag = _split_tag(rest)
    if tag is not None and not _TAG.fullmatch(tag):
        raise ValueError(f"image {text[:300]!r}: {tag[:130]!r} is not a tag")
    found = split(text)
    if not _well_formed(found.registry, found.repository):
        raise ValueError(f"image {text[:300]!r}: {name[:260]!r} is not a repository")
    return found if found.tag or found.digest else replace(found, tag="latest")


def split(text: str) -> ImageReference:
    """Take a reference apart without judging its parts; never fails, since it may be the very thing that is wrong."""
    rest, _, digest = text.partition("@")
    name, tag = _split_tag(rest)
    registry, repository = _split_registry(name)
    return ImageReference(registry, repository, tag or "", digest)


def same_repository(first: str, second: str) -> bool:
    """Tell whether both references are well-formed and name one repository of one registry."""
    try:
        return parse(first).name == parse(second).name
    except ValueError:
        return False


def _split_tag(rest: str) -> tuple[str, str | None]:
    name, colon, tag = rest.rpartition(":")
    return (rest, None) if not colon or "/" in tag else (name, tag)


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash or not _is_registry(first):
        return _HUB, name if slash else f"library/{name}"
    registry = first.lower() if _is_registry(first.lower()) else first  # Shop/api is of a host, shop/api of the hub
    if registry in _HUB_ALIASES:
        return _HUB, rest if "/" in rest else f"library/{rest}"
    return registry, rest


def _is_registry(first: str) -> bool:
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def _well_formed(registry: str, repository: str) -> bool:
    short = len(registry) + 1 + len(repository) <= _LONGEST_NAME
    whole = _REGISTRY.fullmatch(registry) and _REPOSITORY.fullmatch(repository)
    return bool(short and whole and not _BARE_ID.fullmatch(repository.removeprefix("library/")))
