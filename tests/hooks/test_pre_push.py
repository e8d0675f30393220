"""What is pushed is looked at, every commit of it: a hook can be passed over, a commit can be made elsewhere."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import POSTGRES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hooks.hooked import Hooked

ELEMENT = "apps/matrix/element.yaml"


@pytest.fixture
def pushing(hooked: Hooked, tmp_path: Path) -> Hooked:
    """A repository with a remote that has all of it."""
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote.git"], check=True)
    hooked.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    hooked.git("push", "--quiet", "--set-upstream", "origin", "main")
    return hooked


def refused(pushing: Hooked, *words: str, said: str) -> str:
    before = pushing.git("ls-remote", "origin")
    done = pushing.try_git("push", *words)
    shown = done.stdout + done.stderr
    assert done.returncode != 0, shown
    assert said in shown
    pushing.assert_silent(shown)
    assert pushing.git("ls-remote", "origin") == before
    return shown


def unseen(pushing: Hooked, file: str, text: str | bytes) -> None:
    """Commit without the hook."""
    pushing.stage(file, text)
    pushing.taken("--no-verify")


def test_clean_commits_are_pushed(pushing: Hooked) -> None:
    unseen(pushing, "README.md", "# a cluster\n")
    done = pushing.try_git("push")
    assert done.returncode == 0
    assert "matrix-secrets" not in done.stdout + done.stderr
    assert pushing.try_git("push").returncode == 0


def test_a_value_in_the_last_commit(pushing: Hooked) -> None:
    unseen(pushing, "notes.md", f"{pushing.value()}\n")
    refused(pushing, said="notes.md, line 1: the value of POSTGRES_PASSWORD stands here")


def test_a_value_that_a_later_commit_took_out_again(pushing: Hooked) -> None:
    unseen(pushing, "notes.md", f"{pushing.value()}\n")
    unseen(pushing, "notes.md", "clean\n")
    shown = refused(pushing, said="the value of POSTGRES_PASSWORD stands here since")
    assert "git rebase --interactive" in shown
    pushing.git("reset", "--quiet", "--soft", "origin/main")  # the two become one
    pushing.taken()
    assert pushing.try_git("push").returncode == 0


def test_the_plain_stack_in_a_commit_between(pushing: Hooked) -> None:
    encrypted = (pushing.repository / POSTGRES).read_bytes()
    unseen(pushing, POSTGRES, pushing("decrypt", POSTGRES).out)
    unseen(pushing, POSTGRES, encrypted)
    refused(pushing, said="POSTGRES_PASSWORD stands here")


def test_a_private_key_in_a_commit_between(pushing: Hooked) -> None:
    unseen(pushing, "age.txt", f"{pushing.bob.secret}\n")
    pushing.git("rm", "--quiet", "age.txt")
    pushing.taken("--no-verify")
    refused(pushing, said="the private key of")


def test_a_value_in_a_message(pushing: Hooked) -> None:
    pushing.git("commit", "--quiet", "--allow-empty", "--message", f"now {pushing.value()}", "--no-verify")
    refused(pushing, said="in the message of")


def test_another_branch_a_tag_and_a_new_remote(pushing: Hooked, tmp_path: Path) -> None:
    pushing.git("switch", "--quiet", "--create", "topic")
    unseen(pushing, "notes.md", f"{pushing.value()}\n")
    refused(pushing, "origin", "topic", said="notes.md")
    pushing.git("tag", "v1")
    refused(pushing, "origin", "v1", said="notes.md")
    refused(pushing, "--all", "origin", said="notes.md")
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "second.git"], check=True)
    pushing.git("push", "--quiet", str(tmp_path / "second.git"), "main")
    done = pushing.try_git("push", str(tmp_path / "second.git"), "topic")
    assert done.returncode != 0


def test_a_deletion_is_nothing_to_look_at(pushing: Hooked) -> None:
    pushing.git("push", "--quiet", "origin", "main:other")
    assert pushing.try_git("push", "origin", "--delete", "other").returncode == 0


def test_placeholders_on_the_way_to_the_main_branch(pushing: Hooked) -> None:
    text = (pushing.repository / ELEMENT).read_text()
    unseen(pushing, ELEMENT, text.replace("192.168.1.100", "matrix.example.com"))
    refused(pushing, said="matrix.example.com")
    assert pushing.try_git("push", "origin", "main:topic").returncode == 0


def test_a_broken_mac(pushing: Hooked) -> None:
    text = (pushing.repository / POSTGRES).read_text()
    swapped = text.replace("SYNAPSE_FORM_SECRET:", "SYNAPSE_MACAROON_SECRET_KEY:", 1)
    assert swapped != text
    unseen(pushing, POSTGRES, swapped)
    refused(pushing, said="does not decrypt")


def test_without_an_identity(pushing: Hooked) -> None:
    nobody = {"HOME": str(pushing.people / "nobody"), "XDG_CONFIG_HOME": str(pushing.people / "nobody")}
    unseen(pushing, "README.md", "# a cluster\n")
    done = pushing.try_git("push", env=nobody)
    assert done.returncode == 0
    assert done.stderr.count("no identity here opens") == 1


def test_what_was_accepted_is_pushed(pushing: Hooked) -> None:
    unseen(pushing, "notes.md", f"{pushing.value()}\n")
    unseen(pushing, "notes.md", "clean\n")
    pushing("audit", "--accept")
    pushing.git("add", ".matrix-secrets-audit.json")
    pushing.taken()
    assert pushing.try_git("push").returncode == 0
