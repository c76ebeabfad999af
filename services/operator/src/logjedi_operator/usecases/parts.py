"""What every use case works with: the ports, and the values that settings gave.

Built by ``bootstrap`` alone; the tests build the same with fakes.
"""

from dataclasses import dataclass
from datetime import timedelta

from logjedi_contracts import signing
from logjedi_operator.domain.findings import Graces
from logjedi_operator.domain.policy import Policy
from logjedi_operator.ports.cluster import Cluster
from logjedi_operator.ports.outside import Analyzer, AuditTrail, Clock, Teller, Wakeups
from logjedi_operator.ports.records import Records
from logjedi_operator.usecases.collect_evidence import Options as EvidenceOptions


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this operator is, and whose votes it believes."""

    cluster: str
    signer: signing.Signer
    gateways: signing.KeyRing
    audit_key: bytes

    @property
    def own_keys(self) -> signing.KeyRing:
        return signing.KeyRing([self.signer.public(self.cluster)])


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take."""

    cooldown: timedelta = timedelta(minutes=15)
    expiry: timedelta = timedelta(hours=4)
    settle: timedelta = timedelta(seconds=30)
    verify: timedelta = timedelta(minutes=5)
    retention: timedelta = timedelta(days=7)
    poll: timedelta = timedelta(seconds=5)
    """How often a workload is looked at again while it is verified or waits for a decision, besides on every event."""
    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Parts:
    cluster: Cluster
    records: Records
    analyzer: Analyzer
    teller: Teller
    wakeups: Wakeups
    clock: Clock
    audit: AuditTrail
    identity: Identity
    policy: Policy
    graces: Graces
    timing: Timing
    evidence: EvidenceOptions
