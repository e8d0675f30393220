"""The built-in engine and the real sops read what the other wrote, whatever the text looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, event, given, settings

from conforming.reading import comments, has_ciphertext, values
from conforming.realsops import ENGINE, FILE, IDENTITY, RealSops, SopsFailedError
from matrix_secrets.errors import BadManifestError, TamperedError
from tests.unit.manifests.yamltexts import yaml_texts
from tests.unit.sops.builtintexts import rule, rules

if TYPE_CHECKING:
    from matrix_secrets.sops.creationrules import CreationRule

RULES = rules(recipient=IDENTITY.recipient.key)


def by_comment(wanted: CreationRule) -> bool:
    return bool(wanted.encrypted_comment_regex or wanted.unencrypted_comment_regex)


@given(yaml_texts(), RULES)
def test_sops_reads_what_builtin_wrote(real_sops: RealSops, text: str, wanted: CreationRule) -> None:
    try:
        encrypted = ENGINE.encrypt(text, file=FILE, rule=wanted)
    except BadManifestError as error:
        if not (error.message.startswith("a comment that") or by_comment(wanted)):
            raise
        event("refused")
        return
    again = real_sops.decrypt(encrypted.text)
    assert values(again) == values(text)
    assert not has_ciphertext(again)
    assert not comments(again) - comments(text)


@given(yaml_texts(), RULES)
def test_builtin_reads_what_sops_wrote(real_sops: RealSops, text: str, wanted: CreationRule) -> None:
    encrypted = real_sops.encrypt(text, wanted)
    try:
        theirs = real_sops.decrypt(encrypted)
    except SopsFailedError:
        if not by_comment(wanted):
            raise
        event("sops cannot read what it wrote")
        return
    ours = ENGINE.decrypt(encrypted, file=FILE)
    assert values(ours) == values(theirs) == values(text)
    if not has_ciphertext(theirs):
        assert not comments(theirs) - comments(ours)
        assert not has_ciphertext(ours)


@given(yaml_texts(), RULES)
@settings(max_examples=20)
def test_builtin_leaves_no_comment_readable_that_sops_hides(
    real_sops: RealSops, text: str, wanted: CreationRule
) -> None:
    try:
        ours = ENGINE.encrypt(text, file=FILE, rule=wanted).text
        theirs = real_sops.encrypt(text, wanted)
        shown = real_sops.decrypt(theirs)
    except (BadManifestError, SopsFailedError):
        assume(False)
        raise
    hidden = comments(shown) - comments(theirs)
    assert not hidden & comments(ours)


@given(yaml_texts(comments=False), yaml_texts(comments=False), RULES)
@settings(max_examples=20)
def test_a_file_of_sops_is_updated(real_sops: RealSops, old: str, new: str, wanted: CreationRule) -> None:
    encrypted = real_sops.encrypt(old, wanted)
    updated = ENGINE.update(encrypted, new, file=FILE)
    assert values(real_sops.decrypt(updated.text)) == values(new)
    assert values(ENGINE.decrypt(updated.text, file=FILE)) == values(new)


def test_both_refuse_the_same_tampering(real_sops: RealSops) -> None:
    encrypted = ENGINE.encrypt("a: one\nb: two\n", file=FILE, rule=rule(recipient=IDENTITY.recipient.key)).text
    first, second = encrypted.split("\n")[:2]
    swapped = "\n".join([f"a:{second[2:]}", f"b:{first[2:]}", *encrypted.split("\n")[2:]])
    for changed in (swapped, encrypted.replace("lastmodified: ", "lastmodified: 2020-01-01T00:00:00Z # ")):
        for decrypt in (lambda text: ENGINE.decrypt(text, file=FILE), real_sops.decrypt):
            try:
                decrypt(changed)
            except (TamperedError, SopsFailedError):
                continue
            raise AssertionError("tampering was not noticed")
