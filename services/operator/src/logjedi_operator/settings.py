"""The operator's settings, from the environment. ``docs/configuration.md`` is generated from the docstrings."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from logjedi_contracts.durations import Duration, parse
from logjedi_contracts.settings import NameList, ServiceSettings


class Settings(ServiceSettings):
    """Read once in ``__main__``, passed on as a value."""

    cluster_name: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9._-]+$")] = "default"
    """Name of this cluster in messages, digests and rules. Must differ between clusters that share a gateway."""

    redis_url: str = Field("redis://127.0.0.1:6379/0", validation_alias="REDIS_URL")
    """Redis ≥ 6.2: ``redis://``, ``rediss://`` or ``unix://``. Default: a local one, for development."""

    llm_service_url: str = Field("http://127.0.0.1:8000", validation_alias="LLM_SERVICE_URL")
    """Address of the analyzer."""

    llm_service_auth_header: SecretStr | None = Field(None, validation_alias="LLM_SERVICE_AUTH_HEADER")
    """Sent verbatim as ``Authorization`` to the analyzer. Empty: none."""

    llm_client_timeout: Duration = Field(parse("60s"), validation_alias="LLM_CLIENT_TIMEOUT")
    """How long one analysis may take. Default: a slow model's answer with one repair."""

    apply_mode: Literal["manual"] = Field("manual", validation_alias="APPLY_MODE")
    """``manual``: nothing is applied without an approval. ``auto`` comes with a later release."""

    dry_run_before_apply: Literal[True] = Field(default=True, validation_alias="DRY_RUN_BEFORE_APPLY")
    """A server-side dry run precedes every apply; in manual mode it cannot be turned off."""

    analyze_cooldown_minutes: Annotated[float, Field(ge=0)] = Field(15, validation_alias="ANALYZE_COOLDOWN_MINUTES")
    """Minutes after an incident's end before the same incident is taken up again. 0: at once."""

    max_recent_log_lines: Annotated[int, Field(ge=0)] = Field(200, validation_alias="MAX_RECENT_LOG_LINES")
    """Newest log lines kept for each failing container. 0: no cap by lines (bytes are always capped)."""

    watch_namespaces: NameList = Field((), validation_alias="WATCH_NAMESPACES")
    """Comma-separated namespaces to watch. Empty: all."""

    exclude_namespaces: NameList = Field(("kube-system",), validation_alias="EXCLUDE_NAMESPACES")
    """Comma-separated namespaces never touched; wins over ``WATCH_NAMESPACES``."""

    signing_key_file: Path
    """PEM file of the operator's Ed25519 private key: signs proposals and outcomes."""

    gateway_keys: NameList
    """Comma-separated PEM files of the gateways' public keys whose votes count (two during a rotation)."""

    policy_file: Path | None = None
    """YAML file of what may be changed at all. Empty: the safe default."""

    evidence_secrets: bool = False
    """Read Secrets to see whether a referenced one or its key exists. Needs the right to read them."""

    kubeconfig: Path | None = None
    """Kubeconfig to use. Empty: the pod's own ServiceAccount, else ``KUBECONFIG``, else ``~/.kube/config``."""

    pending_grace: Duration = parse("10s")
    """How long a first failed image pull or container creation may last before it counts."""

    crash_grace: Duration = parse("10m")
    """Window in which an OOM kill or crash of a container that runs again still counts."""

    unavailable_grace: Duration = parse("2m")
    """How long a workload may lack replicas, with no rollout going on, before it counts."""

    proposal_expiry: Duration = parse("4h")
    """How long a proposal may be approved."""

    settle_time: Duration = parse("30s")
    """How long a workload must stay healthy before it counts as healed."""

    verify_timeout: Duration = parse("5m")
    """How long a patched workload may take to get healthy before the patch is undone."""

    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """Attempts at one incident before it is only advised on."""

    retention: Duration = parse("7d")
    """How long a finished record is kept."""

    workers: Annotated[int, Field(ge=1, le=64)] = 8
    """Records worked on at once."""

    operator_host: str = "0.0.0.0"  # noqa: S104 - probes and metrics must be reachable in the pod network
    """Where health and metrics are served."""

    operator_port: Annotated[int, Field(ge=1, le=65535)] = 8081
    """Port of ``/health``, ``/ready`` and ``/metrics``."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is logged."""

    log_format: Literal["json", "text"] = "json"
    """``json`` for machines, ``text`` for people."""
