"""What is staged is looked at before it is committed: every kind of leak, and nothing that is none."""

from __future__ import annotations

import base64
import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.keys.team import POSTGRES, SYNAPSE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hooks.hooked import Hooked

OTHER = "apps/other/secret.yaml"
ELEMENT = "apps/matrix/element.yaml"


def test_what_is_clean_is_committed_without_a_word_of_ours(hooked: Hooked) -> None:
    hooked.stage("README.md", "# a cluster\n")
    assert "matrix-secrets" not in hooked.taken()


def test_a_change_of_an_encrypted_value_is_committed(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "sed -i s/POSTGRES_DB:.*/POSTGRES_DB:\\ other/")
    hooked("edit", POSTGRES)
    hooked.git("add", POSTGRES)
    hooked.taken()


def test_the_whole_stack_in_plain_text(hooked: Hooked) -> None:
    for file in (POSTGRES, SYNAPSE):
        hooked.stage(file, hooked("decrypt", file).out)
    shown = hooked.refused(said="POSTGRES_PASSWORD is plain text")
    assert "was encrypted until now" in shown
    assert "macaroon_secret_key is plain text" in shown


def test_a_new_stack_in_plain_text(repository: Hooked, tmp_path: Path) -> None:
    plain = repository("decrypt", POSTGRES).out
    repository("hooks", "install")
    hooked = repository
    hooked.git("rm", "--quiet", "--cached", POSTGRES)
    hooked.git("commit", "--quiet", "--message", "gone", "--no-verify")
    del tmp_path
    hooked.stage(POSTGRES, plain)
    hooked.refused(said="POSTGRES_PASSWORD is plain text")


def test_one_value_typed_into_an_encrypted_file(hooked: Hooked) -> None:
    text = (hooked.repository / POSTGRES).read_text()
    hooked.stage(POSTGRES, text.replace("stringData:\n", "stringData:\n  BY_HAND: a-new-secret-of-mine\n", 1))
    hooked.refused(said="BY_HAND is plain text in an encrypted file")


@pytest.mark.parametrize(
    ("file", "spelled"),
    [
        ("notes.md", "the password is {value}\n"),
        ("notes.md", "the password is {value}\r\nand more\r\n"),
        (".env", "PGPASSWORD={value}\n"),
        ("apps/other/job.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n---\nkind: Job\nx: {value}\n"),
        ("apps/other/job.yaml", "# it was {value}\nkind: Job\n"),
        ("apps/other/secret.yaml", "kind: Secret\ndata:\n  x: {base64}\n"),
        ("apps/other/url.yaml", "url: postgres://synapse:{url}@db/synapse\n"),
        ("broken.yaml", "a: [{value}\n"),
        ("folder with space/ä.txt", "{value}"),
    ],
)
def test_a_managed_value_elsewhere(hooked: Hooked, file: str, spelled: str) -> None:
    value = hooked.value()
    code = base64.b64encode(f"password={value};".encode()).decode()
    hooked.stage(file, spelled.format(value=value, base64=code, url=quote(value, safe="")))
    assert file.rsplit("/", maxsplit=1)[-1] in hooked.refused(said="POSTGRES_PASSWORD stands here")


def test_a_value_in_utf_16(hooked: Hooked) -> None:
    hooked.stage("notes.txt", f"the password is {hooked.value()}\r\n".encode("utf-16"))
    hooked.refused(said="stands here, in UTF-16")


def test_a_private_key_plain_and_in_base64(hooked: Hooked) -> None:
    hooked.stage("age.txt", f"# mine\n{hooked.me.secret}\n")
    hooked.refused(said="holds a private age key")
    hooked.git("rm", "--quiet", "--cached", "age.txt")
    code = base64.b64encode(f"# created\n{hooked.bob.secret}\n".encode()).decode()
    hooked.stage("clusters/home/sops-age.yaml", f"kind: Secret\ndata:\n  age.agekey: {code}\n")
    hooked.refused(said="holds a private age key")


def test_what_is_staged_counts_and_not_the_work_tree(hooked: Hooked) -> None:
    value = hooked.value()
    hooked.stage("notes.md", f"{value}\n")
    hooked.write("notes.md", "clean by now\n")
    hooked.refused(said="notes.md")
    hooked.git("add", "notes.md")
    hooked.write("notes.md", f"{value}\n")
    hooked.taken()


def test_a_part_of_a_file_staged_by_hand(hooked: Hooked) -> None:
    lines = [f"line {number}" for number in range(30)]
    hooked.stage("notes.md", "\n".join(lines) + "\n")
    hooked.taken()
    lines[2], lines[25] = "changed", f"secret: {hooked.value()}"
    hooked.write("notes.md", "\n".join(lines) + "\n")
    first = hooked.try_git("commit", "--patch", "--message", "half", stdin="y\nn\n")
    assert first.returncode == 0, first.stdout + first.stderr
    second = hooked.try_git("commit", "--patch", "--message", "half", stdin="y\n")
    assert second.returncode != 0
    assert "POSTGRES_PASSWORD stands here" in second.stdout + second.stderr


@pytest.mark.parametrize("words", [("--all",), ("--only", "notes.md"), ("--include", "notes.md")])
def test_commits_with_an_index_of_their_own(hooked: Hooked, words: tuple[str, ...]) -> None:
    hooked.stage("notes.md", "clean\n")
    hooked.taken()
    hooked.write("notes.md", f"{hooked.value()}\n")
    hooked.refused(said="notes.md", words=words)


def test_a_value_that_stands_in_the_work_tree_only(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "sed -i s/SYNAPSE_FORM_SECRET:.*/SYNAPSE_FORM_SECRET:\\ 4711-not-committed-yet/")
    hooked("edit", POSTGRES)
    hooked.stage("notes.md", "4711-not-committed-yet\n")
    hooked.refused(said="SYNAPSE_FORM_SECRET stands here")


def test_the_value_that_this_very_commit_replaces(hooked: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    old = hooked.value("SYNAPSE_FORM_SECRET")
    monkeypatch.setenv(
        "EDITOR", "sed -i 's/^\\( *\\)\\(SYNAPSE_FORM_SECRET\\|form_secret\\):.*/\\1\\2: another-one-4711/'"
    )
    for file in (POSTGRES, SYNAPSE):
        hooked("edit", file)
        hooked.git("add", file)
    hooked.stage("notes.md", f"it was {old}\n")
    hooked.refused(said="SYNAPSE_FORM_SECRET stands here")


def test_a_tampered_ciphertext(hooked: Hooked) -> None:
    text = (hooked.repository / POSTGRES).read_text()
    hooked.stage(POSTGRES, re.sub(r"(POSTGRES_PASSWORD: .?ENC\[AES256_GCM,data:)..", r"\1AA", text))
    hooked.refused(said="does not decrypt")


def test_a_broken_mac_of_a_file_outside_of_the_stack(hooked: Hooked) -> None:
    hooked.write(OTHER, "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\nstringData:\n  A: one\n  B: two\n")
    hooked("encrypt", OTHER)
    text = (hooked.repository / OTHER).read_text()
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("  B:")]
    hooked.stage(OTHER, "".join(lines))
    hooked.git("add", ".sops.yaml")
    hooked.refused(said="MAC does not fit")


@pytest.mark.parametrize("marker", ["<<<<<<< HEAD", "=======", ">>>>>>> main"])
def test_a_merge_marker_inside_ciphertext(hooked: Hooked, marker: str) -> None:
    lines = (hooked.repository / POSTGRES).read_text().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if "POSTGRES_PASSWORD" in line)
    hooked.stage(POSTGRES, "".join([*lines[:at], f"{marker}\n", *lines[at:]]))
    hooked.refused(said="a conflict marker of a merge stands here")


def test_ciphertext_that_lost_its_block(hooked: Hooked) -> None:
    hooked.stage(OTHER, "kind: Secret\nstringData:\n  a: ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]\n")
    hooked.refused(said="nothing can open it")


def test_a_secret_that_a_rule_covers(hooked: Hooked) -> None:
    hooked.stage_rule("^apps/other/")
    hooked.stage(OTHER, "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\nstringData:\n  TOKEN: something\n")
    hooked.refused(said="TOKEN is plain text, and rule")
    hooked.stage(OTHER, "login: {name: me, token: something}\n")  # no resource of Kubernetes: the rule means all of it
    hooked.refused(said="is plain text, and rule")
    hooked.stage(OTHER, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata: {a: b}\n")
    hooked.taken()


def test_a_rule_for_everything_means_secrets_only(hooked: Hooked) -> None:
    hooked.stage_rule("\\.yaml$")
    hooked.stage("values.yaml", "replicas: 1\n")
    hooked.taken()


def test_placeholders_on_the_main_branch(hooked: Hooked) -> None:
    text = (hooked.repository / ELEMENT).read_text()
    hooked.stage(ELEMENT, text.replace("192.168.1.100", "matrix.example.com"))
    hooked.refused(said="matrix.example.com")
    hooked.git("switch", "--quiet", "--create", "topic")
    hooked.taken()


def test_a_placeholder_that_was_there_before_stops_nobody(hooked: Hooked) -> None:
    text = (hooked.repository / ELEMENT).read_text().replace("192.168.1.100", "matrix.example.com")
    hooked.stage(ELEMENT, text)
    hooked.taken("--no-verify")
    hooked.stage(ELEMENT, text + "# one more line\n")
    hooked.taken()


def test_what_stood_in_the_last_commit_stops_nobody(hooked: Hooked) -> None:
    hooked.stage("notes.md", f"{hooked.value()}\n")
    hooked.taken("--no-verify")
    hooked.stage("README.md", "# a cluster\n")
    hooked.taken()
    hooked.git("rm", "--quiet", "notes.md")
    hooked.taken()


def test_without_an_identity_what_needs_none_is_checked(hooked: Hooked) -> None:
    value = hooked.value()
    nobody = {"HOME": str(hooked.people / "nobody"), "XDG_CONFIG_HOME": str(hooked.people / "nobody")}
    hooked.stage("README.md", "# a cluster\n")
    shown = hooked.taken(env=nobody)
    assert shown.count("no identity here opens") == 1
    assert POSTGRES in shown
    hooked.stage("age.txt", f"{hooked.me.secret}\n")
    done = hooked.commit(env=nobody)
    assert done.returncode != 0
    hooked.git("rm", "--quiet", "--cached", "age.txt")
    hooked.stage("notes.md", f"{value}\n")  # nobody here knows that this is one
    hooked.taken(env=nobody)


def test_plain_text_where_it_belongs_can_be_allowed(hooked: Hooked) -> None:
    hooked.stage(POSTGRES, hooked("decrypt", POSTGRES).out)
    hooked.taken(env={"MATRIX_SECRETS_ALLOW_PLAINTEXT": "1"})
    hooked.stage("notes.md", f"{hooked.value()}\n")
    done = hooked.commit(env={"MATRIX_SECRETS_ALLOW_PLAINTEXT": "1"})
    assert done.returncode != 0


def test_a_command_of_ours_that_was_told_so_passes_our_own_hook(guide_with_hooks: Hooked) -> None:
    cli = guide_with_hooks
    done = cli("generate", "--commit", code=None)
    assert done.code == 3, done
    cli("generate", "--commit", "--allow-plaintext")
    assert cli.git("status", "--porcelain", "--untracked-files=no") == ""


def test_a_file_that_does_not_parse_hides_nothing_else(hooked: Hooked) -> None:
    text = (hooked.repository / SYNAPSE).read_text()
    hooked.stage(SYNAPSE, text.replace("kind: ConfigMap", "kind: : ConfigMap", 1))
    hooked.refused(said=f"{SYNAPSE}")
    hooked.taken("--no-verify")
    hooked.stage("notes.md", f"{hooked.value()}\n")
    hooked.refused(said="POSTGRES_PASSWORD stands here")


def test_the_first_commit_of_a_repository(hooked: Hooked, tmp_path: Path) -> None:
    value = hooked.value()
    fresh = tmp_path / "fresh"
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", hooked.repository, fresh], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--orphan", "other"], cwd=fresh, check=True)
    subprocess.run(["git", "rm", "-r", "--quiet", "--cached", "--ignore-unmatch", "."], cwd=fresh, check=True)
    hooked("hooks", "install", cwd=fresh)
    (fresh / "age.txt").write_text(f"{hooked.me.secret}\n")
    subprocess.run(["git", "add", "age.txt"], cwd=fresh, check=True)
    assert hooked.commit(cwd=fresh).returncode != 0
    (fresh / "age.txt").write_text("nothing\n")
    subprocess.run(["git", "add", "age.txt"], cwd=fresh, check=True)
    hooked.taken(cwd=fresh)
    del value
