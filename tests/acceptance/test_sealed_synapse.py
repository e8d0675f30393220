"""A real Synapse runs the sealed layout with its own switch against secrets in the configuration."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.conftest import make_site
from tests.acceptance.pods import documents, lay_out, pod_of
from tests.acceptance.services import free_port, postgres, synapse
from tests.acceptance.test_synapse_starts import call

if TYPE_CHECKING:
    from pathlib import Path

PODS = {"guide": ("synapse", "synapse"), "split": ("server", "synapse")}
SWITCH = "--no-secrets-in-config"


@pytest.mark.parametrize(("fixture", "engine"), [("guide", "builtin"), ("split", "binary")])
def test_a_sealed_synapse(
    fixture: str, engine: str, tmp_path: Path, sops_binary: Path, synapse_python: Path, postgres_bin_dir: Path
) -> None:
    site = make_site(tmp_path, fixture, engine, [str(sops_binary.parent)])
    site.encrypted_stack()
    before = {each["name"]: each["value"] for each in site.json("show", "--reveal")["secrets"]}
    site.run("seal")
    after = site.tree()
    assert site.json("seal")["changes"] == []
    assert site.tree() == after
    shown = site.json("show", "--reveal")["secrets"]
    assert {each["name"]: each["value"] for each in shown} == before
    assert all(len(each["places"]) == 1 for each in shown)
    site.run("verify")
    files = [file for file in after if file.startswith(site.stack) and file.endswith(".yaml")]
    texts = [site.run("decrypt", file).stdout if b"\nsops:" in after[file] else after[file].decode() for file in files]
    pod = pod_of(documents(texts), *PODS[fixture])
    assert not any(value.encode() in pod.files["/conf/homeserver.yaml"][0] for value in before.values())
    with postgres(postgres_bin_dir, tmp_path / "postgres", before["POSTGRES_PASSWORD"]) as database:
        port, home = free_port(), tmp_path / "pod"
        home.mkdir()
        replacements = {
            "/conf/": f"{home}/conf/",
            "/data/": f"{home}/data/",
            "/secrets/": f"{home}/secrets/",
            "matrix-postgres.matrix.svc.cluster.local": "127.0.0.1",
            "port: 5432": f"port: {database}",
            "host: db}": f"host: 127.0.0.1, port: {database}}}",
            "port: 8008": f"port: {port}",
            "0.0.0.0": "127.0.0.1",  # noqa: S104  taken out
        }
        (home / "data").mkdir()
        lay_out(pod, home, replacements)
        assert (home / "secrets/form_secret").stat().st_mode & 0o777 == 0o644
        config = home / "conf" / "homeserver.yaml"
        env = {**os.environ, "PGPASSWORD": pod.env["PGPASSWORD"]}
        _make_signing_key(synapse_python, config)
        with synapse(synapse_python, config, port, SWITCH, env=env) as address:
            assert "versions" in call(f"{address}/_matrix/client/versions")
            registered = _register(synapse_python, config, address)
            assert "Success" in registered
            login = {"type": "m.login.password", "user": "alice", "password": "her password"}
            assert call(f"{address}/_matrix/client/v3/login", login)["user_id"] == "@alice:192.168.1.100"


def test_the_switch_refuses_the_guide_s_layout(tmp_path: Path, sops_binary: Path, synapse_python: Path) -> None:
    """The control: the switch does look."""
    site = make_site(tmp_path, "guide", "builtin", [str(sops_binary.parent)])
    site.encrypted_stack()
    text = site.run("decrypt", "apps/matrix/synapse.yaml").stdout
    config = tmp_path / "homeserver.yaml"
    pod = pod_of(documents([text, site.run("decrypt", "apps/matrix/postgres.yaml").stdout]), "synapse", "synapse")
    config.write_bytes(pod.files["/conf/homeserver.yaml"][0])
    command = [str(synapse_python), "-m", "synapse.app.homeserver", "-c", str(config), SWITCH]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "macaroon_secret_key" in done.stderr + done.stdout or "secret" in done.stderr + done.stdout


def _make_signing_key(python: Path, config: Path) -> None:
    command = [str(python), "-m", "synapse.app.homeserver", "-c", str(config), SWITCH, "--generate-keys"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _register(python: Path, config: Path, address: str) -> str:
    """The guide's way to the first user, as it is run in the pod."""
    program = python.parent / "register_new_matrix_user"
    command = [str(program), "--user", "alice", "--password", "her password", "--admin", "-c", str(config), address]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout
