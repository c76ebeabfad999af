"""``python -m logjedi_approval_gateway``: read the settings, build, serve until told to end."""

import asyncio
import signal
import sys
from pathlib import Path

from logjedi_approval_gateway import bootstrap
from logjedi_approval_gateway.settings import Settings
from logjedi_contracts import logs
from logjedi_contracts.errors import ConfigurationError


async def serve(settings: Settings) -> None:
    async with bootstrap.build(settings) as gateway:
        loop = asyncio.get_running_loop()
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(wanted, gateway.stop)
        await gateway.run()


def main() -> int:
    """Return the exit status: 2 for settings that cannot be used, one line each on standard error."""
    try:
        settings = Settings.load(Path(".env"))
        logs.configure("approval-gateway", level=settings.log_level, style=settings.log_format)
        asyncio.run(serve(settings))
    except ConfigurationError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
