"""Pairs of edits, merged: equal to what the merge of the plain texts should be, and the real sops reads it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from conforming.realsops import ENGINE, FILE, IDENTITY, RealSops
from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.merging import CannotMergeError, merge
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.hook_merge import MergedFile, Versions, merge_versions
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.metadata import read_metadata
from matrix_secrets.sops.rekey import with_new_data_key, with_recipients
from tests.hooks.mergemodels import Model, Target, edited, edits, expected, models
from tests.unit.sops.builtintexts import rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULE = rule({"encrypted_regex": "^(data|stringData)$"}, recipient=IDENTITY.recipient.key)
CIPHERTEXT = re.compile(r"ENC\[AES256_GCM,[^\]]*\]")
BOB = generate_identity("bob")


@pytest.fixture(scope="module")
def real_sops(sops_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> RealSops:
    return RealSops(sops_binary, tmp_path_factory.mktemp("sops"))


def held(text: str) -> dict[Target, str]:
    """What a plain text says, as a model does."""
    found: dict[Target, str] = {}
    stream = parse(text)
    for document in stream.documents:
        for leaf in leaves(document.root):
            path, value = leaf.path, leaf.node.value if isinstance(leaf.node, Scalar) else ""
            if path[0] == "stringData" and path[1] != "END":
                found["secret", str(path[1])] = value
            elif path == ("data", "homeserver.yaml"):
                inner = parse(value).documents[0].root
                options = ((str(each.path[0]), each.node) for each in leaves(inner))
                found |= {("config", name): node.value for name, node in options if isinstance(node, Scalar)}
            elif path[-1] == "image":
                found["deployment", "image"] = value
    found.pop(("config", "end"), None)
    for remark in re.findall(r"^---\r?\n# (.*?)\r?\nkind: Deployment", text, re.MULTILINE):
        found["remark", "text"] = remark
    return found


def without_remark(found: dict[Target, str]) -> dict[Target, str]:
    return {target: value for target, value in found.items() if target[0] != "remark"}


def encrypted(model: Model) -> str:
    return ENGINE.encrypt(model.text(), file=FILE, rule=RULE).text


def updated(text: str, model: Model) -> str:
    return ENGINE.update(text, model.text(), file=FILE).text


def merged_by_us(base: str, ours: str, theirs: str, engine: BuiltinEngine = ENGINE) -> MergedFile:
    versions = Versions(FILE, base.encode(), ours.encode(), theirs.encode())
    return merge_versions(versions, lambda text: engine.opened(text, file=FILE))


def sides(conflicted: str) -> Iterator[str]:
    """The whole text with the lines of one side everywhere, as an editor would take them."""
    pattern = re.compile(r"^<{7} ours\r?\n(.*?)^={7}\r?\n(.*?)^>{7} theirs\r?\n", re.MULTILINE | re.DOTALL)
    for number in (1, 2):
        yield pattern.sub(lambda found, number=number: found[number], conflicted)  # type: ignore[misc]


@given(models(), edits(), edits())
def test_a_merge_is_that_of_the_plain_texts(
    real_sops: RealSops, base: Model, left: dict[Target, str | None], right: dict[Target, str | None]
) -> None:
    ours, theirs = edited(base, left), edited(base, right)
    wanted, conflicts = expected(base, ours, theirs)
    old = encrypted(base)
    one, other = updated(old, ours), updated(old, theirs)
    done = merged_by_us(old, one, other)
    event("conflict" if conflicts else "clean")
    assert done.text is not None
    assert bool(done.conflicts) == bool(conflicts)
    for text in sides(done.text) if conflicts else [done.text]:
        plain = ENGINE.decrypt(text, file=FILE)
        got = held(plain)
        assert {target: value for target, value in got.items() if target not in conflicts} == wanted
        again = held(real_sops.decrypt(text))
        # sops has its own way with comments at the end of a document, above all with CRLF.
        assert without_remark(again) == without_remark(got)
    kept = set(CIPHERTEXT.findall(old)) & set(CIPHERTEXT.findall(one)) & set(CIPHERTEXT.findall(other))
    assert kept <= set(CIPHERTEXT.findall(done.text))
    if conflicts:
        sealed_only = {value for (where, _), value in held_by(ours, theirs) if where in {"secret", "config"}}
        assert not [value for value in sealed_only if len(value) > 20 and value in done.text]


def held_by(*found: Model) -> Iterator[tuple[Target, str]]:
    for model in found:
        yield from model.held().items()


def git_merge(folder: Path, base: str, ours: str, theirs: str) -> str | None:
    """What Git makes of the plain texts; None for a conflict."""
    names = [folder / name for name in ("ours", "base", "theirs")]
    for name, text in zip(names, (ours, base, theirs), strict=True):
        name.write_bytes(text.encode())
    done = subprocess.run(["git", "merge-file", "-p", *names], capture_output=True, check=False)
    return done.stdout.decode() if done.returncode == 0 else None


@given(models(), edits(), edits())
def test_where_git_merges_the_plain_texts_so_do_we(
    tmp_path_factory: pytest.TempPathFactory,
    base: Model,
    left: dict[Target, str | None],
    right: dict[Target, str | None],
) -> None:
    texts = (base.text(), edited(base, left).text(), edited(base, right).text())
    theirs = git_merge(tmp_path_factory.mktemp("git"), *texts)
    if theirs is None:
        event("git has a conflict")
        return
    done = merge(*texts)
    assert not done.conflicts
    assert done.ours == done.theirs == theirs


lines = st.lists(
    st.sampled_from(["a: 1", "b: 2", "# c", "", "  - x", "d:", "  e: 3", "---", "f: |", "  text", "f: [1, 2"])
)


def joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(lines, lines, lines)
def test_any_texts_at_all(one: list[str], two: list[str], three: list[str]) -> None:
    """Nothing but a merge, a conflict, or a refusal; and what only one side changed is that side."""
    texts = (joined(one), joined(two), joined(three))
    try:
        for text in texts:
            parse(text)
    except BadManifestError:
        return
    try:
        merge(*texts)
        assert merge(texts[0], texts[1], texts[0]).ours == texts[1]
        assert merge(texts[0], texts[0], texts[2]).ours == texts[2]
    except CannotMergeError:
        event("left to Git")


@given(models(), edits(), edits())
def test_somebody_added_on_one_side_and_values_changed_on_the_other(
    base: Model, left: dict[Target, str | None], right: dict[Target, str | None]
) -> None:
    wanted, conflicts = expected(base, edited(base, left), edited(base, right))
    old = encrypted(base)
    one = with_recipients(ENGINE, updated(old, edited(base, left)), file=FILE, gain=[BOB.recipient]).text
    done = merged_by_us(old, one, updated(old, edited(base, right)))
    assert done.text is not None
    bob = BuiltinEngine(lambda: [BOB])
    for text in sides(done.text) if conflicts else [done.text]:
        assert set(wanted.items()) <= set(held(bob.decrypt(text, file=FILE)).items())


@given(models(), edits(), edits(), st.booleans())
def test_somebody_taken_off_on_one_side_reads_nothing_of_the_merge(
    base: Model, left: dict[Target, str | None], right: dict[Target, str | None], swap: bool
) -> None:
    wanted, conflicts = expected(base, edited(base, left), edited(base, right))
    old = with_recipients(ENGINE, encrypted(base), file=FILE, gain=[BOB.recipient]).text
    bob = BuiltinEngine(lambda: [BOB])
    known = bob.data_key(read_metadata(parse(old)), FILE).reveal()
    one = updated(old, edited(base, left))
    one = with_new_data_key(ENGINE, one, file=FILE, recipients=[IDENTITY.recipient]).text
    other = updated(old, edited(base, right))
    done = merged_by_us(old, other, one) if swap else merged_by_us(old, one, other)
    assert done.text is not None
    for text in sides(done.text) if conflicts else [done.text]:
        metadata = read_metadata(parse(text))
        assert [who for who, _ in metadata.age] == [IDENTITY.recipient.key]
        assert ENGINE.data_key(metadata, FILE).reveal() != known
        assert set(wanted.items()) <= set(held(ENGINE.decrypt(text, file=FILE)).items())


def test_both_sides_took_somebody_off(sops_binary: Path) -> None:
    del sops_binary
    carol = generate_identity("carol")
    base = Model(((("secret", "A"), "one"), (("deployment", "image"), "p"), (("remark", "text"), "r")))
    old = with_recipients(ENGINE, encrypted(base), file=FILE, gain=[BOB.recipient, carol.recipient]).text
    without_bob = with_new_data_key(ENGINE, old, file=FILE, recipients=[IDENTITY.recipient, carol.recipient]).text
    without_carol = with_new_data_key(ENGINE, old, file=FILE, recipients=[IDENTITY.recipient, BOB.recipient]).text
    done = merged_by_us(old, without_bob, without_carol)
    assert done.text is not None
    metadata = read_metadata(parse(done.text))
    assert [who for who, _ in metadata.age] == [IDENTITY.recipient.key]
    new = ENGINE.data_key(metadata, FILE).reveal()
    for text in (old, without_bob, without_carol):
        assert ENGINE.data_key(read_metadata(parse(text)), FILE).reveal() != new
