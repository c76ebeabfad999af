from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logjedi_contracts import images

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "latest", ""),
        ("nginx:1.27", "docker.io", "library/nginx", "1.27", ""),
        ("acme/shop:2", "docker.io", "acme/shop", "2", ""),
        ("docker.io/nginx", "docker.io", "library/nginx", "latest", ""),
        ("index.docker.io/library/nginx", "docker.io", "library/nginx", "latest", ""),
        ("ghcr.io/acme/shop/api:v1", "ghcr.io", "acme/shop/api", "v1", ""),
        ("localhost/shop", "localhost", "shop", "latest", ""),
        ("localhost:5000/shop:1", "localhost:5000", "shop", "1", ""),
        ("host:5000/shop", "host:5000", "shop", "latest", ""),
        ("[::1]:5000/shop:1", "[::1]:5000", "shop", "1", ""),
        ("GHCR.io/acme/shop:1", "ghcr.io", "acme/shop", "1", ""),
        ("Shop/api:1", "Shop", "api", "1", ""),
        (f"nginx@{DIGEST}", "docker.io", "library/nginx", "", DIGEST),
        (f"ghcr.io/a/b:1@{DIGEST}", "ghcr.io", "a/b", "1", DIGEST),
        ("a__b/c-d.e:x", "docker.io", "a__b/c-d.e", "x", ""),
    ],
)
def test_takes_references_apart(text: Any, registry: Any, repository: Any, tag: Any, digest: Any) -> None:
    assert images.parse(text) == images.ImageReference(registry, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "nginx:",
        "nginx:bad tag",
        "Nginx",
        "acme/Shop",
        "nginx@sha256:abc",
        "nginx@",
        f"nginx@md5:{'a' * 32}",
        "a//b",
        "/nginx",
        "nginx/",
        "ghcr.io/",
        "https://ghcr.io/a",
        "nginx:1:2/x",
        "a" * 256,
        "a" * 64,
        "nginx:-1",
        "nginx:1\n",
        " nginx",
        "nginx;rm -rf",
        "ngin\u0445",
        f"nginx@{DIGEST}@{DIGEST}",
        "nginx:" + "a" * 129,
        "a___b",
        "a.-b",
        "-host.io/a",
        "<redacted-3>",
    ],
)
def test_refuses_malformed_ones_with_the_cause(text: Any) -> None:
    with pytest.raises(ValueError, match="image"):
        images.parse(text)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("nginx:1", "docker.io/library/nginx:2", True),
        ("nginx", f"index.docker.io/nginx@{DIGEST}", True),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:2", True),
        ("ghcr.io/a/b:1", "ghcr.io/a/bb:1", False),
        ("ghcr.io/a/b", "ghcr.io/a/b/c", False),
        ("nginx", "evil.example/library/nginx", False),
        ("nginx", "evil/nginx", False),
        ("ghcr.io/a/b", "GHCR.io/a/b", True),
        ("host:5000/a", "host:5001/a", False),
        ("nginx:bad tag", "nginx:bad tag", False),
    ],
)
def test_same_repository_is_of_the_same_registry(first: Any, second: Any, expected: Any) -> None:
    assert images.same_repository(first, second) is expected


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("nginx", "docker.io", "library/nginx", "", ""),
        ("10.0.0.1:5000/a/b:c", "10.0.0.1:5000", "a/b", "c", ""),
        ("ghcr.io/a/b:1@sha256:00", "ghcr.io", "a/b", "1", "sha256:00"),
        ("ghcr.io/a/b:bad tag", "ghcr.io", "a/b", "bad tag", ""),
        ("ghcr.io/<redacted-3>", "ghcr.io", "<redacted-3>", "", ""),
        ("", "docker.io", "library/", "", ""),
    ],
)
def test_splits_what_may_be_malformed(text: Any, registry: Any, repository: Any, tag: Any, digest: Any) -> None:
    assert images.split(text) == images.ImageReference(registry, repository, tag, digest)


@given(st.text(alphabet="abcA09./:@-_ \u200b", max_size=40))
@example("A/0")
def test_what_is_read_reads_the_same_when_written_out(text: Any) -> None:
    try:
        found = images.parse(text)
    except ValueError:
        return
    assert images.parse(str(found)) == found
