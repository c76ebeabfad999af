from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.localslack import LocalSlack, Options, serve

SECRET = "unit-signing-secret"


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with serve(Options(signing_secret=SECRET, gateway="http://127.0.0.1:1")) as running:
        yield running


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.token, base_url=slack.api_url)
