"""Uploads in three steps: ask for a URL, send the bytes there, complete and share.

Source: https://docs.slack.dev/messaging/working-with-files/#uploading_files
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.localslack.arguments import required
from tests.localslack.errors import ApiError
from tests.localslack.model import Bot, Content, Json, Message
from tests.localslack.state import Workspace


@dataclass(slots=True)
class Upload:
    name: str
    length: int
    data: bytes | None = None


@dataclass(slots=True)
class Uploads:
    """``files``: by id; ``data`` is None until the bytes came."""

    files: dict[str, Upload] = field(default_factory=dict)

    def ask(self, arguments: Json, *, base_url: str) -> Json:
        name = required(arguments, "filename")
        file_id = f"F{secrets.token_hex(5).upper()}"
        self.files[file_id] = Upload(name, int(arguments.get("length") or 0))
        return {"upload_url": f"{base_url}/upload/v1/{file_id}", "file_id": file_id}

    def receive(self, file_id: str, data: bytes) -> bool:
        """False when nobody asked for it or the length differs from what was announced."""
        upload = self.files.get(file_id)
        if upload is None or len(data) != upload.length:
            return False
        upload.data = data
        return True

    def complete(self, workspace: Workspace, bot: Bot, arguments: Json) -> Json:
        """Share in ``channel_id``, if given, as one message of the bot."""
        files = [self._finished(entry) for entry in arguments.get("files") or []]
        channel_id = str(arguments.get("channel_id") or "")
        if channel_id:
            channel = workspace.writable(channel_id, bot)
            content = Content(str(arguments.get("initial_comment") or ""))
            message = Message(workspace.new_ts(), channel.id, bot, workspace.team.id, [content])
            message.thread_ts = str(arguments.get("thread_ts") or "")
            message.files = files
            workspace.post(message)
        return {"files": files}

    def _finished(self, entry: Any) -> Json:
        upload = self.files.get(str(entry.get("id"))) if isinstance(entry, dict) else None
        if upload is None or upload.data is None:
            raise ApiError("file_not_found", reasons=[json.dumps(entry)])
        title = entry.get("title") or upload.name
        return {"id": entry["id"], "name": upload.name, "title": title, "size": upload.length}
