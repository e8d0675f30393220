"""git diff shows which keys changed, and a value only to who asks for it."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

import pytest

from tests.hooks.hooked import NAMES
from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from tests.hooks.hooked import Hooked


@pytest.fixture
def changed(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """Two values and an option were changed, nothing is committed."""
    monkeypatch.setenv("EDITOR", "sed -i 's/POSTGRES_DB:.*/POSTGRES_DB: other-value/'")
    hooked("edit", POSTGRES)
    monkeypatch.setenv("EDITOR", "sed -i 's/report_stats:.*/report_stats: true/'")
    hooked("edit", SYNAPSE)
    return hooked


def lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if re.match(r"[+-](?![+-])", line)]


def test_a_diff_names_keys(changed: Hooked) -> None:
    diff = lines(changed.git("diff", POSTGRES))
    assert len(diff) == 2
    for line, sign in zip(diff, "-+", strict=True):
        assert re.fullmatch(rf"\{sign}  POSTGRES_DB: \(encrypted [0-9a-f]{{8}}, \d+ characters\)", line)


def test_a_diff_names_the_options_of_an_encrypted_configuration(changed: Hooked) -> None:
    diff = lines(changed.git("diff", SYNAPSE))
    assert [line.split(":")[0].split()[1] for line in diff if "report_stats" in line] == ["report_stats"] * 2
    assert not any("server_name" in line for line in diff)


def test_no_value_is_shown_anywhere(changed: Hooked) -> None:
    for words in (["diff"], ["log", "-p"], ["show", "HEAD"], ["diff", "HEAD~1"], ["stash", "show", "-p"]):
        if words[0] == "stash":
            changed.git("stash", "--quiet")
        shown = changed.try_git(*words)
        assert shown.returncode == 0, shown.stderr
        changed.assert_silent(shown.stdout)
        assert "other-value" not in shown.stdout


def test_a_value_on_request_which_is_said(changed: Hooked) -> None:
    done = changed.try_git("diff", POSTGRES, env={"MATRIX_SECRETS_REVEAL": "1"})
    assert lines(done.stdout) == ["-  POSTGRES_DB: synapse", "+  POSTGRES_DB: other-value"]
    assert "the values are shown" in done.stderr


def test_encrypting_anew_what_did_not_change_is_no_change(hooked: Hooked) -> None:
    hooked("keys", "add", "bob", hooked.bob.recipient)
    hooked("keys", "remove", "bob")  # a new data key: every ciphertext is another one
    assert (hooked.repository / POSTGRES).read_text() != hooked.git("show", f"HEAD:{POSTGRES}")
    assert lines(hooked.git("diff", POSTGRES)) == []


def test_who_reads_a_file_is_shown(hooked: Hooked) -> None:
    hooked("keys", "add", "bob", hooked.bob.recipient)
    diff = lines(hooked.git("diff", POSTGRES))
    assert len(diff) == 2
    assert all(line[1:].startswith("sops: (encrypted for age1") for line in diff)
    assert diff[1].count("age1") == diff[0].count("age1") + 1


def test_without_an_identity_it_shows_what_can_be_seen(changed: Hooked) -> None:
    nobody = {"HOME": str(changed.people / "nobody"), "XDG_CONFIG_HOME": str(changed.people / "nobody")}
    diff = lines(changed.try_git("diff", POSTGRES, env=nobody).stdout)
    assert [line.split(":")[0].split()[1] for line in diff] == ["POSTGRES_DB"] * 2


def test_a_file_in_the_middle_of_a_merge(hooked: Hooked) -> None:
    text = (hooked.repository / POSTGRES).read_text()
    hooked.write(POSTGRES, text.replace("stringData:\n", "<<<<<<< ours\nstringData:\n"))
    done = hooked.try_git("diff", POSTGRES)
    assert done.returncode == 0
    assert "ENC[" not in done.stdout


def test_what_is_not_encrypted_is_shown_as_it_is(repository: Hooked) -> None:
    for content in (b"a: 1\n", b"\xff\xfe no text", b"a: [\n"):
        path = repository.people / "file.yaml"
        path.write_bytes(content)
        assert repository("hooks", "textconv", str(path)).out == content.decode(errors="replace")


def test_the_marks_are_this_clones_own(changed: Hooked) -> None:
    first = changed.git("diff", POSTGRES)
    assert changed.git("diff", POSTGRES) == first
    key = changed.repository / ".git/matrix-secrets/diff-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.write_bytes(os.urandom(32))
    assert changed.git("diff", POSTGRES) != first
    assert not any(name in first for name in NAMES[1:2] if changed.value(name) in first)
