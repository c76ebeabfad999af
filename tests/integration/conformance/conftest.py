"""``side``: each test runs on the fakes and, with a test cluster, on the real thing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logjedi_operator.adapters import kube as kube_adapter
from tests.integration.conformance.sides import FakeSide, RealSide, Side


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.cluster)])
def kubeconfig(request: pytest.FixtureRequest) -> Path | None:
    """The real API server's, or none: then it is the fake's turn. Only the real one starts a cluster."""
    return Path(request.getfixturevalue("kube").kubeconfig) if request.param == "real" else None


@pytest.fixture
async def side(kubeconfig: Path | None) -> AsyncIterator[Side]:
    if kubeconfig is None:
        yield FakeSide()
        return
    async with kube_adapter.connect(kubeconfig) as api:
        real = RealSide(api)
        namespaces = kube_adapter.path("v1", "Namespace")
        await api.call("POST", namespaces, body={"metadata": {"name": real.namespace}})
        yield real
        await api.call("DELETE", f"{namespaces}/{real.namespace}")
