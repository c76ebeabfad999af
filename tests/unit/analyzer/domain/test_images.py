from typing import Any

import pytest

from logjedi_analyzer.domain import images


@pytest.mark.parametrize(
    ("reference", "registry", "repository", "version"),
    [
        ("nginx", "docker.io", "library/nginx", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27"),
        ("acme/web:2", "docker.io", "acme/web", "2"),
        ("localhost/web", "localhost", "web", ""),
        ("10.0.0.1:5000/a/b:c", "10.0.0.1:5000", "a/b", "c"),
        ("ghcr.io/a/b@sha256:00", "ghcr.io", "a/b", "sha256:00"),
        ("ghcr.io/a/b:1@sha256:00", "ghcr.io", "a/b", "sha256:00"),
        ("", "docker.io", "library/", ""),
    ],
)
def test_references_are_taken_apart(reference: Any, registry: Any, repository: Any, version: Any) -> None:
    image = images.parse(reference)
    assert (image.registry, image.repository, image.version) == (registry, repository, version)


@pytest.mark.parametrize(
    ("left", "right", "edits"), [("nginx", "ngnix", 1), ("a", "a", 0), ("", "abc", 3), ("kitten", "sitting", 3)]
)
def test_distance_counts_swaps_once(left: Any, right: Any, edits: Any) -> None:
    assert images.distance(left, right) == images.distance(right, left) == edits
