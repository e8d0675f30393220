"""``turn enable`` in each layout: declared, generated, mounted, and the second run changes nothing."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Cli

COTURN = "infrastructure/coturn/coturn.yaml"


@pytest.mark.parametrize("layout", ["plain", "encrypted", "sealed"])
def test_in_each_layout(guide: Cli, layout: str) -> None:
    guide.configure()
    guide("generate")
    if layout != "plain":
        guide("keys", "generate")
        guide("encrypt")
    if layout == "sealed":
        guide("seal")
    guide.commit_all()
    done = guide("turn", "enable")
    assert "TURN_SHARED_SECRET" in done.out
    rows = {row["name"]: row for row in guide("show", "--json").json["secrets"]}
    assert rows["TURN_SHARED_SECRET"]["agrees"] is True
    assert len(rows["TURN_SHARED_SECRET"]["places"]) == (1 if layout == "sealed" else 2)
    found = guide("verify", "--json", code=None).json["findings"]
    errors = [each for each in found if each["severity"] == "error" and each["id"] != "plaintext-secret"]
    assert errors == []
    synapse = guide("decrypt", "apps/matrix/synapse.yaml").out if layout != "plain" else ""
    if layout == "sealed":
        assert "/secrets/turn_shared_secret" in synapse
        assert "key: TURN_SHARED_SECRET" in synapse
    before = guide.tree()
    assert "know each other already" in guide("turn", "enable").out
    assert guide.tree() == before


def test_rotating_the_secret_restarts_coturn(encrypted: Cli) -> None:
    encrypted("turn", "enable")
    before = encrypted.read(COTURN)
    encrypted("rotate", "turn_shared_secret", "--offline", "--yes")
    assert b"secret-digest" in before
    assert encrypted.read(COTURN) != before


def test_one_commit_holds_it_all(encrypted: Cli) -> None:
    commits = int(encrypted.git("rev-list", "--count", "HEAD"))
    encrypted("turn", "enable", "--commit", "--host", "turn.our.net")
    assert encrypted.git("status", "--porcelain") == ""
    assert int(encrypted.git("rev-list", "--count", "HEAD")) == commits + 1
    named = encrypted.git("show", "--name-only", "--format=").split()
    assert {".matrix-secrets.yaml", COTURN, "clusters/home/coturn.yaml", "apps/matrix/postgres.yaml"} <= set(named)
    (owner,) = yaml.safe_load_all(encrypted.read("clusters/home/coturn.yaml"))
    assert owner["spec"]["dependsOn"] == [{"name": "apps"}]
    assert owner["spec"]["path"] == "./infrastructure/coturn"


def test_plain_text_is_not_committed(guide: Cli) -> None:
    guide.configure()
    guide("generate")
    before = guide.tree()
    assert "plain text" in guide("turn", "enable", "--commit", code=3).err
    assert guide.tree() == before
    planned = guide("turn", "enable", "--dry-run")
    assert "then TURN_SHARED_SECRET would be generated" in planned.out
    assert guide.tree() == before


def test_kustomize_builds_it(encrypted: Cli, kubectl_binary: Path) -> None:
    encrypted("turn", "enable")
    where = encrypted.repository / "infrastructure/coturn"
    built = subprocess.run([str(kubectl_binary), "kustomize", str(where)], capture_output=True, text=True, check=True)
    deployment = next(each for each in yaml.safe_load_all(built.stdout) if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["command"][:2] == ["sh", "-c"]
    assert "exec turnserver" in container["command"][2]
    assert deployment["metadata"]["namespace"] == "matrix"
