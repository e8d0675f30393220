"""What no file of the work tree may hold: leaked values, private keys, lost ciphertext, conflict markers."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.checks.spellings import needles
from tests.unit.checks.tree import POSTGRES, SYNAPSE, VALUES

if TYPE_CHECKING:
    from tests.unit.checks.tree import Tree

PASSWORD = VALUES["POSTGRES_PASSWORD"]
CIPHERTEXT = "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]"
KEY = "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" + "QPZRY9X8GF2TVDW0S3JN54KHCE"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("infrastructure/backup.yaml", f"env: [{{name: URL, value: 'postgres://synapse:{PASSWORD}@db/synapse'}}]\n"),
        ("apps/matrix/job.yaml", f"apiVersion: v1\nkind: Job\nmetadata: {{name: j}}\nspec: {{pass: {PASSWORD}}}\n"),
        ("notes.md", f"the password is {PASSWORD}\n"),
        (".env", f"PGPASSWORD={PASSWORD}\n"),
        ("secret.yaml", f"data:\n  x: {base64.b64encode(PASSWORD.encode()).decode()}\n"),
        ("secret.yaml", f"data:\n  x: {base64.b64encode(b'p=' + PASSWORD.encode() + b';').decode()}\n"),
        ("crlf.yaml", f"a: 1\r\nb: {PASSWORD}\r\n"),
        ("broken.yaml", f"a: [{PASSWORD}\n"),
        ("latin.txt", f"é {PASSWORD}\n"),
    ],
)
def test_a_value_elsewhere(tree: Tree, file: str, text: str) -> None:
    (tree.root / file).parent.mkdir(parents=True, exist_ok=True)
    (tree.root / file).write_bytes(text.encode("latin-1"))
    found = tree.one("secret-leaked")
    assert found.place.file == file
    assert found.place.line == text.count("\n")
    assert "POSTGRES_PASSWORD" in found.message


def test_base64_over_several_lines(tree: Tree) -> None:
    code = base64.b64encode(b"password: " + PASSWORD.encode() + b"\n").decode()
    lines = "\n".join(f"    {code[at : at + 20]}" for at in range(0, len(code), 20))
    tree.write("wrapped.yaml", f"data:\n  config: |\n{lines}\n")
    found = tree.one("secret-leaked")
    assert found.place.file == "wrapped.yaml"
    assert "base64" in found.message


def test_an_old_value_in_a_comment_of_the_stack(tree: Tree) -> None:
    tree.edit(POSTGRES, "# All four secrets", f"# was {PASSWORD}\n# All four secrets")
    found = tree.one("secret-leaked")
    assert (found.place.file, found.place.line) == (POSTGRES, 10)
    assert "comment" in found.message


def test_a_value_at_home_is_not_leaked(tree: Tree) -> None:
    tree.edit(SYNAPSE, "    report_stats: false\n", f"    report_stats: false\n    # {PASSWORD}\n")
    assert not tree.found("secret-leaked")  # plaintext-secret tells of the whole of homeserver.yaml


def test_a_value_in_the_environment_of_a_deployment(tree: Tree) -> None:
    variable = f"            - {{name: DATABASE_URL, value: 'postgresql://synapse:{PASSWORD}@localhost/synapse'}}\n"
    tree.edit(POSTGRES, "          env:\n", f"          env:\n{variable}")
    found = tree.one("secret-leaked")
    assert found.place.document == "Deployment/matrix-postgres"
    assert found.place.path[-2:] == ("0", "value")


def test_short_values_do_not_match_everything(tree: Tree) -> None:
    for file in (POSTGRES, SYNAPSE):
        tree.edit(file, PASSWORD, "synapse")
    assert not tree.found("secret-leaked")


def test_what_git_ignores_may_hold_what_it_likes(tree: Tree) -> None:
    (tree.root / ".git").rmdir()
    subprocess.run(["git", "init", "--quiet", tree.root], check=True)
    tree.write("age.key", f"# created\n{KEY}\n")
    tree.write("local/.env", f"PGPASSWORD={PASSWORD}\n")
    tree.append(".gitignore", "local/\n")
    assert not tree.found("private-key-in-tree")
    assert not tree.found("secret-leaked")
    subprocess.run(["git", "-C", tree.root, "add", "--force", "age.key"], check=True)
    found = tree.one("private-key-in-tree")
    assert (found.place.file, found.place.line) == ("age.key", 2)
    assert "keys.txt" in found.fix


def test_a_private_key_is_not_quoted(tree: Tree) -> None:
    tree.write("keys/mine.txt", f"# public key: age1\n{KEY}\n")
    found = tree.one("private-key-in-tree")
    assert KEY[:30] not in repr(found)
    tree.write("keys/mine.txt", "The file holds a line that starts with AGE-SECRET-KEY-1...\n")
    assert not tree.found("private-key-in-tree")


def test_ciphertext_without_a_block(tree: Tree) -> None:
    tree.write("infrastructure/lost.yaml", f"kind: Secret\nstringData:\n  a: {CIPHERTEXT}\n")
    found = tree.one("ciphertext-without-sops")
    assert (found.place.file, found.place.line) == ("infrastructure/lost.yaml", 3)
    tree.edit(POSTGRES, PASSWORD, CIPHERTEXT)
    assert {finding.place.file for finding in tree.found("ciphertext-without-sops")} == {
        POSTGRES,
        "infrastructure/lost.yaml",
    }
    assert not tree.found("secret-unreadable")


def test_conflict_markers(tree: Tree) -> None:
    tree.write("apps/other/values.yaml", "a:\n<<<<<<< HEAD\n  b: 1\n=======\n  b: 2\n>>>>>>> main\n")
    found = tree.one("merge-conflict")
    assert (found.place.file, found.place.line) == ("apps/other/values.yaml", 2)


values = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=8, max_size=80)


@given(values, st.binary(max_size=7), st.binary(max_size=7))
def test_every_encoding_is_recognised(value: str, before: bytes, after: bytes) -> None:
    texts = {needle.text for needle in needles("NAME", value)}
    raw = value.encode()
    for code in (
        before + raw + after,
        base64.b64encode(before + raw + after),
        base64.urlsafe_b64encode(before + raw + after),
        quote(value, safe="").encode(),
        json.dumps(value).encode(),
    ):
        assert any(text in code for text in texts)


@given(values)
def test_needles_show_nothing(value: str) -> None:
    assert value not in repr([needle for needle in needles("NAME", value) if value not in "NAME"]) or value in "Needle"


def test_what_a_killed_run_staged(tree: Tree) -> None:
    tree.write("apps/matrix/.postgres.yaml.matrix-secrets-0a1b2c3d.tmp", "half")
    found = tree.one("staged-leftover")
    assert found.place.file == "apps/matrix/.postgres.yaml.matrix-secrets-0a1b2c3d.tmp"
    assert found.message.endswith("postgres.yaml")
    assert found.fix == f"rm {found.place.file}"
