"""JSON Schemas of everything that crosses a process boundary, for whoever is not written in Python.

``python -m logjedi_contracts.schemas`` writes them, ``--check`` only says which file is stale. They are closed, as
producers are; readers ignore what they do not know.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logjedi_contracts import envelope
from logjedi_contracts.analysis import AnalyzeRequest, AnalyzeResponse
from logjedi_contracts.model import Message

FOLDER = Path("docs/messages/schemas")
ENVELOPE = "envelope"
_OTHERS: Mapping[str, type[Message]] = {
    ENVELOPE: envelope.Envelope,
    "analyze.request.v1": AnalyzeRequest,
    "analyze.response.v1": AnalyzeResponse,
}


def build() -> dict[str, dict[str, Any]]:
    """Map ``TYPE.vVERSION`` (and ``envelope``, ``analyze.…``) to its schema."""
    typed = {f"{name}.v{version}": model for (name, version), model in envelope.TYPES.items()}
    return {name: _schema(name, model) for name, model in sorted({**typed, **_OTHERS}.items())}


def stale(folder: Path) -> list[Path]:
    """List the files that are missing, differ from the models, or belong to no model."""
    wanted = {folder / f"{name}.json": _spelt(schema) for name, schema in build().items()}
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    return differing + [path for path in sorted(folder.glob("*.json")) if path not in wanted]


def write(folder: Path) -> None:
    """Make ``folder`` hold exactly the schemas of today's models."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for name, schema in build().items():
        (folder / f"{name}.json").write_text(_spelt(schema), "utf-8")


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m logjedi_contracts.schemas", description="Write the JSON Schemas.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(words)
    if not options.check:
        write(options.folder)
        return 0
    differing = stale(options.folder)
    for path in differing:
        sys.stderr.write(f"{path}: does not fit the messages in the code; run make generate\n")
    return 1 if differing else 0


def _schema(name: str, model: type[Message]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"logjedi:messages:{name}", **schema}


def _spelt(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
