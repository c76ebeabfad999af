"""Resolves what a pod refers to, and words what is missing as the kubelet does.

The words are those of kubelet 1.34, `makeEnvironmentVariables` and the configmap and secret volume plugins:
https://github.com/kubernetes/kubernetes/blob/v1.34.4/pkg/kubelet/kubelet_pods.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

Json = dict[str, Any]
_REFERENCE = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]*(@sha256:[0-9a-f]{64})?")


class MissingReferenceError(Exception):
    """A pod refers to something that is not there; the text is the kubelet's."""


class Objects(Protocol):
    """Reads ConfigMaps and Secrets."""

    def data(self, kind: str, namespace: str, name: str) -> dict[str, str] | None:
        """Return the data of a `configmap` or `secret` as texts, or None when there is no such object."""


def variables(container: Json, namespace: str, objects: Objects) -> dict[str, str]:
    """Return a container's variables; `MissingReferenceError` for the first that cannot be had."""
    values: dict[str, str] = {}
    for source in container.get("envFrom", []):
        data = _source(source, namespace, objects)
        values |= {source.get("prefix", "") + key: value for key, value in data.items()}
    for variable in container.get("env", []):
        if (value := _value(variable, namespace, objects)) is not None:
            values[variable["name"]] = value
    return values


def check_volumes(pod: Json, objects: Objects) -> None:
    """Raise `MissingReferenceError`, worded as a FailedMount event, for the first volume that cannot be filled."""
    namespace = pod["metadata"]["namespace"]
    for volume, kind, name, reference in _volume_sources(pod):
        if reference.get("optional"):
            continue
        data = objects.data(kind, namespace, name)
        if data is None:
            raise MissingReferenceError(f'MountVolume.SetUp failed for volume "{volume}" : {kind} "{name}" not found')
        if missing := [item["key"] for item in reference.get("items", []) if item["key"] not in data]:
            what = "config" if kind == "configmap" else "secret"
            text = f"references non-existent {what} key: {missing[0]}"
            raise MissingReferenceError(f'MountVolume.SetUp failed for volume "{volume}" : {kind} {text}')


def full_name(image: str) -> str:
    """Return an image's name with registry and tag, as containerd names it; `MissingReferenceError` for nonsense."""
    if not _REFERENCE.fullmatch(image) or "::" in image or image.endswith((":", "/")):
        raise MissingReferenceError(
            f'Failed to apply default image tag "{image}": '
            f'couldn\'t parse image name "{image}": invalid reference format'
        )
    first, slash, _rest = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif "." not in first and ":" not in first and first != "localhost":
        image = f"docker.io/{image}"
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def _source(source: Json, namespace: str, objects: Objects) -> dict[str, str]:
    kind, reference = _kind_and_reference(source, "configMapRef", "secretRef")
    data = objects.data(kind, namespace, reference["name"])
    if data is None and not reference.get("optional"):
        raise MissingReferenceError(f'{kind} "{reference["name"]}" not found')
    return data or {}


def _value(variable: Json, namespace: str, objects: Objects) -> str | None:
    source = variable.get("valueFrom", {})
    if "configMapKeyRef" not in source and "secretKeyRef" not in source:
        return str(variable.get("value", ""))
    kind, reference = _kind_and_reference(source, "configMapKeyRef", "secretKeyRef")
    name, key = reference["name"], reference["key"]
    data = objects.data(kind, namespace, name)
    if data is not None and key in data:
        return data[key]
    if reference.get("optional"):
        return None
    if data is None:
        raise MissingReferenceError(f'{kind} "{name}" not found')
    title = "ConfigMap" if kind == "configmap" else "Secret"
    raise MissingReferenceError(f"couldn't find key {key} in {title} {namespace}/{name}")


def _kind_and_reference(source: Json, config_map: str, secret: str) -> tuple[str, Json]:
    return ("configmap", source[config_map]) if config_map in source else ("secret", source[secret])


def _volume_sources(pod: Json) -> Iterator[tuple[str, str, str, Json]]:
    """Yield volume, kind, object name and reference of each volume that a ConfigMap or Secret fills."""
    for volume in pod["spec"].get("volumes", []):
        if reference := volume.get("configMap"):
            yield volume["name"], "configmap", reference["name"], reference
        if reference := volume.get("secret"):
            yield volume["name"], "secret", reference["secretName"], reference
