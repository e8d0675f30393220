"""Git merges, rebases and picks encrypted files through the driver."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from tests.hooks.hooked import Hooked


def change(hooked: Hooked, file: str, key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change a value by `edit`, and commit."""
    monkeypatch.setenv("EDITOR", f"sed -i 's|^\\( *{key}:\\).*|\\1 {value}|'")
    hooked("edit", file)
    hooked.git("add", "--all")
    hooked.taken()


@pytest.fixture
def parted(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """Two branches that changed neighbours in the Secret, and options of the one encrypted homeserver.yaml."""
    hooked.git("switch", "--quiet", "--create", "topic")
    change(hooked, POSTGRES, "POSTGRES_DB", "theirs", monkeypatch)
    change(hooked, SYNAPSE, "report_stats", "true", monkeypatch)
    text = (hooked.repository / POSTGRES).read_text().replace("image: postgres:15", "image: postgres:16")
    hooked.stage(POSTGRES, text)
    hooked.taken()
    hooked.git("switch", "--quiet", "main")
    change(hooked, POSTGRES, "POSTGRES_USER", "ours", monkeypatch)
    change(hooked, SYNAPSE, "max_upload_size", "77M", monkeypatch)
    return hooked


def assert_merged(hooked: Hooked) -> None:
    postgres, synapse = hooked("decrypt", POSTGRES).out, hooked("decrypt", SYNAPSE).out
    for line in ("POSTGRES_DB: theirs", "POSTGRES_USER: ours", "image: postgres:16"):
        assert line in postgres
    for line in ("report_stats: true", "max_upload_size: 77M"):
        assert line in synapse
    found = hooked("verify", "--json", code=None).json["findings"]
    errors = {each["id"] for each in found if each["severity"] == "error"}
    assert errors <= {"digest-stale"}
    hooked("encrypt")
    hooked("verify")


def test_a_merge_by_value(parted: Hooked) -> None:
    before = (parted.repository / POSTGRES).read_text()
    parted.git("merge", "--quiet", "topic", "--message", "merged")
    after = (parted.repository / POSTGRES).read_text()
    password = [line for line in before.splitlines() if "POSTGRES_PASSWORD: " in line]
    assert password
    assert [line for line in after.splitlines() if "POSTGRES_PASSWORD: " in line] == password
    assert_merged(parted)


def test_a_rebase(parted: Hooked) -> None:
    parted.git("switch", "--quiet", "topic")
    parted.git("rebase", "--quiet", "main")
    assert_merged(parted)


def test_a_pick(parted: Hooked) -> None:
    for commit in parted.git("rev-list", "--reverse", "main..topic").split():
        parted.git("cherry-pick", commit)
    assert_merged(parted)


@pytest.fixture
def conflicting(parted: Hooked, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    change(parted, POSTGRES, "POSTGRES_DB", "ours-as-well", monkeypatch)
    return parted


def test_a_conflict_shows_ciphertext(conflicting: Hooked) -> None:
    done = conflicting.try_git("merge", "topic", "--message", "merged")
    assert done.returncode == 1
    assert "CONFLICT (content)" in done.stdout
    assert "changed on both sides, differently" in done.stderr
    assert "POSTGRES_DB" in done.stderr
    text = (conflicting.repository / POSTGRES).read_text()
    assert "<<<<<<< ours\n" in text
    assert ">>>>>>> theirs\n" in text
    for value in ("ours-as-well", "theirs\n", conflicting.value()):
        assert value not in text.replace(">>>>>>> theirs\n", "")
    assert "POSTGRES_USER: ENC[" in text
    conflicting.git("add", POSTGRES)
    refused = conflicting.commit()
    assert refused.returncode != 0
    assert "a conflict marker of a merge stands here" in refused.stderr


@pytest.mark.parametrize(("side", "value"), [("ours", "ours-as-well"), ("theirs", "theirs")])
def test_one_side_of_a_conflict_everywhere(conflicting: Hooked, side: str, value: str) -> None:
    conflicting.try_git("merge", "topic", "--message", "merged")
    path = conflicting.repository / POSTGRES
    taken, keep = [], True
    for line in path.read_text().splitlines(keepends=True):
        if line.startswith("<<<<<<< "):
            keep = side == "ours"
        elif line.startswith("======="):
            keep = side == "theirs"
        elif line.startswith(">>>>>>> "):
            keep = True
        elif keep:
            taken.append(line)
    conflicting.stage(POSTGRES, "".join(taken))
    conflicting.git("commit", "--quiet", "--no-edit")
    plain = conflicting("decrypt", POSTGRES).out
    assert f"POSTGRES_DB: {value}\n" in plain
    assert "POSTGRES_USER: ours\n" in plain


def test_a_mixture_of_the_sides_is_refused_by_the_hook(conflicting: Hooked) -> None:
    conflicting.try_git("merge", "topic", "--message", "merged")
    lines = (conflicting.repository / POSTGRES).read_text().splitlines(keepends=True)
    number, keep, taken = 0, True, []
    for line in lines:
        if line.startswith("<<<<<<< "):
            number, keep = number + 1, number == 0
        elif line.startswith("======="):
            keep = number > 1
        elif line.startswith(">>>>>>> "):
            keep = True
        elif keep:
            taken.append(line)
    conflicting.stage(POSTGRES, "".join(taken))
    done = conflicting.try_git("commit", "--no-edit")
    assert done.returncode != 0
    assert "MAC" in done.stderr


def test_a_conflict_in_plain_text_for_who_asks(conflicting: Hooked) -> None:
    done = conflicting.try_git("merge", "topic", env={"MATRIX_SECRETS_MERGE_PLAIN": "1"})
    assert done.returncode == 1
    text = (conflicting.repository / POSTGRES).read_text()
    assert "<<<<<<< ours\n  POSTGRES_DB: ours-as-well\n=======\n  POSTGRES_DB: theirs\n>>>>>>> theirs\n" in text
    assert "ENC[" not in text
    resolved = text.replace("<<<<<<< ours\n  POSTGRES_DB: ours-as-well\n=======\n", "").replace(">>>>>>> theirs\n", "")
    conflicting.write(POSTGRES, resolved)
    conflicting("encrypt", POSTGRES)
    conflicting.git("add", "--all")
    conflicting.git("commit", "--quiet", "--no-edit")
    assert "POSTGRES_DB: theirs" in conflicting("decrypt", POSTGRES).out


def test_without_an_identity_git_merges_the_text(parted: Hooked) -> None:
    nobody = {"HOME": str(parted.people / "nobody"), "XDG_CONFIG_HOME": str(parted.people / "nobody")}
    done = parted.try_git("merge", "topic", env=nobody)
    assert done.returncode == 1
    assert "is merged as a text, not by value" in done.stderr
    assert "<<<<<<< ours\n" in (parted.repository / POSTGRES).read_text()


def test_one_side_encrypted_what_the_other_changed(guide_with_hooks: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = guide_with_hooks
    cli("keys", "generate", code=None)
    cli.configure()
    cli("generate")
    cli("hooks", "install", "--allow-plaintext")
    cli.git("add", "--all")
    cli.taken()
    cli.git("switch", "--quiet", "--create", "topic")
    text = (cli.repository / POSTGRES).read_text()
    cli.stage(POSTGRES, text.replace("POSTGRES_DB: synapse", "POSTGRES_DB: changed"))
    cli.taken()
    cli.git("switch", "--quiet", "main")
    cli("encrypt")
    cli("hooks", "install", "--allow-plaintext")
    cli.git("add", "--all")
    cli.taken()
    del monkeypatch
    cli.git("merge", "--quiet", "topic", "--message", "merged")
    merged = (cli.repository / POSTGRES).read_text()
    assert "POSTGRES_DB: ENC[" in merged
    assert "POSTGRES_DB: changed" in cli("decrypt", POSTGRES).out


def test_what_both_sides_encrypted_by_themselves_has_the_readers_of_both(hooked: Hooked) -> None:
    hooked.git("switch", "--quiet", "--create", "topic")
    hooked.add_bob()
    hooked.git("add", "--all")
    hooked.taken()
    hooked.git("switch", "--quiet", "main")
    text = (hooked.repository / POSTGRES).read_text().replace("image: postgres:15", "image: postgres:16")
    hooked.stage(POSTGRES, text)
    hooked.taken()
    hooked.git("merge", "--quiet", "topic", "--message", "merged")
    done = hooked("decrypt", POSTGRES, **hooked.as_bob())
    assert "image: postgres:16" in done.out


def test_json(parted: Hooked) -> None:
    names = []
    for name, revision in (("base", "main~2"), ("ours", "main"), ("theirs", "topic")):
        path = parted.people / name
        path.write_text(parted.git("show", f"{revision}:{POSTGRES}"))
        names.append(str(path))
    done = parted("hooks", "merge", *names, "7", POSTGRES, "--json")
    assert json.loads(done.out)["conflicts"] == []
    assert "ENC[" in (parted.people / "ours").read_text()
