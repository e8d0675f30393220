from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.sops.graft import grafted
from tests.keys.team import BOTH, POSTGRES, SYNAPSE, Team, person

if TYPE_CHECKING:
    from tests.cli.running import Done

MANAGED = {
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
}


def known(done: Done) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in done.json["known"]}


def test_the_real_sops_opens_none_of_them_with_the_old_block_grafted_in(either: Team) -> None:
    either.add_bob("--commit")
    old = {file: either.read(file).decode() for file in BOTH}
    plain = {file: either.sops("decrypt", file).stdout for file in BOTH}
    either("keys", "remove", "bob", "--commit")
    assert either.opens(either.bob, *BOTH) == [False, False]
    for file in BOTH:
        assert either.sops("decrypt", file).stdout == plain[file]
        attack = either.people / "attack.yaml"
        attack.write_text(grafted(old[file], either.read(file).decode(), file))
        done = either.sops("decrypt", "--ignore-mac", str(attack), who=either.bob)
        assert done.returncode != 0
        assert not done.stdout
        # The control: the same attack where only the recipients were changed, as `sops updatekeys` does.
        attack.write_text(old[file])
        assert either.sops("decrypt", "--ignore-mac", str(attack), who=either.bob).returncode == 0
    assert either.bob.recipient not in either.read(".sops.yaml").decode()
    assert not [row for row in either("verify", "--json", code=None).json["findings"] if "drift" in row["id"]]


def test_only_ciphertexts_stanzas_and_dates_change(team: Team) -> None:
    team.add_bob()
    before = {file: team("decrypt", file).out for file in BOTH}
    team("keys", "remove", "bob")
    assert {file: team("decrypt", file).out for file in BOTH} == before
    for line in team.git("diff", "--unified=0", POSTGRES).splitlines():
        if line.startswith(("+ ", "- ")) and "-----" not in line and len(line.split()) > 2:
            assert any(mark in line for mark in ("ENC[", "lastmodified", "recipient:", "enc: |")), line


def test_what_the_leaver_knows_is_listed_without_a_value(team: Team) -> None:
    team.add_bob("--commit")
    plain = team("decrypt", POSTGRES).out
    done = team("keys", "remove", "bob", "--json")
    found = known(done)
    assert found.keys() >= MANAGED
    assert found["POSTGRES_PASSWORD"]["managed"]
    places = found["POSTGRES_PASSWORD"]["places"]
    assert isinstance(places, list)
    assert {place["file"] for place in places} == set(BOTH)
    assert done.json["not_ended"]
    assert all(row["tried"] and row["opened"] == 0 < row["ciphertexts"] for row in done.json["attack"])
    for line in plain.splitlines():
        value = line.partition(": ")[2].strip("\"' ")
        if len(value) > 20 and "_" not in value:
            assert value not in done.out + done.err


def replace_form_secret(team: Team) -> None:
    team.edit_value("form_secret", "f" * 64)
    team.edit_value("SYNAPSE_FORM_SECRET", "f" * 64, POSTGRES)
    team.commit_all()


def test_old_versions_in_other_branches_count_and_replaced_values_do_not(team: Team) -> None:
    team.git("switch", "--quiet", "--create", "side")
    team.add_bob("--commit")
    team.git("switch", "--quiet", "main")
    team("keys", "add", "carol", person("carol", team.people).recipient)
    team("keys", "remove", "carol", "--commit")  # new data keys, which bob does not have
    replace_form_secret(team)
    tree = team.tree()
    # Here bob is in no rule and no file: he can only be named by his key.
    team("keys", "remove", "bob", code=2)
    done = team("keys", "remove", team.bob.recipient, "--json")
    assert team.tree() == tree
    assert known(done).keys() & MANAGED == MANAGED - {"SYNAPSE_FORM_SECRET"}
    assert known(done)["POSTGRES_PASSWORD"]["since"] == {
        "commit": team.git("rev-parse", "--short", "side").strip(),
        "date": team.git("log", "-1", "--format=%cs", "side").strip(),
    }
    assert not done.json["not_compared"]


def test_a_data_key_that_was_given_away_in_another_branch_is_replaced(either: Team) -> None:
    either.git("switch", "--quiet", "--create", "side")
    either.add_bob("--commit")
    given = {file: either.read(file).decode() for file in BOTH}
    either.git("switch", "--quiet", "main")
    replace_form_secret(either)  # under the data keys that bob has from the other branch

    def stolen(file: str) -> str:
        attack = either.people / "attack.yaml"
        attack.write_text(grafted(given[file], either.read(file).decode(), file))
        return either.sops("decrypt", "--ignore-mac", str(attack), who=either.bob).stdout

    assert all("f" * 64 in stolen(file) for file in BOTH)
    done = either("keys", "remove", either.bob.recipient, "--commit", "--json")
    assert known(done).keys() >= MANAGED
    assert {name for name, row in known(done).items() if row["by_data_key"]} >= {"SYNAPSE_FORM_SECRET"}
    assert [stolen(file) for file in BOTH] == ["", ""]
    assert either.opens(either.me, *BOTH) == [True, True]
    tree = either.tree()
    again = either("keys", "remove", either.bob.recipient, "--commit", "--json")
    assert either.tree() == tree
    assert known(again).keys() >= MANAGED  # replaced they are only by a rotation


def test_a_tag_and_a_plain_version_count(team: Team) -> None:
    team.git("switch", "--quiet", "--create", "side")
    password = team("show", "POSTGRES_PASSWORD", "--reveal", "--json").json["secrets"][0]["value"]
    (team.repository / "notes.txt").write_text(f"for the record: {base64.b64encode(password.encode()).decode()}\n")
    team.commit_all()
    team.git("tag", "v1")
    team.git("switch", "--quiet", "main")
    team.git("branch", "--quiet", "-D", "side")
    carol = person("carol", team.people)
    other = team.repository / "elsewhere.yaml"
    other.write_text("kind: Secret\nstringData: {TOKEN: abcdefgh-abcdefgh}\n")
    rules = team.read(".sops.yaml").decode()
    rule = f"  - path_regex: ^elsewhere\n    age: [{team.me.recipient}, {carol.recipient}]\n"
    (team.repository / ".sops.yaml").write_text(rules.replace("creation_rules:\n", f"creation_rules:\n{rule}"))
    team("encrypt", "elsewhere.yaml")
    found = known(team("keys", "remove", carol.recipient, "--json"))
    assert found.keys() == {"POSTGRES_PASSWORD", "TOKEN"}
    assert found["POSTGRES_PASSWORD"]["plain"] is True
    assert found["POSTGRES_PASSWORD"]["read_in"] == "notes.txt"
    assert found["POSTGRES_PASSWORD"]["since"]


def test_versions_that_we_cannot_open_are_named(team: Team) -> None:
    dave = person("dave", team.people)
    team.add_bob("--commit")
    team("keys", "remove", "bob", "--commit")
    replace_form_secret(team)
    team("keys", "add", "dave", dave.recipient, "--commit")
    # What bob read before dave came does not open for dave: nobody can say what stands in it.
    done = team("keys", "remove", team.bob.recipient, "--json", **team.alone(dave))
    assert not known(done)
    assert len(done.json["not_compared"]) == 2
    assert known(team("keys", "remove", team.bob.recipient, "--json")).keys() & MANAGED == MANAGED - {
        "SYNAPSE_FORM_SECRET"
    }


def test_the_last_reader_stays(team: Team) -> None:
    tree = team.tree()
    done = team("keys", "remove", team.me.recipient, "--yes", code=3)
    assert "nobody would be left" in done.err
    assert team.tree() == tree


def test_ones_own_key_only_when_asked(team: Team) -> None:
    team.add_bob("--commit")
    tree = team.tree()
    name = team("keys", "list", "--json").json["recipients"][0]["name"]
    asked = team("keys", "remove", name, code=2)
    assert "--yes" in asked.err
    assert team.tree() == tree
    team("keys", "remove", name, "--yes")
    assert team("decrypt", POSTGRES, code=3).code == 3
    assert team("decrypt", POSTGRES, **team.as_bob()).out


@pytest.mark.parametrize("name", ["cluster", "k3s-cluster", "Flux (home)"])
def test_the_cluster_stays_unless_forced(team: Team, name: str) -> None:
    team("keys", "add", name, team.bob.recipient)
    tree = team.tree()
    done = team("keys", "remove", name, code=3)
    assert "--force-cluster" in done.err
    assert team.tree() == tree
    team("keys", "remove", name, "--force-cluster")
    assert team.bob.recipient not in team.read(".sops.yaml").decode()


def test_an_unknown_name_is_told_with_those_that_there_are(team: Team) -> None:
    done = team("keys", "remove", "bobb", code=2)
    assert "bobb" in done.err
    team.add_bob()
    assert "bob (age1" in team("keys", "remove", "bobb", code=2).err


def test_both_devices_of_a_name(team: Team) -> None:
    other = person("other", team.people)
    team.add_bob()
    assert "another key" in team("keys", "add", "Bob", other.recipient).out
    team("keys", "remove", "bob")
    rules = team.read(".sops.yaml").decode()
    assert team.bob.recipient not in rules
    assert other.recipient not in rules


def test_files_that_no_rule_covers_are_not_forgotten(team: Team) -> None:
    team.add_bob()
    team.git("mv", POSTGRES, "apps/matrix/database.yaml")
    done = team("keys", "remove", "bob")
    assert team.bob.recipient not in team.read("apps/matrix/database.yaml").decode()
    assert "no rule covers" in done.out


def test_other_formats_are_named(team: Team) -> None:
    team.add_bob()
    (team.repository / "a.json").write_text(
        json.dumps({"sops": {"age": [{"recipient": team.bob.recipient}]}}, indent=1)
    )
    assert "a.json" in team("keys", "remove", "bob").out


def test_the_digests_stay_so_that_nothing_restarts(team: Team) -> None:
    before = [line for line in team.read(SYNAPSE).decode().splitlines() if "digest" in line]
    assert before
    team.add_bob()
    team("keys", "remove", "bob")
    assert [line for line in team.read(SYNAPSE).decode().splitlines() if "digest" in line] == before
