"""Run the operator: ``python -m logjedi_operator``. Settings come from the environment."""

import asyncio
import sys
from pathlib import Path

from logjedi_contracts import logs
from logjedi_contracts.errors import ConfigurationError, LogJediError
from logjedi_operator import bootstrap
from logjedi_operator.settings import Settings

log = logs.get("logjedi_operator")


async def serve(settings: Settings) -> None:
    async with bootstrap.build(settings) as operator:
        log.info("operator starting", cluster=settings.cluster_name, port=settings.operator_port)
        await operator.run()


def main() -> int:
    """Return 0 after an orderly stop, 2 for bad settings, 1 if a dependency was lost for good."""
    try:
        settings = Settings.load(env_file=Path(".env"))
        logs.configure("operator", level=settings.log_level, style=settings.log_format)
        return _run(settings)
    except ConfigurationError as error:
        sys.stderr.writelines(f"{problem}\n" for problem in error.problems)
        return 2


def _run(settings: Settings) -> int:
    try:
        asyncio.run(serve(settings))
    except ExceptionGroup as group:  # how the task group ends; defects in it are raised again below
        lost, defects = group.split(LogJediError)
        if defects is not None:
            raise
        for error in lost.exceptions if lost else ():
            log.error("operator ended", cause=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
