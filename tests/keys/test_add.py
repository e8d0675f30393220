from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import BOTH, POSTGRES, SYNAPSE, Team

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CIPHERTEXT = re.compile(rb"ENC\[AES256_GCM,[^\]]*\]")


def test_the_real_sops_opens_every_file_with_the_new_identity_alone(either: Team) -> None:
    before = {file: either.read(file) for file in BOTH}
    assert either.opens(either.bob, *BOTH) == [False, False]
    either.add_bob()
    assert either.opens(either.bob, *BOTH) == [True, True]
    assert either.opens(either.me, *BOTH) == [True, True]
    for file in BOTH:
        assert CIPHERTEXT.findall(either.read(file)) == CIPHERTEXT.findall(before[file])
        assert either.sops("decrypt", file, who=either.bob).stdout == either.sops("decrypt", file).stdout
        assert "already up to date" in either.sops("updatekeys", "--yes", file).stderr
    either("verify", "--strict", code=None)
    assert "drift" not in either("verify", "--json", code=None).out


def test_the_diff_is_one_line_in_the_rules_and_a_stanza_a_document(team: Team) -> None:
    team.add_bob()
    diff = team.git("diff", "--unified=0")
    assert not [line for line in diff.splitlines() if re.match(r"-(?!--)", line)]
    assert f"+      - {team.bob.recipient}  # bob" in diff.splitlines()


def test_the_commit_names_the_person_and_the_recipient(team: Team) -> None:
    (team.repository / "other.txt").write_text("mine")
    team.git("add", "other.txt")
    team.add_bob("--commit")
    message = team.git("log", "-1", "--format=%B")
    assert "bob" in message.splitlines()[0]
    assert team.bob.recipient in message
    assert team.git("show", "--name-only", "--format=").split() == [".sops.yaml", *BOTH]
    assert team.git("status", "--porcelain").strip() == "A  other.txt"


def test_the_second_time_nothing_changes(team: Team) -> None:
    team.add_bob()
    tree = team.tree()
    again = team("keys", "add", "bob", team.bob.recipient)
    assert "already" in again.out
    assert team.tree() == tree
    other = team("keys", "add", "robert", team.bob.recipient)
    assert "under the name bob" in other.out
    assert team.tree() == tree


def test_a_dry_run_shows_it_and_changes_nothing(team: Team) -> None:
    tree = team.tree()
    done = team("keys", "add", "bob", team.bob.recipient, "--dry-run", "--json").json
    assert {change["file"] for change in done["changes"]} == {".sops.yaml", *BOTH}
    assert team.tree() == tree


BAD: dict[str, tuple[Callable[[str], str], int, str]] = {
    "a typo": (lambda key: key[:-1] + ("q" if key[-1] != "q" else "p"), 3, "checksum"),
    "cut short": (lambda key: key[:-7], 3, ""),
    "upper case in the middle": (lambda key: key[:9] + key[9:].upper(), 3, ""),
    "PGP": (lambda _: "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4", 3, "PGP fingerprint"),
    "KMS": (lambda _: "arn:aws:kms:us-east-1:656532927350:key/920aff2e", 3, "AWS KMS"),
    "an ECDSA key": (lambda _: "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI", 3, "age1"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recipient_is_told_and_nothing_changes(name: str, team: Team) -> None:
    wrong, code, why = BAD[name]
    tree = team.tree()
    done = team("keys", "add", "bob", wrong(team.bob.recipient), code=code)
    assert why in done.err
    assert team.tree() == tree


def test_a_private_key_is_refused_and_not_repeated(team: Team) -> None:
    done = team("keys", "add", "bob", team.bob.secret, code=3)
    assert "private key" in done.err
    assert team.bob.secret not in done.out + done.err


def test_name_and_recipient_the_wrong_way_round(team: Team) -> None:
    assert "name comes first" in team("keys", "add", team.bob.recipient, "bob", code=2).err


def test_one_rule_only(team: Team) -> None:
    text = (team.repository / ".sops.yaml").read_text()
    rule = f"  - path_regex: ^other/\n    age:\n      - {team.me.recipient}\n"
    (team.repository / ".sops.yaml").write_text(text.replace("creation_rules:\n", f"creation_rules:\n{rule}"))
    team("keys", "add", "bob", team.bob.recipient, "--rule", "3", code=2)
    team("keys", "add", "bob", team.bob.recipient, "--rule", "1")
    assert [row["rules"] for row in team("keys", "list", "--json").json["recipients"]] == [[1, 2], [1]]
    assert team("keys", "add", "bob", team.bob.recipient).code == 0
    assert [row["rules"] for row in team("keys", "list", "--json").json["recipients"]] == [[1, 2], [1, 2]]


def test_whoever_can_read_can_add_and_nobody_else(team: Team) -> None:
    tree = team.tree()
    alone = team("keys", "add", "bob", team.bob.recipient, code=3, **team.as_bob())
    assert "opens" in alone.err
    assert team.tree() == tree
    team.add_bob()
    carol = team.people / "carol.txt"
    team("keys", "generate", "--out", str(carol))
    recipient = carol.read_text().splitlines()[1].removeprefix("# public key: ")
    team("keys", "add", "carol", recipient, **team.as_bob())
    for file in BOTH:
        assert (
            "stringData" in team("decrypt", file, SOPS_AGE_KEY_FILE=str(carol), **no_home(team)).out or file == SYNAPSE
        )


def no_home(team: Team) -> dict[str, str]:
    home = team.people / "nobody"
    home.mkdir(exist_ok=True)
    return {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}


def test_an_ssh_key_with_its_comment(either: Team) -> None:
    key = either.people / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bob@laptop", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    either("keys", "add", "bob", public)
    env = {"SOPS_AGE_SSH_PRIVATE_KEY_FILE": str(key), **no_home(either)}
    for file in BOTH:
        either("decrypt", file, **env)
    assert either("keys", "list", "--json").json["recipients"][1]["name"] == "bob"
    either("keys", "remove", "bob")
    for file in BOTH:
        either("decrypt", file, code=3, **env)


def test_without_rules_there_is_nothing_to_add_to(team: Team) -> None:
    (team.repository / ".sops.yaml").unlink()
    assert ".sops.yaml" in team("keys", "add", "bob", team.bob.recipient, code=3).err


def test_a_tampered_file_is_still_extended_but_never_given_a_new_key(team: Team) -> None:
    """Recipients say nothing about values; a new data key would bless them."""
    text = team.read(POSTGRES)
    first = CIPHERTEXT.findall(text)[0]
    (team.repository / POSTGRES).write_bytes(text.replace(first, CIPHERTEXT.findall(text)[1], 1))
    team.add_bob()
    tree = team.tree()
    done = team("keys", "remove", "bob", code=3)
    assert POSTGRES in done.err
    assert team.tree() == tree


def test_pushed_where_the_owner_decrypts(team: Team) -> None:
    remote = team.people / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    team.git("remote", "add", "origin", str(remote))
    team.git("push", "--quiet", "--set-upstream", "origin", "main")
    team("keys", "add", "bob", team.bob.recipient, "--push", "--all-stacks")
    assert team.git("rev-parse", "origin/main") == team.git("rev-parse", "HEAD")
    team("keys", "remove", "bob", "--push")
    assert team.git("rev-parse", "origin/main") == team.git("rev-parse", "HEAD")


def test_a_post_quantum_recipient_goes_through_the_real_sops(either: Team, age_keygen_binary: Path) -> None:
    key = either.people / "pq.txt"
    subprocess.run([age_keygen_binary, "-pq", "-o", key], check=True, capture_output=True)
    recipient = subprocess.run(
        [age_keygen_binary, "-y", key], check=True, capture_output=True, text=True
    ).stdout.strip()
    builtin = os.environ["MATRIX_SECRETS_ENGINE"] == "builtin"
    done = either("keys", "add", "dora", recipient, code=3 if builtin else 0)
    if builtin:
        assert "only the sops program" in done.err
        return
    either.add_bob()
    env = {**no_home(either), "SOPS_AGE_KEY_FILE": str(key)}
    either("decrypt", POSTGRES, **env)
    either("keys", "remove", "bob")
    either("decrypt", POSTGRES, **env)
    assert either.opens(either.bob, *BOTH) == [False, False]
    either("keys", "remove", "dora")
    either("decrypt", POSTGRES, code=3, **env)
