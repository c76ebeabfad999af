import asyncio
import sys

import httpx


async def test_it_says_where_it_is_and_stops_when_told() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.localslack", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    words = (await process.stdout.readline()).decode().split()
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(words[words.index("api") + 1] + "auth.test", data={"token": "xoxb-local"})
    process.terminate()
    assert (words[-1], answer.json()["ok"], await process.wait()) == ("ready", True, 0)
