"""``up`` without a cluster: the repository's part, in one transaction, and what remains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.running import ADDRESS
from tests.cli.test_terminal import at_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Cli

ANSWERS = ("--server-name", "our.net", "--node-ip", ADDRESS, "--yes")


def test_the_repository_s_part(guide: Cli) -> None:
    done = guide("up", *ANSWERS, KUBECONFIG="")
    assert "What remains, with a cluster:" in done.out
    assert guide("verify", "--json").json["ok"]
    assert "sealed layout" in guide().out
    rows = guide("show", "--json").json["secrets"]
    assert all(row["set"] and len(row["places"]) == 1 and row["places"][0]["encrypted"] for row in rows)
    assert b"enable_registration: false" in guide.read("apps/matrix/synapse.yaml")
    assert b"provider: sops" in guide.read("clusters/home/apps.yaml")
    before = guide.tree()
    again = guide("up", "--offline", "--yes", "--json").json
    assert [step["step"] for step in again["steps"] if step["changed"]] == []
    assert guide.tree() == before


def test_what_may_be_left_as_it_is(guide: Cli) -> None:
    guide("up", *ANSWERS, "--offline", "--keep-registration-open", "--no-seal")
    assert "guide layout" in guide().out
    text = guide("decrypt", "apps/matrix/synapse.yaml").out
    assert "enable_registration: true" in text


def test_a_dry_run_shows_everything_and_changes_nothing(guide: Cli) -> None:
    before = guide.tree()
    done = guide("up", *ANSWERS, "--offline", "--dry-run")
    assert "nothing is" in done.out
    assert "POSTGRES_PASSWORD" in done.out
    assert "spec › decryption" in done.out
    assert guide.tree() == before


def test_questions(guide: Cli) -> None:
    code, screen = at_terminal(guide, "up", "--offline", typed=f"{ADDRESS}\nour.net\ny\n")
    assert code == 0, screen
    assert "The node's address" in screen
    assert f"Server name [{ADDRESS}]" in screen
    assert b'server_name: "our.net"' in guide.read("apps/matrix/synapse.yaml")
    code, screen = at_terminal(guide, "up", "--offline", typed="n\n")
    assert code == 3
    assert "Server name" not in screen


def test_without_a_terminal_the_answers_are_options(guide: Cli) -> None:
    before = guide.tree()
    assert "--node-ip" in guide("up", "--offline", "--yes", code=2).err
    assert "--server-name" in guide("up", "--offline", "--node-ip", ADDRESS, "--yes", code=2).err
    assert "--yes" in guide("up", "--offline", *ANSWERS[:4], code=2).err
    guide("up", "--offline", "--server-name", "a b", *ANSWERS[2:], code=2)
    assert guide.tree() == before


def test_files_that_are_encrypted_already(encrypted: Cli) -> None:
    """By hand up to here, in the guide's layout: it goes on from there."""
    encrypted("up", "--offline", "--yes")
    assert "sealed layout" in encrypted().out
    assert encrypted("verify", "--json").json["ok"]
    before = encrypted.tree()
    encrypted("up", "--offline", "--yes")
    assert encrypted.tree() == before


def test_manifests_that_were_pushed_are_sealed_in_a_second_run(guide: Cli, tmp_path: Path) -> None:
    """Flux may have applied them: what it takes only in two pushes is said to take two."""
    guide.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    guide.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    guide.git("push", "--quiet", "--set-upstream", "origin", "HEAD")
    planned = guide("up", *ANSWERS, "--offline", "--dry-run")
    assert "ready for the sealed layout, which takes a second push" in planned.out
    lines = [line.split(None, 1)[1] for line in planned.out.splitlines()]
    assert len(lines) == len(set(lines)), "each change once"
    done = guide("up", *ANSWERS, "--offline")
    assert "the secrets sealed, in a push after that" in done.out
    assert done.out.count("RollingUpdate with maxSurge 0 and maxUnavailable 1") == 2
    assert "guide layout" in guide().out
    assert guide("verify", "--json").json["ok"]
    before = guide.tree()
    assert "the secrets sealed, in a push after that" in guide("up", "--offline", "--yes").out
    assert guide.tree() == before

    guide.commit_all()
    guide.git("push", "--quiet")
    again = guide("up", "--offline", "--yes")
    assert "sealed layout, encrypted" in again.out
    assert "before that push: what was pushed last applied by Flux" in again.out
    assert "in a push after that" not in again.out
    assert "sealed layout" in guide().out
