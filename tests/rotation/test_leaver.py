"""``keys remove --rotate`` where the stack runs: off first, then the rotation in the cluster."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import generate_identity, identity_file_text, write_identity
from tests.cli.running import Cli
from tests.rotation.home import NAMES, Home
from tests.testbed.several import on_one_cluster, wait_tried

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.cluster import Cluster

POSTGRES = "apps/matrix/postgres.yaml"


def with_bob(home: Home, folder: Path) -> tuple[str, dict[str, str]]:
    """Let bob read, and let Flux apply that; his recipient, and the environment that has his identity alone."""
    identity = generate_identity()
    (folder / "bob").mkdir()
    write_identity(folder / "bob" / "keys.txt", identity_file_text(identity))
    home.cli("keys", "add", "bob", identity.recipient.key, "--push")
    home.cli("cluster", "reconcile")
    nowhere = {"HOME": str(folder / "bob"), "XDG_CONFIG_HOME": str(folder / "bob")}
    return identity.recipient.key, {**nowhere, "SOPS_AGE_KEY_FILE": str(folder / "bob" / "keys.txt")}


def test_off_and_rotated_in_one_run(home: Home, tmp_path: Path, sops_binary: Path) -> None:
    recipient, bob = with_bob(home, tmp_path)
    old, head = home.values(), home.cluster.forge.head("main")
    tree = home.cli.tree()

    # What cannot be done is refused before anything is done.
    home.sql(f"ALTER ROLE synapse PASSWORD '{'0' * 64}'")
    done = home.cli("keys", "remove", "bob", "--rotate", "--yes", code=3)
    assert "does not accept the password" in done.err
    assert (home.cluster.forge.head("main"), home.cli.tree()) == (head, tree)
    home.cli("rotate", "--heal", "--yes")
    asked = home.cli("keys", "remove", "bob", "--rotate", code=2)
    assert "Take bob off, push that, and rotate on" in asked.err
    home.cli("keys", "remove", "bob", "--rotate", "--dry-run")
    assert (home.cluster.forge.head("main"), home.cli.tree()) == (head, tree)

    done = home.cli("keys", "remove", "bob", "--rotate", "--yes", "--json")
    assert {row["name"] for row in done.json["rotated"]} == set(NAMES)
    assert {row["name"] for row in done.json["left"]} == {"MATRIX_SECRETS_DIGEST_KEY"}
    new = home.values()
    assert not set(new.values()) & set(old.values())
    assert not any(value in done.out + done.err for value in (*old.values(), *new.values()))
    home.works()
    # The removal comes first, and bob reads neither it nor what follows; main is what the clone is at.
    removal, rotation = home.cli.git("log", "--reverse", "--format=%s", f"{head}..HEAD").splitlines()
    assert removal == "feat(matrix): take the secrets from bob"
    assert "rotate" in rotation
    assert home.cluster.forge.head("main") == home.cli.git("rev-parse", "HEAD").strip()
    for commit in ("HEAD", "HEAD^"):
        text = home.cli.git("show", f"{commit}:{POSTGRES}")
        (tmp_path / "file.yaml").write_text(text)
        opened = subprocess.run(
            [sops_binary, "decrypt", str(tmp_path / "file.yaml")], env=bob, capture_output=True, check=False
        )
        assert opened.returncode != 0
    # Only the digest key is left: no database has to know it, so the files are enough.
    done = home.cli("keys", "remove", recipient, "--rotate", "--push", "--yes", "--json")
    assert [row["name"] for row in done.json["rotated"]] == ["MATRIX_SECRETS_DIGEST_KEY"]
    home.cli("cluster", "reconcile")
    assert home.values() == new
    done = home.cli("keys", "remove", recipient, "--rotate", "--json")
    assert (done.json["known"], done.json["changes"]) == ([], [])


def test_what_was_not_begun_is_named(home: Home, tmp_path: Path) -> None:
    recipient, _ = with_bob(home, tmp_path)
    old = home.values()
    # Somebody forbids the rotation branch once the removal is pushed.
    hook = home.cluster.forge.repository / "hooks" / "update"
    script = '#!/bin/sh\ngit log -1 --format=%s main | grep -q "take the secrets" || exit 0\n'
    hook.write_text(f'{script}[ "$1" != refs/heads/matrix-secrets/rotation ]\n')
    hook.chmod(0o755)
    done = home.cli("keys", "remove", "bob", "--rotate", "--yes", "--json", code=None)
    hook.unlink()
    assert done.code in (3, 4)
    assert done.json["rotated"] == []
    assert {row["name"] for row in done.json["left"]} == {*NAMES, "MATRIX_SECRETS_DIGEST_KEY"}
    names = " ".join(NAMES)
    assert done.json["next"][-1] == f"matrix-secrets rotate {names} --stack apps/matrix"
    assert home.cli("keys", "list", "--json").out.find(recipient) == -1
    assert home.values() == old
    done = home.cli("keys", "remove", recipient, "--rotate", "--yes", "--json")
    assert {row["name"] for row in done.json["rotated"]} == set(NAMES)
    home.works()


def test_stack_by_stack(cluster: Cluster, tmp_path: Path) -> None:
    repository = on_one_cluster(cluster, tmp_path / "cluster")
    wait_tried(cluster, repository.head(), "matrix", "second")
    run = Cli(repository.root)
    servers = ("--server-name", "apps/matrix=our.net", "--server-name", "apps/second=second.net")
    run("up", "--all-stacks", *servers, "--node-ip", "auto", "--reveal", "--yes")
    for stack in ("apps/matrix", "apps/second"):
        run("seal", "--stack", stack, "--push", "--yes")
        run("cluster", "reconcile", "--stack", stack)
    run("keys", "add", "bob", generate_identity().recipient.key, "--all-stacks", "--push")
    run("cluster", "reconcile", "--all-stacks")
    old = {row["value"] for row in run("show", "--all-stacks", "--reveal", "--json").json["secrets"]}
    assert len(old) == 2 * len(NAMES)
    done = run("keys", "remove", "bob", "--rotate", "--yes", "--json")
    rotated = [(row["stack"], row["name"]) for row in done.json["rotated"]]
    assert rotated == [(stack, name) for stack in ("apps/matrix", "apps/second") for name in NAMES]
    new = {row["value"] for row in run("show", "--all-stacks", "--reveal", "--json").json["secrets"]}
    assert not new & old
    for stack in ("apps/matrix", "apps/second"):
        assert run("rotate", "--heal", "--stack", stack, "--json").json["accepted"] is True
