"""Packed commits over loopback HTTP, as source-controller serves them."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PORT = 9790


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@dataclass(frozen=True, slots=True)
class Artifact:
    """One packed commit. ``revision`` is ``BRANCH@sha1:COMMIT``; ``digest`` is ``sha256:HEX``; ``size`` in bytes."""

    path: str
    url: str
    revision: str
    digest: str
    size: int


class ArtifactServer:
    """Serves a folder until stopped."""

    def __init__(self, folder: Path, address: str) -> None:
        folder.mkdir()
        self.folder = folder
        self._server = ThreadingHTTPServer((address, PORT), partial(_Silent, directory=str(folder)))
        self._server.daemon_threads = True
        self.url = f"http://{address}:{PORT}"
        Thread(target=self._server.serve_forever, args=(0.1,), name="artifacts", daemon=True).start()

    def pack(self, repository: Path, branch: str, commit: str, kind: str, name: str) -> Artifact:
        """Pack the tree of a commit, once."""
        path = f"{kind.lower()}/{name}/{commit}.tar.gz"
        file = self.folder / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            command = ["git", "archive", "--format=tar.gz", f"--output={part}", commit]
            subprocess.run(command, cwd=repository, check=True, capture_output=True)
            part.rename(file)
        content = file.read_bytes()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return Artifact(path, f"{self.url}/{path}", f"{branch}@sha1:{commit}", digest, len(content))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
