"""Decrypting after encrypting gives the bytes back; an update touches nothing but what changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import assume, event, given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Scalar, leaves
from matrix_secrets.manifests.parse import parse
from tests.unit.manifests.yamltexts import yaml_texts
from tests.unit.sops.builtintexts import BY_KEY, ENGINE, FILE, rules

if TYPE_CHECKING:
    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Encrypted

VOLATILE = re.compile(r'^ *(?:lastmodified|mac): .*$|"(?:lastmodified|mac)": "[^"]*"', re.MULTILINE)


def encrypted(text: str, rule: CreationRule) -> Encrypted:
    try:
        return ENGINE.encrypt(text, file=FILE, rule=rule)
    except BadManifestError as error:
        by_comment = rule.encrypted_comment_regex or rule.unencrypted_comment_regex
        if not (error.message.startswith("a comment that") or by_comment):
            raise
        event("refused")
        assume(False)
        raise


def ends_in_an_open_block(result: Encrypted) -> bool:
    """A plain block scalar at the end of a file without last line end: it becomes ``|-``, and a note says so."""
    return len(result.notes) == 1 and not result.text.endswith("\n")


def has_blanks_in_a_kept_block(text: str) -> bool:
    """Lines of spaces at the end of ``|+``: the value has empty lines only."""
    return "|+" in text and "   \n" in text.replace("\r", "")


def without_volatile(text: str) -> str:
    return VOLATILE.sub("", text)


@given(yaml_texts(folded=False), rules())
def test_decrypting_gives_the_bytes_back(text: str, rule: CreationRule) -> None:
    result = encrypted(text, rule)
    again = ENGINE.decrypt(result.text, file=FILE)
    if result.notes:
        assert ends_in_an_open_block(result) or has_blanks_in_a_kept_block(text)
    else:
        assert again == text
    assert result.documents == len(parse(text).documents)


@given(yaml_texts(), rules())
def test_where_bytes_do_not_come_back_the_values_do_and_the_place_is_named(text: str, rule: CreationRule) -> None:
    result = encrypted(text, rule)
    again = ENGINE.decrypt(result.text, file=FILE)
    if again != text:
        assert result.notes
        assert all(note.id == "formatting-not-kept" and note.place.path for note in result.notes)
    old = [(leaf.path, leaf.node.value) for leaf in all_leaves(text)]
    assert [(leaf.path, leaf.node.value) for leaf in all_leaves(again)] == old


def all_leaves(text: str) -> list:  # type: ignore[type-arg]  # leaves whose nodes are scalars: these texts have no alias
    return [leaf for document in parse(text).documents for leaf in leaves(document.root)]


@given(yaml_texts(), rules())
def test_an_update_without_change_is_the_same_text(text: str, rule: CreationRule) -> None:
    result = encrypted(text, rule)
    plain = ENGINE.decrypt(result.text, file=FILE)
    again = ENGINE.update(result.text, plain, file=FILE)
    assert again.text == result.text
    assert (again.values, again.comments) == (result.values, result.comments)


@given(yaml_texts(), rules(BY_KEY), st.data())
def test_one_value_changed_is_its_line_the_date_and_the_mac(text: str, rule: CreationRule, data: st.DataObject) -> None:
    result = encrypted(text, rule)
    plain = ENGINE.decrypt(result.text, file=FILE)
    found = [leaf for leaf in all_leaves(plain) if leaf.node.end > leaf.node.start and leaf.node.style not in "|>"]
    assume(found)
    node = data.draw(st.sampled_from(found)).node
    assert isinstance(node, Scalar)
    new = splice(plain, [Edit(node.start, node.end, f"{node.style}changed{node.style}")])
    try:
        updated = ENGINE.update(result.text, new, file=FILE)
    except BadManifestError as error:
        if not error.message.startswith("a comment that"):
            raise
        return
    assert ENGINE.decrypt(updated.text, file=FILE) == new
    before, after = (without_volatile(one).split("\n") for one in (result.text, updated.text))
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert len(changed) <= 1


@given(yaml_texts(folded=False), yaml_texts(folded=False), rules(BY_KEY))
def test_any_text_can_follow_any_other(old: str, new: str, rule: CreationRule) -> None:
    first = encrypted(old, rule)
    try:
        second = ENGINE.update(first.text, new, file=FILE)
    except BadManifestError as error:
        if not error.message.startswith("a comment that"):
            raise
        return
    assume(not first.notes and not second.notes)
    assert ENGINE.decrypt(second.text, file=FILE) == new
    third = ENGINE.update(second.text, old, file=FILE)
    assert ENGINE.decrypt(third.text, file=FILE) == old
