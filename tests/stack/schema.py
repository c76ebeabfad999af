"""The CRD: installed where it is missing, so that a stack works on a fresh cluster.

It is the one cluster-wide object that a stack needs; the chart will install it for users.
"""

import asyncio
import contextlib
from pathlib import Path

import yaml

from logjedi_contracts.errors import DependencyDown, TemporaryError
from logjedi_operator.adapters import kube

FILE = Path(__file__).parents[2] / "charts" / "logjedi" / "files" / "logjedianalyses.yaml"
_LOOKS = 200
"""A tenth of a second apart."""


async def install(kubeconfig: Path | None) -> bool:
    """Install the CRD unless it is there, and wait until it is served; return whether it was installed.

    Raises ``Refused`` without the right to, ``DependencyDown`` if the API server does not answer.
    """
    schema = yaml.safe_load(FILE.read_text())
    async with kube.connect(kubeconfig) as api:
        where = kube.path("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        if await api.call("GET", f"{where}/{schema['metadata']['name']}", missing_ok=True) is not None:
            return False
        await api.call("POST", where, body=schema)
        for _ in range(_LOOKS):
            if await _served(api):
                return True
            await asyncio.sleep(0.1)
    raise DependencyDown("crd", "installed, but not served yet; look at the API server")


async def _served(api: kube.KubeCluster) -> bool:
    """A fresh definition is first unknown (404), then being set up (429)."""
    with contextlib.suppress(TemporaryError):
        return await api.call("GET", "/apis/logjedi.dev/v1alpha1/logjedianalyses", missing_ok=True) is not None
    return False
