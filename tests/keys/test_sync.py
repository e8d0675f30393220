from __future__ import annotations

import re
import subprocess

from tests.keys.team import BOTH, POSTGRES, SYNAPSE, Team, person


def test_a_hand_edit_is_followed_once_it_is_answered(either: Team) -> None:
    either.add_bob("--commit")
    carol = person("carol", either.people)
    either.edit(".sops.yaml", f"{either.bob.recipient}  # bob", f"{carol.recipient}  # carol")
    tree = either.tree()
    asked = either("keys", "sync", code=2)
    assert "gains carol" in asked.out
    assert "loses bob" in asked.out
    assert "--yes" in asked.err
    assert either.tree() == tree
    done = either("keys", "sync", "--yes", "--json").json
    assert {row["file"] for row in done["changes"]} == set(BOTH)
    assert {row["name"] for row in done["known"]} >= {"POSTGRES_PASSWORD"}
    assert all(row["opened"] == 0 < row["ciphertexts"] for row in done["attack"])
    assert either.opens(carol, *BOTH) == [True, True]
    assert either.opens(either.bob, *BOTH) == [False, False]
    tree = either.tree()
    assert "whom its rule lists" in either("keys", "sync").out
    assert either.tree() == tree


def test_who_only_gains_changes_no_value(team: Team) -> None:
    team.edit(".sops.yaml", "    age:\n", f"    age:\n      - {team.bob.recipient}  # bob\n")
    before = team.read(POSTGRES)
    done = team("keys", "sync", "--yes", "--commit")
    assert "Known to" not in done.out
    assert set(re.findall(rb"ENC\[AES256[^\]]*\]", before)) == set(
        re.findall(rb"ENC\[AES256[^\]]*\]", team.read(POSTGRES))
    )
    assert team.git("status", "--porcelain") == ""
    assert ".sops.yaml" in team.git("show", "--name-only", "--format=")


def test_a_dry_run_asks_nothing_and_changes_nothing(team: Team) -> None:
    team.edit(".sops.yaml", "    age:\n", f"    age:\n      - {team.bob.recipient}  # bob\n")
    tree = team.tree()
    assert "gains bob" in team("keys", "sync", "--dry-run").out
    assert team.tree() == tree


def test_verify_finds_the_drift_without_a_key(team: Team) -> None:
    team.edit(".sops.yaml", "    age:\n", f"    age:\n      - {team.bob.recipient}  # bob\n")
    nowhere = {"HOME": str(team.people / "x"), "XDG_CONFIG_HOME": str(team.people / "x")}
    found = team("verify", "--without-key", "--json", code=1, **nowhere).json["findings"]
    drift = [row for row in found if row["id"] == "recipients-drift"]
    assert {row["file"] for row in drift} == set(BOTH)
    assert {row["fix"] for row in drift} == {"matrix-secrets keys sync"}
    team("keys", "sync", "--yes")
    again = team("verify", "--without-key", "--json", code=None, **nowhere).json["findings"]
    assert not [row for row in again if row["id"] == "recipients-drift"]


def test_a_file_without_a_rule_is_named_and_left(team: Team) -> None:
    team.git("mv", SYNAPSE, "apps/matrix/server.yaml")
    tree = team.tree()
    assert "apps/matrix/server.yaml" in team("keys", "sync").out
    assert team.tree() == tree


def test_a_person_whom_the_rules_lost_in_a_merge(team: Team) -> None:
    """One branch added bob, another changed values: git merges the rules one way and a file the other."""
    team.add_bob("--commit")
    team.git("checkout", "--quiet", "HEAD~1", "--", POSTGRES)
    listed = {row["name"]: row for row in team("keys", "list", "--json").json["recipients"]}
    assert listed["bob"]["lacking"] == [POSTGRES]
    assert "keys sync" in team("keys", "list").out
    team("keys", "sync", "--yes")
    team("decrypt", POSTGRES, **team.as_bob())


def test_an_ssh_key_keeps_the_comment_that_the_rule_has(either: Team) -> None:
    key = either.people / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bob@laptop", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    either.edit(".sops.yaml", "    age:\n", f"    age:\n      - {public}\n")
    either("keys", "sync", "--yes")
    assert either("keys", "list", "--json").json["recipients"][0]["name"] == "bob@laptop"
    for file in BOTH:
        assert "already up to date" in either.sops("updatekeys", "--yes", file).stderr
    tree = either.tree()
    either("keys", "sync")
    either("keys", "add", "bob", public)
    assert either.tree() == tree
    either("keys", "remove", "bob@laptop")
    assert b"ssh-ed25519" not in either.read(POSTGRES) + either.read(".sops.yaml")
