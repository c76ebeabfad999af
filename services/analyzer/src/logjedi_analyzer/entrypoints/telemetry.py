"""The analyzer's counters, in a registry of their own, so that two applications in one process do not collide."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from logjedi_contracts.analysis import AnalyzeResponse

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 25)


class Telemetry:
    """Everything that ``/metrics`` shows."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        labels = ["diagnoser", "rule", "result"]
        self.analyses = Counter("logjedi_analyses", "Incidents explained, by what came of it.", labels, registry=own)
        self.fallbacks = Counter("logjedi_model_fallbacks", "Answers that the playbook gave for a model.", registry=own)
        self.tokens = Counter("logjedi_model_tokens", "Tokens spent on models.", ["direction"], registry=own)
        self.saturated = Counter(
            "logjedi_analyses_saturated", "Requests put off because all places were taken.", registry=own
        )
        self.seconds = Histogram(
            "logjedi_analysis_seconds", "Time to explain one incident.", buckets=_BUCKETS, registry=own
        )
        self.running = Gauge("logjedi_analyses_running", "Incidents being explained.", registry=own)

    def count(self, answer: AnalyzeResponse) -> None:
        """Count one answer."""
        diagnosis = answer.diagnosis
        self.analyses.labels(diagnosis.diagnoser, diagnosis.rule, "action" if answer.action else "advice").inc()
        if diagnosis.fallback:
            self.fallbacks.inc()
        self.tokens.labels("input").inc(diagnosis.input_tokens)
        self.tokens.labels("output").inc(diagnosis.output_tokens)
