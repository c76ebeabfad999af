"""From the provider's name to a Strands model. Each provider is imported when it is asked for, and no sooner."""

from strands.models import Model

from logjedi_analyzer.agent.mock import MockModel
from logjedi_contracts.errors import ConfigurationError


def model(provider: str) -> Model:
    """Make the one model that all requests share. Raises ``ConfigurationError``."""
    if provider == "mock":
        return MockModel()
    raise ConfigurationError(
        [f"LLM_PROVIDER: {provider[:40]} is not available in this version; use mock, or leave it empty"]
    )
