"""From a detected failure to a diagnosis: collect evidence, ask the analyzer, hand its answer to ``propose``.

Evidence leaves the operator redacted; the pseudonyms' meaning stays here, in memory, for the length of this one step.
Killed in the middle, the step is simply done again: nothing outside the record was changed.
"""

from logjedi_contracts import canonical
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse, Budget, Limits
from logjedi_contracts.errors import PermanentError, Refused
from logjedi_contracts.messages import Diagnosis
from logjedi_operator.domain import redaction
from logjedi_operator.domain.findings import Family, Finding
from logjedi_operator.domain.phases import Event
from logjedi_operator.domain.record import DiagnosisPart, EvidenceSummary, Record
from logjedi_operator.usecases import collect_evidence, incident, propose
from logjedi_operator.usecases.collect_evidence import Collected
from logjedi_operator.usecases.parts import Parts


async def investigate(parts: Parts, record: Record) -> Record:
    """Analyse the incident and end in ``Proposed``, ``Advised`` or ``Gone``."""
    owner = record.owner
    try:
        live = await parts.cluster.get(owner.api_version, owner.kind, owner.namespace, owner.name)
    except Refused as refusal:
        return await _advise_unread(parts, record, refusal)
    if live is None or live["metadata"]["uid"] != owner.uid:
        return await incident.advance(parts, record, Event.GONE, f"{owner} is not there any more")
    record = await incident.advance(parts, record, Event.ANALYSIS_STARTED, "collecting evidence")
    return await resume(parts, record)


async def resume(parts: Parts, record: Record) -> Record:
    """Carry on an analysis that was begun, also by an operator that was killed."""
    try:
        collected = await collect_evidence.collect(parts.cluster, _finding(record), parts.evidence)
    except Refused as refusal:
        if refusal.rule != "gone":
            return await _advise_unread(parts, record, refusal)
        return await incident.advance(parts, record, Event.GONE, f"{record.owner} is not there any more")
    request = _request(parts, record, collected)
    try:
        response = await parts.analyzer.analyze(request)
    except PermanentError as error:
        return await _advise_unanswered(parts, record, collected, str(error))
    seen = record.with_status(evidence=summary_of(collected), diagnosis=_told(collected, response.diagnosis))
    return await _conclude(parts, seen, collected, response)


async def _conclude(parts: Parts, record: Record, collected: Collected, response: AnalyzeResponse) -> Record:
    if response.action is None:
        why = _for_people(collected, response.why_no_action) or "no safe patch is known"
        return await incident.advance(parts, record, Event.ADVISED, why)
    if incident.tried(record) >= parts.timing.attempts:
        why = f"tried {parts.timing.attempts} times: somebody has to look at it"
        return await incident.advance(parts, record, Event.ADVISED, why)
    return await propose.propose(parts, record, collected, response.action)


def _told(collected: Collected, diagnosis: Diagnosis) -> DiagnosisPart:
    """Word a diagnosis for people: real names of objects and keys, no secret values."""
    texts = ("summary", "root_cause", "recommendation")
    return DiagnosisPart.of(
        diagnosis.model_copy(update={name: _for_people(collected, getattr(diagnosis, name)) for name in texts})
    )


def _for_people(collected: Collected, text: str) -> str:
    return redaction.scrub_text(collected.pseudonyms.with_names(text))


async def _advise_unread(parts: Parts, record: Record, refusal: Refused) -> Record:
    """Say that the workload cannot even be read; it is looked at again after the cooldown."""
    why = f"{record.owner} cannot be read ({refusal.rule}): {refusal}"
    return await incident.advance(parts, record, Event.ADVISED, why)


async def _advise_unanswered(parts: Parts, record: Record, collected: Collected, cause: str) -> Record:
    failure = record.spec.failure
    diagnosis = DiagnosisPart(
        summary=f"{record.owner}: {failure.reason}. {failure.message}", recommendation="Look at the evidence.",
        diagnoser="none", fallback=cause,
    )  # fmt: skip
    seen = record.with_status(evidence=summary_of(collected), diagnosis=diagnosis)
    return await incident.advance(parts, seen, Event.ADVISED, f"no diagnosis: {cause}")


def summary_of(collected: Collected) -> EvidenceSummary:
    spelt = collected.evidence.model_dump_json()
    return EvidenceSummary(
        digest=canonical.sha256(collected.evidence.model_dump(mode="json")),
        bytes=len(spelt.encode()),
        truncated=collected.evidence.truncated,
        redactions=collected.evidence.redactions,
        excerpt=[line[:2000] for line in collected.excerpt[:40]],
    )


def _finding(record: Record) -> Finding:
    failure = record.spec.failure
    return Finding(
        owner=record.owner, reason=failure.reason, family=Family(failure.family), container=failure.container,
        message=failure.message, severity=failure.severity, since=failure.first_seen,
    )  # fmt: skip


def _request(parts: Parts, record: Record, collected: Collected) -> AnalyzeRequest:
    policy = parts.policy
    return AnalyzeRequest(
        correlation=record.key,
        cluster=parts.identity.cluster,
        target=record.owner.target(),
        failure=collected.failure,
        evidence=collected.evidence,
        history=incident.told_before(record),
        limits=Limits(
            actions=list(policy.actions),
            paths=[str(path) for path in policy.paths],
            memory=policy.bounds.memory,
            cpu=policy.bounds.cpu,
            step=policy.bounds.step,
        ),
        budget=Budget(),
    )
