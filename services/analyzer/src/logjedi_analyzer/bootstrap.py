"""Puts the service together. The only place that knows every part; nothing connects here."""

from dataclasses import dataclass

from fastapi import FastAPI

from logjedi_analyzer.entrypoints import http
from logjedi_analyzer.ports.diagnoser import Diagnoser, Reasoner
from logjedi_analyzer.settings import DiagnoserName, Settings
from logjedi_analyzer.usecases import diagnose


@dataclass(frozen=True, slots=True)
class Service:
    """What ``__main__`` runs."""

    app: FastAPI
    settings: Settings


def build(settings: Settings, *, diagnoser: Diagnoser | None = None, reasoner: Reasoner | None = None) -> Service:
    """Build the service; tests pass a ``diagnoser`` or a ``reasoner`` of their own."""
    chosen = diagnoser or _diagnoser(settings, reasoner)
    secret = settings.llm_service_auth_header
    options = http.Options(authorization=secret.get_secret_value() if secret else "")
    return Service(app=http.create_app(chosen, options), settings=settings)


def _diagnoser(settings: Settings, reasoner: Reasoner | None) -> Diagnoser:
    name = settings.effective_diagnoser
    if name is DiagnoserName.PLAYBOOK:
        return diagnose.ByPlaybook()
    model = reasoner or _reasoner(settings)
    return diagnose.ByAgent(model, diagnose.SURE) if name is DiagnoserName.AUTO else diagnose.ByAgent(model)


def _reasoner(settings: Settings) -> Reasoner:
    # strands costs 0.8 s and 30 MB; a service without a model must not pay for it
    from logjedi_analyzer.agent import providers, reasoner  # noqa: PLC0415

    return reasoner.StrandsReasoner(providers.model(settings.llm_provider), settings.model_timeout)
