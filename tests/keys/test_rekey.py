from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.errors import BadManifestError, NoIdentityError, RefusedError, TamperedError
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import CreationRule
from matrix_secrets.sops.graft import graft, grafted
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.rekey import readers, with_new_data_key, with_recipients
from matrix_secrets.sops.stanzas import stanza_edits

if TYPE_CHECKING:
    from pathlib import Path

ME, BOB, CAROL = (generate_identity(name) for name in ("me", "bob", "carol"))
MINE = BuiltinEngine(lambda: [ME])
BOBS = BuiltinEngine(lambda: [BOB])
CAROLS = BuiltinEngine(lambda: [CAROL])
RULE = CreationRule(
    "", (ME.recipient.key, BOB.recipient.key), encrypted_regex="^(data|stringData)$", mac_only_encrypted=True
)
CIPHERTEXT = re.compile(r"ENC\[AES256_GCM,[^\]]*\]")

PLAIN = {
    "two documents with comments": (
        "# head\napiVersion: v1\nkind: Secret\n# about it\nstringData:\n  # the old one was: hunter2\n  A: alpha # x\n"
        "  B: 'be''ta'\n  c: |\n    line 1\n    line 2\n  n: 12\n"
        '  l: [one, "two", three]\n  m:\n    # in a list\n    - four\n'
        "---\nkind: ConfigMap\ndata: {}\n---\n# nothing\n"
    ),
    "CRLF and no last line end": "kind: Secret\r\nstringData:\r\n  A: alpha\r\n  B: |-\r\n    two\r\n    lines",
    "one flow mapping": '{"kind": "Secret", "stringData": {"A": "alpha", "B": "beta"}}\n',
    "byte order mark, odd indentation": "\ufeffkind: Secret\nstringData:\n     A: alpha\n     B:\n        - C: gamma\n",
}


def sealed(plain: str, rule: CreationRule = RULE) -> str:
    return MINE.encrypt(plain, file="a.yaml", rule=rule).text


@pytest.mark.parametrize("name", PLAIN)
def test_one_more_reader_changes_nothing_else(name: str) -> None:
    old = sealed(PLAIN[name])
    new = with_recipients(MINE, old, file="a.yaml", gain=[CAROL.recipient]).text
    assert CIPHERTEXT.findall(new) == CIPHERTEXT.findall(old)
    assert CAROLS.decrypt(new, file="a.yaml") == PLAIN[name]
    assert BOBS.decrypt(new, file="a.yaml") == PLAIN[name]
    back = with_recipients(MINE, new, file="a.yaml", gain=[], lose=[CAROL.recipient.key]).text
    assert back == old
    assert with_recipients(MINE, new, file="a.yaml", gain=[CAROL.recipient]).text == new


@pytest.mark.parametrize("name", PLAIN)
def test_a_new_data_key_changes_every_ciphertext_and_nothing_else(name: str) -> None:
    old = sealed(PLAIN[name])
    done = with_new_data_key(MINE, old, file="a.yaml", recipients=[ME.recipient, CAROL.recipient])
    assert MINE.decrypt(done.text, file="a.yaml") == CAROLS.decrypt(done.text, file="a.yaml") == PLAIN[name]
    with pytest.raises(NoIdentityError):
        BOBS.decrypt(done.text, file="a.yaml")
    before, after = CIPHERTEXT.findall(old), CIPHERTEXT.findall(done.text)
    assert len(before) == len(after)
    assert not set(before) & set(after)
    assert skeleton(done.text) == skeleton(old)


def skeleton(text: str) -> str:
    """The text without what a new data key changes: ciphertexts, stanzas, the date."""
    text = CIPHERTEXT.sub("ENC", text)
    text = re.sub(r'"?age"?: *\[.*?\]|age:\r?\n(?: +- enc: \|\r?\n(?: {8,}.*\r?\n)+ +recipient: .*\r?\n)+', "AGE", text)
    return re.sub(r'lastmodified"?: "[^"]*"', "DATE", text)


def test_what_was_written_by_old_versions_of_sops() -> None:
    """Recipient first, empty lists of other kinds, a deeper indentation."""
    old = sealed(PLAIN["two documents with comments"])
    stanzas = read_metadata(parse(old)).age
    block = "sops:\n    kms: []\n    pgp: []\n    age:\n" + "".join(
        f"        - recipient: {who}\n          enc: |\n"
        + "".join(f"            {line}\n" for line in enc.splitlines())
        for who, enc in stanzas
    )
    old = re.sub(r"sops:\n  age:\n(?:    .*\n)+", lambda _: block, old).replace("\n  lastm", "\n    lastm")
    old = re.sub(r"\n  (encrypted_regex|mac|mac_only_encrypted|version):", r"\n    \1:", old)
    new = with_recipients(MINE, old, file="a.yaml", gain=[CAROL.recipient]).text
    assert CAROLS.decrypt(new, file="a.yaml") == PLAIN["two documents with comments"]
    assert f"        - recipient: {CAROL.recipient.key}\n          enc: |\n            -----BEGIN AGE" in new
    assert with_recipients(MINE, new, file="a.yaml", gain=[], lose=[CAROL.recipient.key]).text == old


@pytest.mark.parametrize("empty", ["  age: []\n", ""])
def test_a_block_without_age_gets_it(empty: str) -> None:
    old = sealed("kind: Secret\nstringData:\n  A: alpha\n")
    stanzas = read_metadata(parse(old)).age
    bare = re.sub(r"  age:\n(?:    .*\n)+", empty, old)
    again = "".join(bare[: edit.start] + edit.new + bare[edit.end :] for edit in stanza_edits(parse(bare), stanzas))
    assert again == old


def test_shamir_groups_are_refused_by_name() -> None:
    old = sealed("kind: Secret\nstringData:\n  A: alpha\n")
    groups = re.sub(r"  age:\n((?:    .*\n)+)", r"  key_groups:\n    - age: []\n    - age: []\n", old)
    with pytest.raises(RefusedError, match="Shamir"):
        stanza_edits(parse(groups), ())


def test_a_tampered_file_is_not_given_a_new_key() -> None:
    old = sealed("kind: Secret\nstringData:\n  A: alpha\n  B: beta\n")
    one, other = CIPHERTEXT.findall(old)[:2]
    swapped = old.replace(one, "@@").replace(other, one).replace("@@", other)
    with pytest.raises(TamperedError):
        with_new_data_key(MINE, swapped, file="a.yaml", recipients=[ME.recipient])


def test_the_attack_works_where_only_the_recipients_change_and_fails_with_a_new_data_key() -> None:
    old = sealed(PLAIN["two documents with comments"])
    edited = MINE.update(old, PLAIN["two documents with comments"].replace("alpha", "secret2"), file="a.yaml").text
    weak = with_recipients(MINE, edited, file="a.yaml", gain=[], lose=[BOB.recipient.key]).text
    assert readers(read_metadata(parse(weak))) == {ME.recipient.key}
    # Bob kept the old file: with its block in the new one, he reads the value that was set after he left.
    assert "secret2" in BOBS.decrypt(grafted(old, weak, "a.yaml"), file="a.yaml")
    assert graft(MINE, old, weak, file="a.yaml").opened == len(CIPHERTEXT.findall(weak)) - weak.count("mac: ENC") + 1
    strong = with_new_data_key(MINE, edited, file="a.yaml", recipients=[ME.recipient]).text
    with pytest.raises(TamperedError):
        BOBS.decrypt(grafted(old, strong, "a.yaml"), file="a.yaml")
    found = graft(MINE, old, strong, file="a.yaml")
    assert found.failed
    assert found.opened == 0 < found.new == found.old


def test_blocks_that_differ_are_refused_by_name() -> None:
    old = sealed(PLAIN["two documents with comments"])
    position = old.rindex("lastmodified")
    bad = old[:position] + re.sub(r'"20\d\d', '"1999', old[position:])
    with pytest.raises(BadManifestError, match="first document"):
        with_recipients(MINE, bad, file="a.yaml", gain=[CAROL.recipient])
    with pytest.raises(BadManifestError, match="first document"):
        with_new_data_key(MINE, bad, file="a.yaml", recipients=[ME.recipient])


def test_the_attack_is_not_called_tried_where_we_have_no_old_key() -> None:
    old = sealed("kind: Secret\nstringData:\n  A: alpha\n", replace(RULE, recipients=(BOB.recipient.key,)))
    assert not graft(MINE, old, old, file="a.yaml").tried


scalars = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20)


@given(st.dictionaries(st.from_regex(r"[A-Z]{1,8}", fullmatch=True), scalars, min_size=1, max_size=6), st.booleans())
def test_any_values(values: dict[str, str], only_encrypted: bool) -> None:
    import json  # noqa: PLC0415

    lines = [f"  {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    plain = "\n".join(["kind: Secret", "stringData:", *lines, ""])
    if "ENC[" in plain or "\\u" in plain:
        return
    old = sealed(plain, replace(RULE, mac_only_encrypted=only_encrypted))
    added = with_recipients(MINE, old, file="a.yaml", gain=[CAROL.recipient]).text
    done = with_new_data_key(CAROLS, added, file="a.yaml", recipients=[CAROL.recipient, ME.recipient]).text
    assert MINE.decrypt(done, file="a.yaml") == plain
    assert graft(MINE, added, done, file="a.yaml").failed


def test_the_real_sops_agrees(sops_binary: Path, tmp_path: Path) -> None:
    """Files as `sops encrypt -i` writes them; every step is read by the real one."""
    rules = f"creation_rules:\n- encrypted_regex: ^(data|stringData)$\n  age: {ME.recipient},{BOB.recipient}\n"
    (tmp_path / ".sops.yaml").write_text(rules)
    file = tmp_path / "a.yaml"
    file.write_text(PLAIN["two documents with comments"])

    def sops(*words: str, identity: str = ME.secret.reveal()) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SOPS_AGE_KEY": identity}
        return subprocess.run([sops_binary, *words], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert sops("encrypt", "-i", "a.yaml").returncode == 0
    plain = sops("decrypt", "a.yaml").stdout
    old = file.read_text()
    added = with_recipients(MINE, old, file="a.yaml", gain=[CAROL.recipient]).text
    file.write_text(added)
    assert sops("decrypt", "a.yaml", identity=CAROL.secret.reveal()).stdout == plain
    (tmp_path / ".sops.yaml").write_text(f"{rules.rstrip()},{CAROL.recipient}\n")
    assert "already up to date" in sops("updatekeys", "--yes", "a.yaml").stderr
    assert file.read_text() == added
    done = with_new_data_key(MINE, added, file="a.yaml", recipients=[ME.recipient, CAROL.recipient]).text
    file.write_text(done)
    for identity in (ME, CAROL):
        assert sops("decrypt", "a.yaml", identity=identity.secret.reveal()).stdout == plain
    file.write_text(grafted(added, done, "a.yaml"))
    attacked = sops("decrypt", "--ignore-mac", "a.yaml", identity=BOB.secret.reveal())
    assert attacked.returncode != 0
    assert "alpha" not in attacked.stdout
    weak = with_recipients(MINE, added, file="a.yaml", gain=[], lose=[BOB.recipient.key]).text
    file.write_text(grafted(added, weak, "a.yaml"))
    assert sops("decrypt", "--ignore-mac", "a.yaml", identity=BOB.secret.reveal()).stdout == plain
