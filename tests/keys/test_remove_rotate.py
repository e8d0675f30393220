"""``keys remove --rotate``: the leaver opens nothing, and knows nothing that is in use."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.sops.graft import grafted
from tests.keys.team import BOTH, GUIDE, POSTGRES, SYNAPSE, Person, Team, person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Done

MANAGED = {
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
}
STAGING, TOKENS = "apps/staging/matrix.yaml", "elsewhere.yaml"
TOKEN = "somebody-elses-token-0123456789"
ROTATE = ("--rotate", "--yes", "--commit", "--json")
DECRYPTION = "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
RANDOM = re.compile(r"[A-Za-z0-9+/=-]{24,}")


def names(done: Done, key: str) -> set[str]:
    return {row["name"] for row in done.json[key]}


def value_of(team: Team, name: str) -> str:
    shown = team("show", name, "--stack", "apps/matrix", "--reveal", "--json").json["secrets"]
    return str(shown[0]["value"])


def more_files(team: Team, form_secret: str) -> None:
    """A stack that bob does not read, with a value of one that he reads, and a Secret that nobody here manages."""
    (team.repository / STAGING).parent.mkdir()
    values = {name: f"{index}{'0' * 63}" for index, name in enumerate(sorted(MANAGED))}
    lines = "".join(f'  {name}: "{value}"\n' for name, value in (values | {"SYNAPSE_FORM_SECRET": form_secret}).items())
    (team.repository / STAGING).write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: matrix-secrets\nstringData:\n{lines}"
    )
    secret = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: other\nstringData:\n  TOKEN: {TOKEN}\n"
    (team.repository / TOKENS).write_text(secret)
    team("encrypt", "--all-stacks", TOKENS, STAGING, "--age", team.me.recipient)
    share(team)


def share(team: Team, *people: Person) -> None:
    """Let these read everything, bob nothing of the second stack."""
    everybody = (team.me, *people)
    rules = {"apps/staging/": [each for each in everybody if each != team.bob], "apps/|elsewhere": everybody}
    lines = ["creation_rules:\n"]
    for pattern, readers in rules.items():
        lines.append(f"  - path_regex: ^({pattern})\n    encrypted_regex: ^(data|stringData)$\n    age:\n")
        lines += [f"      - {each.recipient}  # {each.name}\n" for each in readers]
    (team.repository / ".sops.yaml").write_text("".join(lines))
    team("keys", "sync", "--yes")
    team.commit_all()


PUBLIC = {each for path in GUIDE.rglob("*.yaml") for each in RANDOM.findall(path.read_text())}


def random_values(text: str) -> set[str]:
    """Everything in a plain text that looks drawn, also out of base64."""
    found = set(RANDOM.findall(text)) - PUBLIC
    for each in list(found):
        try:
            found.add(base64.b64decode(each, validate=True).decode("ascii"))
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def readable_in_history(team: Team, folder: Path) -> set[str]:
    """What the real sops opens for bob, of every file in every commit of every branch."""
    found: set[str] = set()
    for commit in team.git("rev-list", "--all").split():
        for file in team.git("ls-tree", "-r", "--name-only", commit).split():
            if not file.endswith(".yaml"):
                continue
            copy = folder / "old.yaml"
            copy.write_text(team.git("show", f"{commit}:{file}"))
            text = copy.read_text()
            if "sops:" not in text:
                continue
            done = team.sops("decrypt", str(copy), who=team.bob)
            if done.returncode == 0:
                found |= random_values(done.stdout)
    return found


def test_no_value_that_the_leaver_could_read_is_in_use_in_any_stack(either: Team, tmp_path: Path) -> None:
    carol = person("carol", either.people)
    old_form = value_of(either, "form_secret")
    more_files(either, old_form)
    share(either, carol, either.bob)
    everything = (*BOTH, STAGING, TOKENS)
    assert either.opens(either.bob, *everything) == [True, True, False, True]
    old = {file: either.read(file).decode() for file in everything}
    staging = random_values(either.sops("decrypt", STAGING).stdout)
    head = either.git("rev-parse", "HEAD").strip()

    done = either("keys", "remove", "bob", *ROTATE)

    # The real sops opens nothing with bob's identity, nor with the old block grafted in.
    assert either.opens(either.bob, *everything) == [False] * 4
    for file in everything:
        attack = either.people / "attack.yaml"
        attack.write_text(grafted(old[file], either.read(file).decode(), file))
        stolen = either.sops("decrypt", "--ignore-mac", str(attack), who=either.bob)
        assert stolen.returncode != 0
        assert not stolen.stdout
    # The others read all of it, and of what bob could read only somebody else's token is in use.
    assert either.opens(either.me, *everything) == [True] * 4
    assert either.opens(carol, *everything) == [True] * 4
    now = {file: random_values(either.sops("decrypt", file).stdout) for file in everything}
    known = readable_in_history(either, tmp_path)
    assert {old_form, TOKEN} <= known
    assert set.union(*now.values()) & known - random_values(TOKEN) == set()
    assert TOKEN in now[TOKENS]
    # What bob could not read stays as it was.
    assert len(staging & now[STAGING]) >= 3
    assert old_form not in now[STAGING]
    # One commit, of these files only, and said so.
    assert either.git("rev-parse", "HEAD^").strip() == head
    assert set(either.git("show", "--name-only", "--format=").split()) == {".sops.yaml", *everything}
    assert not either.git("status", "--porcelain")
    rotated = {(row["stack"], row["name"]) for row in done.json["rotated"]}
    wanted = {("apps/matrix", name) for name in (*MANAGED, "MATRIX_SECRETS_DIGEST_KEY")}
    assert rotated == {*wanted, ("apps/staging", "SYNAPSE_FORM_SECRET")}
    assert names(done, "left") == {"TOKEN"}
    assert all(row["tried"] and row["opened"] == 0 for row in done.json["attack"])
    assert not any(value in done.out + done.err for value in (*known, *set.union(*now.values())) if len(value) == 64)
    found = either("verify", "--all-stacks", "--json", code=None).json["findings"]
    assert not [row for row in found if "drift" in row["id"] or "digest" in row["id"]]

    # The second run finds nothing to do.
    tree, head = either.tree(), either.git("rev-parse", "HEAD")
    again = either("keys", "remove", either.bob.recipient, *ROTATE)
    assert (either.tree(), either.git("rev-parse", "HEAD")) == (tree, head)
    assert again.json["rotated"] == []
    assert names(again, "left") == {"TOKEN"}


def test_a_dry_run_tells_everything_and_writes_nothing(team: Team) -> None:
    more_files(team, "f" * 64)
    share(team, team.bob)
    tree, head = team.tree(), team.git("rev-parse", "HEAD")
    done = team("keys", "remove", "bob", "--rotate", "--dry-run", "--commit")
    assert (team.tree(), team.git("rev-parse", "HEAD")) == (tree, head)
    for words in (
        "ALTER ROLE",
        "would be replaced",
        "What would remain",
        "rotated",
        "replace each where it comes from",
    ):
        assert words in done.out, words
    found = team("keys", "remove", "bob", "--rotate", "--dry-run", "--json")
    assert names(found, "rotated") == {*MANAGED, "MATRIX_SECRETS_DIGEST_KEY"}
    assert names(found, "left") == {"TOKEN"}
    assert found.json["rotation"]
    assert found.json["remaining"][0]["stack"] == "apps/matrix"
    assert team.tree() == tree


def test_it_asks_once_and_no_is_no(team: Team) -> None:
    team.add_bob("--commit")
    tree = team.tree()
    done = team("keys", "remove", "bob", "--rotate", code=2)
    assert "New values for 5 secrets in the files of apps/matrix?" in done.err
    assert "what happens" in done.out
    assert team.tree() == tree
    for option in ("--offline", "--fresh"):
        assert "--rotate" in team("keys", "remove", "bob", option, code=2).err
    assert team.tree() == tree


def test_nothing_known_is_nothing_replaced(team: Team) -> None:
    tree = team.tree()
    done = team("keys", "remove", team.bob.recipient, "--rotate")  # nothing to ask
    assert "nothing to replace" in done.out
    assert team.tree() == tree


def test_who_was_taken_off_without_a_new_data_key_does_not_get_the_new_values(either: Team) -> None:
    either.add_bob("--commit")
    old = {file: either.read(file).decode() for file in BOTH}
    rules = either.read(".sops.yaml").decode()
    (either.repository / ".sops.yaml").write_text(
        "".join(line for line in rules.splitlines(keepends=True) if either.bob.recipient not in line)
    )
    for file in BOTH:
        assert either.sops("updatekeys", "--yes", file).returncode == 0
    either.edit_value("form_secret", "f" * 64)  # since then, so in no version that is encrypted for bob
    either.edit_value("SYNAPSE_FORM_SECRET", "f" * 64, POSTGRES)
    either.commit_all()
    attack = either.people / "attack.yaml"

    def stolen(file: str) -> bool:
        attack.write_text(grafted(old[file], either.read(file).decode(), file))
        return either.sops("decrypt", "--ignore-mac", str(attack), who=either.bob).returncode == 0

    assert [stolen(file) for file in BOTH] == [True, True]  # what updatekeys leaves
    done = either("keys", "remove", either.bob.recipient, *ROTATE)
    assert names(done, "rotated") >= MANAGED
    assert [stolen(file) for file in BOTH] == [False, False]
    assert value_of(either, "form_secret") != "f" * 64
    assert either.opens(either.me, *BOTH) == [True, True]


def test_values_that_were_replaced_before_are_left_alone(team: Team) -> None:
    team.add_bob("--commit")
    team("keys", "remove", "bob", "--commit")
    team("rotate", "form_secret", "--offline", "--yes", "--commit")
    form = value_of(team, "form_secret")
    done = team("keys", "remove", team.bob.recipient, *ROTATE)
    assert names(done, "rotated") & MANAGED == MANAGED - {"SYNAPSE_FORM_SECRET"}
    assert value_of(team, "form_secret") == form


def test_ones_own_key_can_go_with_its_values(either: Team) -> None:
    either.add_bob("--commit")
    name = either("keys", "list", "--json").json["recipients"][0]["name"]
    old = value_of(either, "postgres_password")
    either("keys", "remove", name, *ROTATE)
    assert either.opens(either.me, *BOTH) == [False, False]
    plain = either.sops("decrypt", POSTGRES, who=either.bob).stdout
    assert "POSTGRES_PASSWORD" in plain
    assert old not in plain


def test_a_copy_of_a_managed_value_that_is_not_managed_is_named(team: Team) -> None:
    password = value_of(team, "postgres_password")
    more_files(team, "f" * 64)
    team.edit_value("TOKEN", password, TOKENS)
    team.commit_all()
    share(team, team.bob)
    done = team("keys", "remove", "bob", *ROTATE)
    [left] = [row for row in done.json["left"] if row["name"] == "POSTGRES_PASSWORD"]
    assert [place["file"] for place in left["places"]] == [TOKENS]
    assert password in team("decrypt", TOKENS).out
    assert value_of(team, "postgres_password") != password


def test_a_secret_whose_places_disagree_stops_all_of_it(team: Team) -> None:
    team.add_bob()
    team.edit_value("SYNAPSE_FORM_SECRET", "f" * 64, POSTGRES)
    team.commit_all()
    tree = team.tree()
    done = team("keys", "remove", "bob", *ROTATE, code=3)
    assert "do not agree" in done.json["error"]["message"]
    assert team.tree() == tree
    team("keys", "remove", "bob")  # that can wait, this cannot


def test_without_it_the_commands_are_told(team: Team) -> None:
    more_files(team, value_of(team, "form_secret"))
    share(team, team.bob)
    done = team("keys", "remove", "bob", "--dry-run")
    assert "matrix-secrets rotate replaces them" in done.out
    rotations = [line for line in done.out.splitlines() if "matrix-secrets rotate " in line and "--stack" in line]
    assert len(rotations) == 2
    assert rotations[0].endswith("SYNAPSE_FORM_SECRET --stack apps/matrix")
    assert "POSTGRES_PASSWORD SYNAPSE_MACAROON_SECRET_KEY" in rotations[0]
    assert rotations[1].endswith("matrix-secrets rotate SYNAPSE_FORM_SECRET --stack apps/staging")
    assert "ALTER ROLE" not in done.out


@pytest.fixture
def deployed(team: Team, tmp_path: Path) -> Team:
    team.add_bob()
    owner = team.repository / "clusters/home/apps.yaml"
    owner.write_text(owner.read_text() + DECRYPTION)
    team.commit_all()
    team.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    team.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    team.git("push", "--quiet", "--set-upstream", "origin", "main")
    return team


def test_a_stack_that_runs_is_rotated_in_its_cluster_or_not_at_all(deployed: Team) -> None:
    tree, head = deployed.tree(), deployed.git("rev-parse", "HEAD")
    done = deployed("keys", "remove", "bob", "--rotate", "--yes", code=4)
    assert "kubeconfig" in done.err
    assert "--offline" in done.err
    assert "--offline" in deployed("keys", "remove", "bob", "--rotate", "--commit", "--yes", code=2).err
    done = deployed("keys", "remove", "bob", "--rotate", "--dry-run")
    assert "Then this would change, in the cluster and in the files of apps/matrix" in done.out
    done = deployed("keys", "remove", "bob", "--rotate", "--offline", "--push", "--yes", code=3)
    assert "is not pushed to apps/matrix, which is deployed" in done.err
    assert (deployed.tree(), deployed.git("rev-parse", "HEAD")) == (tree, head)


def test_offline_the_files_are_changed_and_what_remains_is_told(deployed: Team) -> None:
    done = deployed("keys", "remove", "bob", "--rotate", "--offline", "--yes", "--commit")
    assert deployed.git("rev-list", "--count", "origin/main..HEAD").strip() == "1"
    remains = done.out.partition("What remains, in this order:")[2]
    assert "1. ALTER ROLE in the running database" in remains
    assert "2. git push" in remains
    assert "matrix-secrets rotate --heal --stack apps/matrix" in remains


def test_what_never_ran_is_pushed_with_its_values(deployed: Team) -> None:
    deployed("keys", "remove", "bob", "--rotate", "--fresh", "--push", "--yes")
    assert deployed.git("rev-parse", "HEAD") == deployed.git("rev-parse", "origin/main")


def test_a_baseline_that_is_not_recognised_any_more_is_told(team: Team) -> None:
    team.add_bob("--commit")
    (team.repository / ".matrix-secrets-audit.json").write_text('{"schema": 1, "accepted": []}\n')
    done = team("keys", "remove", "bob", "--rotate", "--yes")
    assert ".matrix-secrets-audit.json" in done.out
    assert "digest" in team.git("diff", SYNAPSE)
