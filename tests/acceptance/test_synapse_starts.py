"""A real Synapse runs on the homeserver.yaml that comes out, against a real PostgreSQL with the Secret's password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests.acceptance.conftest import make_site
from tests.acceptance.services import free_port, postgres, synapse

if TYPE_CHECKING:
    from pathlib import Path


def resource(text: str, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        document for document in YAML(typ="safe", pure=True).load_all(text) if document and document["kind"] == kind
    )
    return found


def values(secret: dict[str, Any]) -> dict[str, str]:
    plain: dict[str, str] = secret.get("stringData", {})
    return {key: base64.b64decode(code).decode() for key, code in secret.get("data", {}).items()} | plain


def call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def register_admin(address: str, shared_secret: str) -> dict[str, Any]:
    """https://element-hq.github.io/synapse/latest/admin_api/register_api.html."""
    url = f"{address}/_synapse/admin/v1/register"
    nonce = call(url)["nonce"]
    message = b"\0".join(part.encode() for part in (nonce, "admin", "a password", "admin"))
    mac = hmac.new(shared_secret.encode(), message, hashlib.sha1).hexdigest()
    body = {"nonce": nonce, "username": "admin", "password": "a password", "admin": True, "mac": mac}
    return call(url, body)


@pytest.mark.parametrize("fixture", ["guide", "split"])
def test_synapse_starts(
    fixture: str, tmp_path: Path, sops_binary: Path, synapse_python: Path, postgres_bin_dir: Path
) -> None:
    site = make_site(tmp_path, fixture, "", [str(sops_binary.parent)])
    site.encrypted_stack()
    files = [file for file, raw in site.tree().items() if b"\nsops:" in raw]
    texts = {file: site.run("decrypt", file).stdout for file in files}
    secret = values(next(resource(text, "Secret") for text in texts.values() if "kind: Secret" in text))
    config = next(resource(text, "ConfigMap")["data"] for text in texts.values() if "homeserver.yaml:" in text)
    with postgres(postgres_bin_dir, tmp_path / "postgres", secret["POSTGRES_PASSWORD"]) as database:
        port, home = free_port(), tmp_path / "synapse"
        home.mkdir()
        # Only what a pod gives: its volumes' paths, the database's name in the cluster's DNS, its own port.
        homeserver = (
            config["homeserver.yaml"]
            .replace("/conf/", f"{home}/")
            .replace("/data/", f"{home}/")
            .replace("matrix-postgres.matrix.svc.cluster.local", "127.0.0.1")
            .replace("port: 5432", f"port: {database}")
            .replace("host: db}", f"host: 127.0.0.1, port: {database}}}")
            .replace("port: 8008", f"port: {port}")
            .replace("0.0.0.0", "127.0.0.1")  # noqa: S104  taken out
        )
        (home / "log.config").write_text(config["log.config"].replace("/data/", f"{home}/"))
        (home / "homeserver.yaml").write_text(homeserver)
        key = [str(synapse_python), "-m", "synapse.app.homeserver", "-c", str(home / "homeserver.yaml")]
        make_signing_key(key)
        with synapse(synapse_python, home / "homeserver.yaml", port) as address:
            assert "versions" in call(f"{address}/_matrix/client/versions")
            admin = register_admin(address, secret["SYNAPSE_REGISTRATION_SHARED_SECRET"])
            assert admin["user_id"] == "@admin:192.168.1.100"


def make_signing_key(command: list[str]) -> None:

    done = subprocess.run([*command, "--generate-keys"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
