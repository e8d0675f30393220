from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.running import Cli
from tests.keys.team import BOTH, Team


def test_who_reads_what(team: Team) -> None:
    team.add_bob()
    team("keys", "add", "k3s cluster", age_of(team, "cluster"))
    done = team("keys", "list", "--json").json
    me, bob, cluster = done["recipients"]
    assert me["yours"]
    assert not bob["yours"]
    assert [row["cluster"] for row in (me, bob, cluster)] == [False, False, True]
    assert bob["name"] == "bob"
    assert bob["files"] == list(BOTH)
    assert bob["rules"] == [1]
    text = team("keys", "list").out
    assert "yours, from" in text
    assert "the cluster's" in text
    assert "reads all 2 files" in text
    assert team.bob.recipient not in text
    assert team.bob.recipient in team("keys", "list", "--verbose").out


def age_of(team: Team, name: str) -> str:
    file = team.people / f"{name}.key"
    return team("keys", "generate", "--out", str(file)).out.strip()


def test_it_needs_no_identity(team: Team) -> None:
    usual = Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"
    usual.unlink()
    [me] = team("keys", "list", "--json").json["recipients"]
    assert not me["yours"]
    assert me["files"] == list(BOTH)


def test_names_of_anchors(team: Team) -> None:
    rules = team.read(".sops.yaml").decode()
    name = team("keys", "list", "--json").json["recipients"][0]["name"]
    rules = rules.replace(f"{team.me.recipient}  # {name}", "*alice")
    (team.repository / ".sops.yaml").write_text(f"keys:\n  - &alice {team.me.recipient}\n{rules}")
    assert [row["name"] for row in team("keys", "list", "--json").json["recipients"]] == ["alice"]
    team("keys", "add", "Bob B.", team.bob.recipient)
    text = team.read(".sops.yaml").decode()
    assert f"keys:\n  - &alice {team.me.recipient}\n  - &Bob-B {team.bob.recipient}  # Bob B.\n" in text
    assert "      - *Bob-B\n" in text
    team("keys", "remove", "bob b")
    assert "Bob" not in team.read(".sops.yaml").decode()


def test_somebody_in_no_rule_is_seen(team: Team) -> None:
    team.add_bob()
    team.git("checkout", "--", ".sops.yaml")
    [_, bob] = team("keys", "list", "--json").json["recipients"]
    assert bob["surplus"] == list(BOTH)
    assert "in no rule" in team("keys", "list").out


@pytest.mark.parametrize("rules", [None, "creation_rules: []\n"])
def test_nothing_encrypted(tmp_path: Path, rules: str | None) -> None:
    cli = Cli(tmp_path)
    cli.git("init", "--quiet")
    if rules is not None:
        (tmp_path / ".sops.yaml").write_text(rules)
    assert "Nothing is encrypted" in cli("keys", "list").out
