"""kubeconfig files, each for one user of the testbed's API server."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT = "testbed"


@dataclass(frozen=True, slots=True)
class Server:
    """An API server's address and the certificate that it shows."""

    url: str
    certificate: Path


def write(file: Path, server: Server, token: str, user: str = "admin") -> Path:
    """Write a kubeconfig with one context, called ``testbed``; JSON is YAML."""
    authority = base64.b64encode(server.certificate.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server.url, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
        "current-context": CONTEXT,
    }
    file.touch(mode=0o600)
    file.write_text(json.dumps(config, indent=2))
    return file
