"""What ``/openapi.json`` says about ``POST /analyze``: the body's schema with an example, and every answer.

The route reads the raw body itself (leniently, and without ever echoing it), so FastAPI cannot derive this.
"""

from typing import Any

from fastapi import FastAPI

from logjedi_contracts.analysis import AnalyzeRequest

REQUEST_EXAMPLE: dict[str, Any] = {
    "schema_version": 1,
    "correlation": "shop/web-4c1d9a",
    "cluster": "prod-eu",
    "target": {
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "uid": "6d0f0d9e-5b8f-4f56-9a55-0b7f3f0a8a11",
    },
    "failure": {
        "reason": "ImagePullBackOff",
        "family": "image",
        "container": "app",
        "message": 'Back-off pulling image "registry.example.com/shop/web:1.4.2-rc"',
        "severity": "critical",
        "first_seen": "2026-11-23T10:00:00Z",
    },
    "evidence": {
        "workload": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": "app", "image": "registry.example.com/shop/web:1.4.2-rc"}]},
                },
            },
        },
        "pods": [
            {
                "name": "web-7c9d-x2x4p",
                "phase": "Pending",
                "containers": [
                    {
                        "name": "app",
                        "image": "registry.example.com/shop/web:1.4.2-rc",
                        "state": "waiting",
                        "reason": "ImagePullBackOff",
                        "message": "registry.example.com/shop/web:1.4.2-rc: not found",
                    },
                ],
            },
        ],
        "image_history": [
            {"container": "app", "image": "registry.example.com/shop/web:1.4.2-rc", "revision": 8},
            {"container": "app", "image": "registry.example.com/shop/web:1.4.1", "revision": 7, "ran": True},
        ],
    },
}

_REF = "#/components/schemas/{model}"

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": _REF.format(model="AnalyzeRequest")},
                "examples": {"image": {"summary": "An image tag that does not exist", "value": REQUEST_EXAMPLE}},
            },
        },
    },
}

ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "`Authorization` is missing or wrong."},
    413: {"description": "The body is larger than 2 MiB."},
    422: {"description": "The body does not fit; each problem's field and type, never its value."},
    503: {"description": "All places are taken; try again after `Retry-After` seconds."},
}


def describe(app: FastAPI) -> None:
    """Add the request's schemas to the application's OpenAPI document."""
    document = app.openapi()
    schema = AnalyzeRequest.model_json_schema(ref_template=_REF)
    known = document.setdefault("components", {}).setdefault("schemas", {})
    for name, definition in schema.pop("$defs", {}).items():
        known.setdefault(name, definition)
    known["AnalyzeRequest"] = schema
