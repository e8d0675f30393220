from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError, RefusedError, UsageError
from matrix_secrets.manifests.edits import splice
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.generate import plan_generate
from matrix_secrets.stack.digests import digest_edits, digests
from matrix_secrets.stack.discovery import find_stacks
from tests.unit.stack.repositories import (
    SECRET,
    SYNAPSE,
    apply,
    change,
    changed_lines,
    guide,
    only_stack,
    place_of,
    snapshot,
    workspace,
)

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.operations.plan import Plan

HEX = re.compile(r'"[0-9a-f]{64}"')
NAMES = ("POSTGRES_PASSWORD", "MACAROON_SECRET_KEY", "REGISTRATION_SHARED_SECRET", "FORM_SECRET")


def plan(root: Path, *names: str) -> Plan:
    here = workspace(root)
    return plan_generate(here, find_stacks(here), names)


def check_all_set(root: Path) -> None:
    managed = only_stack(root).managed
    assert [secret.agrees for secret in managed] == [True] * 4
    assert len({secret.values[0] for secret in managed}) == 4
    assert all(re.fullmatch("[0-9a-f]{64}", secret.values[0].reveal()) for secret in managed)
    assert plan(root).empty


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_guide(tmp_path: Path, newline: str) -> None:
    root = guide(tmp_path / "r")
    for file in (SECRET, SYNAPSE):
        change(root, file, ("\n", newline))
    before = snapshot(root)
    made = plan(root)
    apply(made)
    lines = changed_lines(before, snapshot(root))
    assert len(lines) == 8
    for old, new in lines:  # only the value itself
        spelled = '"CHANGE_ME_BEFORE_DEPLOY"' if '"' in old else "CHANGE_ME_BEFORE_DEPLOY"
        assert HEX.sub(spelled, new) == old
    check_all_set(root)
    assert [(note.id, note.severity) for note in made.notes] == [("plaintext-secret", "warning")]
    assert made.next_commands == ("matrix-secrets encrypt",)
    assert made.paths == (SECRET, SYNAPSE)
    assert not any(HEX.search(f'"{change_.detail}"') for change_ in made.changes)


def test_split_files(tmp_path: Path) -> None:
    root = guide(tmp_path / "r", "split")
    before = snapshot(root)
    apply(plan(root))
    assert len(changed_lines(before, snapshot(root))) == 8
    check_all_set(root)


def test_one_name(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    before = snapshot(root)
    apply(plan(root, "macaroon_secret_key"))
    assert len(changed_lines(before, snapshot(root))) == 2
    assert plan(root, "SYNAPSE_MACAROON_SECRET_KEY", "Macaroon-Secret-Key").empty
    with pytest.raises(UsageError, match="nonsense") as caught:
        plan(root, "nonsense")
    assert "POSTGRES_PASSWORD" in (caught.value.hint or "")


@pytest.mark.parametrize("file", [SECRET, SYNAPSE])
def test_a_real_value_is_copied(tmp_path: Path, file: str) -> None:
    root = guide(tmp_path / "r")
    old = {SECRET: "POSTGRES_PASSWORD: CHANGE_ME_BEFORE_DEPLOY", SYNAPSE: "password: CHANGE_ME_BEFORE_DEPLOY"}[file]
    change(root, file, (old, old.replace("CHANGE_ME_BEFORE_DEPLOY", "'it''s \"real\" \\ #1'")))
    made = plan(root, "postgres_password")
    assert [each.action for each in made.changes] == ["copied"]
    apply(made)
    (value,) = only_stack(root).managed[0].values
    assert value.reveal() == 'it\'s "real" \\ #1'
    assert (root / file).read_text().count("'it''s \"real\" \\ #1'") == 1


def test_places_that_do_not_agree(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, ("POSTGRES_PASSWORD: CHANGE_ME_BEFORE_DEPLOY", "POSTGRES_PASSWORD: canary-one"))
    change(root, SYNAPSE, ("password: CHANGE_ME_BEFORE_DEPLOY", "password: canary-two"))
    with pytest.raises(RefusedError, match="do not agree") as caught:
        plan(root)
    text = f"{caught.value}{caught.value.cause}{caught.value.hint}"
    assert "postgres.yaml" in text
    assert "database.args.password" in text
    assert "canary" not in text
    assert not plan(root, "form_secret").empty


@pytest.mark.parametrize("spelling", ["", "~", '""', "''", "null # later", "|-\n"])
def test_nothing_is_no_value(tmp_path: Path, spelling: str) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, ("SYNAPSE_FORM_SECRET: CHANGE_ME_BEFORE_DEPLOY", f"SYNAPSE_FORM_SECRET: {spelling}".rstrip()))
    change(root, SYNAPSE, ('form_secret: "CHANGE_ME_BEFORE_DEPLOY"', f"form_secret: {spelling}".rstrip()))
    apply(plan(root))
    check_all_set(root)
    assert ("# later" in (root / SECRET).read_text()) == ("# later" in spelling)


def test_missing_keys_are_added(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SECRET, ("  SYNAPSE_FORM_SECRET: CHANGE_ME_BEFORE_DEPLOY\n", ""))
    change(
        root,
        SYNAPSE,
        ("        password: CHANGE_ME_BEFORE_DEPLOY\n", ""),
        ('    macaroon_secret_key: "CHANGE_ME_BEFORE_DEPLOY"\n', ""),
    )
    before = snapshot(root)
    apply(plan(root))
    check_all_set(root)
    after = (root / SYNAPSE).read_text()
    assert re.search(r'\n        user: synapse\n        password: "[0-9a-f]{64}"\n        # ⚠️', after)
    assert re.search(r'\n    form_secret: "[0-9a-f]{64}"\n    macaroon_secret_key: "[0-9a-f]{64}"\n\n', after)
    assert re.search(r'# for register.*\n  SYNAPSE_FORM_SECRET: "[0-9a-f]{64}"\n---', (root / SECRET).read_text())
    for file in (SECRET, SYNAPSE):
        kept = [HEX.sub("*", line) for line in snapshot(root)[file].splitlines()]
        assert all(
            HEX.sub("*", line.replace("CHANGE_ME_BEFORE_DEPLOY", "")) for line in before[file].splitlines() if line
        )
        assert len(kept) >= len(before[file].splitlines())


def test_what_cannot_be_read_is_not_overwritten(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    change(root, SYNAPSE, ("    report_stats: false", "    report_stats: [false"))
    with pytest.raises(BadManifestError, match=r"homeserver\.yaml"):
        plan(root)


def test_digests_that_are_there_are_renewed(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    stack = only_stack(root)
    for file, edits in digest_edits(stack.streams, ()).items():
        (root / file).write_text(splice((root / file).read_text(), edits))
    made = plan(root)
    apply(made)
    assert [digest for digest in digests(only_stack(root).streams, ()) if digest.stale] == []
    assert plan(root).empty


def test_several_stacks_get_values_of_their_own(tmp_path: Path) -> None:
    root = guide(tmp_path / "r")
    guide(root / "second")
    apply(plan(root))
    one, other = find_stacks(workspace(root))
    assert one.managed[0].values != other.managed[0].values


@given(names=st.sets(st.sampled_from(NAMES)), crlf=st.booleans(), no_end=st.booleans())
def test_any_subset_and_only_its_lines(
    tmp_path_factory: pytest.TempPathFactory,
    names: set[str],
    *,
    crlf: bool,
    no_end: bool,
) -> None:
    root = guide(tmp_path_factory.mktemp("repository") / "r")
    for file in (SECRET, SYNAPSE):
        text = (root / file).read_text()
        text = text.removesuffix("\n") if no_end else text
        (root / file).write_bytes((text.replace("\n", "\r\n") if crlf else text).encode())
    before = snapshot(root)
    apply(plan(root, *names))
    after = snapshot(root)
    assert len(changed_lines(before, after)) == 2 * (len(names) or 4)
    for file in (SECRET, SYNAPSE):
        parse(after[file], file)
    stack = only_stack(root)
    for name in names:
        secret = f"SYNAPSE_{name}" if name != "POSTGRES_PASSWORD" else name
        assert place_of(stack, secret).value == place_of(stack, secret, 1).value is not None
