"""``python -m tests.localslack``: serve until interrupted, print one line that ends in ``ready``."""

import argparse
import asyncio
import signal

from tests.localslack.server import Options, serve


def _options() -> Options:
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.localslack", description=__doc__)
    parser.add_argument("--host", default=default.host, help="address to bind (default: %(default)s)")
    parser.add_argument("--port", type=int, default=default.port, help="0 for any free one (default)")
    parser.add_argument("--gateway", default=default.gateway, help="where clicks go (default: %(default)s)")
    parser.add_argument("--signing-secret", default=default.signing_secret, help="shared with the gateway")
    parser.add_argument("--burst", type=int, default=default.burst, help="posts a channel before 1/s applies")
    given = parser.parse_args()
    return Options(given.signing_secret, given.gateway.rstrip("/"), given.host, given.port, given.burst)


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(_options()) as slack:
        print(f"local slack: page {slack.url}/ api {slack.api_url} token {slack.token} ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main())
