"""--commit and --push, with a real Git repository and a real remote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import ADDRESS, Cli

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURE = ["configure", "--server-name", ADDRESS, "--node-ip", ADDRESS]


@pytest.fixture
def remote(guide: Cli, tmp_path: Path) -> Cli:
    """The guide's repository with an upstream."""
    guide.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    guide.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    guide.git("push", "--quiet", "--set-upstream", "origin", "main")
    return guide


def committed(cli: Cli) -> set[str]:
    return set(cli.git("show", "--name-only", "--format=").split())


def test_a_commit_takes_its_own_files_only(guide: Cli) -> None:
    (guide.repository / "notes.txt").write_text("mine\n")
    guide.git("add", "notes.txt")
    done = guide(*CONFIGURE, "--commit", "--json").json
    assert committed(guide) == {"apps/matrix/element.yaml", "apps/matrix/synapse.yaml"}
    assert guide.git("diff", "--cached", "--name-only").split() == ["notes.txt"]
    assert done["commit"] == guide.git("rev-parse", "HEAD").strip()
    assert "nothing to commit" in guide(*CONFIGURE, "--commit").out


def test_what_an_earlier_run_left_is_committed_too(guide: Cli) -> None:
    guide(*CONFIGURE)
    guide(*CONFIGURE, "--commit")
    assert committed(guide) == {"apps/matrix/element.yaml", "apps/matrix/synapse.yaml"}


def test_plain_text_is_not_committed_unless_allowed(guide: Cli) -> None:
    before = guide.tree()
    done = guide("generate", "--commit", code=3)
    assert "plain text" in done.err
    assert "--allow-plaintext" in done.err
    assert guide.tree() == before
    guide("generate", "--commit", "--allow-plaintext")
    assert committed(guide) == {"apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml"}


def test_a_dry_run_commits_nothing(guide: Cli) -> None:
    head = guide.git("rev-parse", "HEAD")
    assert "would be committed as: " in guide(*CONFIGURE, "--commit", "--dry-run").out
    assert guide.git("rev-parse", "HEAD") == head
    assert not guide.git("status", "--porcelain")


def test_a_hook_that_refuses_is_an_outside_failure_that_says_what_is_changed(guide: Cli) -> None:
    hook = guide.repository / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    done = guide(*CONFIGURE, "--commit", "--json", code=4).json
    assert "not today" in done["error"]["cause"]
    assert done["changes"]


def test_a_push_goes_to_the_upstream(remote: Cli) -> None:
    done = remote(*CONFIGURE, "--push")
    assert "pushed to origin, main" in done.out
    assert remote.git("rev-parse", "HEAD") == remote.git("rev-parse", "origin/main")


def test_without_an_upstream_nothing_is_written(guide: Cli) -> None:
    before = guide.tree()
    assert "nowhere to push" in guide(*CONFIGURE, "--push", code=3).err
    assert guide.tree() == before


def test_ciphertext_is_not_pushed_before_the_owner_can_decrypt(remote: Cli) -> None:
    remote("keys", "generate")
    remote.configure()
    remote("generate")
    before = remote.tree()
    done = remote("encrypt", "--push", code=3)
    assert "before Flux can decrypt" in done.err
    assert "clusters/home/apps.yaml" in done.err
    assert remote.tree() == before
    owner = remote.repository / "clusters" / "home" / "apps.yaml"
    owner.write_text(owner.read_text() + "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n")
    assert "before Flux can decrypt" in remote("encrypt", "--push", code=3).err
    remote.git("commit", "--quiet", "--message", "decryption", "clusters")
    remote.git("push", "--quiet")
    remote("encrypt", "--push")
    assert ".sops.yaml" in committed(remote)
    assert remote.git("rev-parse", "HEAD") == remote.git("rev-parse", "origin/main")


def test_assume_decryption_lets_it_through(remote: Cli) -> None:
    remote("keys", "generate")
    remote.configure()
    remote("generate")
    remote("encrypt", "--push", "--assume-decryption")
