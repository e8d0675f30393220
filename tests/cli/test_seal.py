"""``seal`` in a real Git repository with a remote: what was pushed counts as deployed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Cli

DECRYPTION = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
STEP = "maxSurge: 0"


@pytest.fixture
def deployed(encrypted: Cli, tmp_path: Path) -> Cli:
    """The encrypted repository, pushed, with an owner that decrypts."""
    owner = encrypted.repository / "clusters/home/apps.yaml"
    owner.write_text(owner.read_text() + DECRYPTION)
    encrypted.commit_all()
    encrypted.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    encrypted.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    encrypted.git("push", "--quiet", "--set-upstream", "origin", "main")
    return encrypted


def synapse(cli: Cli) -> str:
    return cli.read("apps/matrix/synapse.yaml").decode()


def test_without_a_remote_it_is_one_step(encrypted: Cli) -> None:
    done = encrypted("seal")
    assert "step 1" not in done.out
    assert "type: Recreate" in synapse(encrypted)
    assert "sealed layout" in encrypted().out
    assert "in one place already" in encrypted("seal").out


def test_two_pushes(deployed: Cli) -> None:
    done = deployed("seal", "--push")
    assert "step 1 of 2" in done.out
    assert STEP in synapse(deployed)
    assert "PGPASSWORD" not in synapse(deployed)
    assert deployed.git("show", "--name-only", "--format=").split() == [
        "apps/matrix/postgres.yaml",
        "apps/matrix/synapse.yaml",
    ]
    done = deployed("seal", "--push")
    assert "step 2 of 2" in done.out
    assert STEP not in synapse(deployed)
    assert "type: Recreate" in synapse(deployed)
    assert "PGPASSWORD" in synapse(deployed)
    assert deployed("verify", "--json").json["ok"]
    tree = deployed.tree()
    assert "in one place already" in deployed("seal", "--push").out
    assert deployed.tree() == tree


def test_a_commit_that_was_not_pushed_is_not_deployed_yet(deployed: Cli) -> None:
    deployed("seal", "--commit")
    tree = deployed.tree()
    assert "step 1 of 2" in deployed("seal", "--commit").out
    assert deployed.tree() == tree
    deployed.git("push", "--quiet")
    assert "step 2 of 2" in deployed("seal").out


def test_the_user_knows_better(deployed: Cli) -> None:
    assert "step" not in deployed("seal", "--fresh", "--dry-run").out
    deployed("seal", "--fresh")
    assert "type: Recreate" in synapse(deployed)


def test_deployed_by_hand_without_a_remote(encrypted: Cli) -> None:
    assert "step 1 of 2" in encrypted("seal", "--deployed", "--commit").out
    assert "step 2 of 2" in encrypted("seal", "--deployed").out


def test_a_dry_run_and_json(encrypted: Cli) -> None:
    tree = encrypted.tree()
    done = encrypted("seal", "--dry-run", "--json").json
    assert done["dry_run"]
    assert {change["action"] for change in done["changes"]} == {
        "strategy",
        "sealed",
        "removed",
        "volume",
        "environment",
    }
    assert encrypted.tree() == tree


def test_refusals(encrypted: Cli) -> None:
    assert "no version of Synapse" in encrypted("seal", "--synapse-version", "newest", code=2).err
    path = encrypted.repository / "apps/matrix/synapse.yaml"
    path.write_text(synapse(encrypted).replace("synapse:v1.163.2", "synapse:latest"))
    tree = encrypted.tree()
    assert "--synapse-version" in encrypted("seal", code=3).err
    assert encrypted.tree() == tree
    encrypted("seal", "--synapse-version", "1.163.2")


def test_stacks_side_by_side(encrypted: Cli) -> None:
    encrypted.git("mv", "apps/matrix", "apps/one")
    shutil.copytree(encrypted.repository / "apps/one", encrypted.repository / "apps/two")
    encrypted("seal", "--all-stacks")
    assert "in one place already" in encrypted("seal", "--all-stacks").out
    assert encrypted.read("apps/two/element.yaml") == encrypted.read("apps/one/element.yaml")
