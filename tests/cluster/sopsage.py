"""The Secret that Flux decrypts with, looked at and filled by the tests' own hands."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Home

SYSTEM = "flux-system"
PENDING = "matrix-secrets/pending-recipient"
OWN_ENTRY = re.compile(r"matrix-secrets-age1[a-z0-9]{9}\.agekey")


def secret(home: Home) -> dict[str, Any]:
    return home.cluster.api.must_get("v1/Secret", "sops-age", SYSTEM)


def entries(home: Home) -> dict[str, str]:
    found = secret(home).get("data") or {}
    return {key: base64.b64decode(text).decode() for key, text in found.items()}


def put(home: Home, texts: dict[str, str], manager: str = "testbed") -> None:
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sops-age", "namespace": SYSTEM}, "data": data}
    home.cluster.api.apply(body, manager)


def keygen(age_keygen: Path) -> str:
    return subprocess.run([age_keygen], capture_output=True, text=True, check=True).stdout


def recipients_in(text: str) -> list[str]:
    """The recipients that an identity file names in its comments."""
    return re.findall(r"^# public key: (age1\w+)$", text, re.MULTILINE)
