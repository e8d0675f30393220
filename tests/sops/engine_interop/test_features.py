"""Feature by feature: written here and read by the real sops, written by it and read here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from matrix_secrets.errors import BadManifestError, TamperedError
from tests.sops.engine_interop.reading import comments, has_ciphertext, values
from tests.sops.engine_interop.realsops import ENGINE, FILE, IDENTITY, RealSops, SopsFailedError
from tests.unit.sops.builtintexts import rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matrix_secrets.sops.creationrules import CreationRule
    from matrix_secrets.sops.engine import Encrypted

REGEX: Final = {"encrypted_regex": "^(data|stringData)$"}
LONG: Final = "x" * 100_000

FEATURES: Final = {
    "string": "data:\n  k: word\n",
    "empty string": "data:\n  k: ''\n  l: \"\"\n",
    "very long string": f"data:\n  k: {LONG}\n",
    "unicode": "data:\n  k: naïve 漢字 🚀\n  'ключ': \"\\u00e9\"\n",
    "integers": "data:\n  k: 12\n  l: -7\n  m: 0\n  n: 9223372036854775807\n",
    "floats": "data:\n  k: 1.5\n  l: -0.25\n  m: 1e+06\n  n: .inf\n  o: -.inf\n",
    "not a number": "data:\n  k: .nan\n",
    "booleans": "data:\n  k: true\n  l: false\n",
    "null": "data:\n  k: null\n  l: ~\n  m:\n",
    "timestamp": "data:\n  k: 2024-01-31T10:20:30Z\n",
    "strings that look like something else": "data:\n  k: '12'\n  l: \"true\"\n  m: '2024-01-31'\n  n: 'yes'\n",
    "single quotes": "data:\n  k: 'it''s'\n",
    "double quotes": 'data:\n  k: "a\\tb"\n',
    "literal": "data:\n  k: |\n    one\n\n      two\n",
    "literal, stripped": "data:\n  k: |-\n    one\n    two\n",
    "literal, kept": "data:\n  k: |+\n    one\n\n\n  l: x\n",
    "literal with indentation": "data:\n  k: |2\n      one\n    two\n",
    "folded": "data:\n  k: >\n    one paragraph\n\n    and another\n",
    "folded, stripped": "data:\n  k: >-\n    one paragraph\n",
    "list": "data:\n  k:\n    - a\n    - 1\n    - |\n      text\n",
    "list without indentation": "data:\n- a\n- b\n",
    "list of mappings": "data:\n  k:\n    - a: 1\n      b: x\n    -   c: z\n",
    "list of lists": "data:\n  k:\n    - - a\n      - b\n    - - c\n",
    "flow collections": "data: {k: word, l: 'q', m: \"d\", n: [1, true, x y], o: {p: q}}\n",
    "empty collections": "data:\n  k: []\n  l: {}\n  m: x\n",
    "root flow mapping": '{"data": {"k": "v", "l": 1}, "kind": "x"}\n',
    "root flow mapping with a comma at the end": "{data: {k: v,}, kind: x, }\n",
    "many documents": "kind: a\ndata:\n  k: v\n---\nkind: b\n---\ndata:\n  k: w\n",
    "empty documents": "data:\n  k: v\n---\n---\n# nothing\n",
    "document ends": "data:\n  k: v\n...\n---\nkind: x\n...\n",
    "comment header": "# one\n# two\n\n# three\n---\ndata:\n  k: v\n",
    "comments in the branch": "data:\n  # one\n  k: v # two\n  # three\n\n  # four\n  l: w\n  # five\nkind: x\n",
    "comments in a list": "data:\n  k:\n    # before\n    - a # behind\n    # between\n    - b\n    # after\n",
    "comment on a block header": "data:\n  k: | # behind\n    text\n",
    "empty comment": "data:\n  #\n  k: v\n",
    "comment in column 0": "data:\n  k: v\n# c\n  l: w\n",
    "anchor without alias": "data:\n  k: &a v\n",
    "anchor and alias outside": "base: &a\n  x: 1\nother: *a\nmore:\n  <<: *a\ndata:\n  k: v\n",
    "tags outside": "a: !!str 12\nb: !mine x\ndata:\n  k: v\n",
    "quoted keys": "data:\n  \"k\": v\n  'l:': w\n",
    "byte order mark": "\ufeffdata:\n  k: v\n",
    "no line end": "kind: x\ndata:\n  k: v",
    "block without line end": "kind: x\ndata:\n  k: |\n    v",
    "odd indentation": "data:\n     k: v\n     l:\n        - w\n",
    "indented from the start": "  data:\n    k: v\n  kind: x\n",
    "base64": "data:\n  k: aGVsbG8=\n",
}
FOLDED: Final = frozenset({"unicode"})  # an escape comes back as the character


def rules() -> list[CreationRule]:
    """By branch and whole, with the MAC over everything and over what is encrypted."""
    return [rule_of(selector, only=only) for selector in (REGEX, {}) for only in (True, False)]


def rule_of(selector: Mapping[str, str], *, only: bool = True) -> CreationRule:
    """A rule for this test's identity."""
    return rule(selector, mac_only_encrypted=only, recipient=IDENTITY.recipient.key)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_written_here(real_sops: RealSops, name: str, newline: str) -> None:
    text = FEATURES[name].replace("\n", newline)
    for wanted in rules():
        if "tags" in name and not wanted.encrypted_regex:
            continue
        if "alias outside" in name and not wanted.encrypted_regex:
            continue
        encrypted: Encrypted = ENGINE.encrypt(text, file=FILE, rule=wanted)
        again = real_sops.decrypt(encrypted.text)
        assert values(again) == values(text)
        assert not has_ciphertext(again)
        restored = ENGINE.decrypt(encrypted.text, file=FILE)
        assert (restored == text) is (not encrypted.notes)
        if name not in FOLDED:
            assert restored == text


@pytest.mark.parametrize("name", FEATURES)
def test_written_by_sops(real_sops: RealSops, name: str) -> None:
    for wanted in rules():
        if "alias" in name and not wanted.encrypted_regex:
            continue
        encrypted = real_sops.encrypt(FEATURES[name], wanted)
        theirs = real_sops.decrypt(encrypted)
        ours = ENGINE.decrypt(encrypted, file=FILE)
        assert values(ours) == values(theirs)
        assert comments(ours) == comments(theirs)
        assert ENGINE.update(encrypted, ours, file=FILE).text == encrypted


SPLICED: Final = {
    "plain": "  k: {}\n",
    "single-quoted": "  k: '{}'\n",
    "double-quoted": '  k: "{}"\n',
    "literal": "  k: |\n    {}\n",
    "literal, stripped": "  k: |-\n    {}\n",
    "literal, kept": "  k: |+\n    {}\n\n\n",
    "literal with indentation": "  k: |2\n    {}\n",
    "folded": "  k: >\n    {}\n",
    "folded, stripped": "  k: >-\n    {}\n",
    "on a line of its own": "  k:\n    {}\n",
    "anchor that nobody refers to": "  k: &a {}\n",
}


@pytest.mark.parametrize("place", SPLICED.values(), ids=SPLICED)
def test_ciphertext_in_every_place_that_sops_takes(real_sops: RealSops, place: str) -> None:
    wanted = rule_of(REGEX)
    encrypted = ENGINE.encrypt("data:\n  k: some value\n", file=FILE, rule=wanted).text
    old = next(line for line in encrypted.split("\n") if line.startswith("  k: "))
    moved = encrypted.replace(old + "\n", place.format(old[5:]))
    assert values(real_sops.decrypt(moved)) == [(0, ("data", "k"), "str", "some value")]
    ours = values(ENGINE.decrypt(moved, file=FILE))
    assert ours == [(0, ("data", "k"), "str", "some value")]


NOT_TAKEN: Final = {
    "plain in a flow collection": ("data:\n  k: some value\n", "  k: ", "  k: [", "]"),
    "indentation beyond the indicator": ("data:\n  k: some value\n", "  k: ", "  k: |2\n      ", "\n"),
    "an integer tag": ("data:\n  k: some value\n", "  k: ", "  k: !!int ", ""),
}


@pytest.mark.parametrize(("text", "start", "before", "behind"), NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_what_sops_does_not_take_is_not_taken_here(
    real_sops: RealSops, text: str, start: str, before: str, behind: str
) -> None:
    wanted = rule_of(REGEX)
    encrypted = ENGINE.encrypt(text, file=FILE, rule=wanted).text
    old = next(line for line in encrypted.split("\n") if line.startswith(start))
    moved = encrypted.replace(old, before + old[len(start) :] + behind)
    with pytest.raises(SopsFailedError):
        real_sops.decrypt(moved)
    with pytest.raises((BadManifestError, TamperedError)):
        ENGINE.decrypt(moved, file=FILE)


SILENTLY: Final = {
    "an alias to what is encrypted": "data:\n  k: &a secret\nother: *a\n",
    "octal": "data:\n  k: 0123\n",
    "exponent": "data:\n  k: 1e5\n",
    "hexadecimal": "data:\n  k: 0x1F\n",
    "a zero at the end": "data:\n  k: 1.10\n",
    "underscores": "data:\n  k: 1_000\n",
    "date": "data:\n  k: 2024-01-31\n",
}


def test_duplicate_keys_after_the_first_document_pass_sops_and_are_refused_here(real_sops: RealSops) -> None:
    text = "data:\n  k: a\n---\ndata:\n  k: b\n  k: c\n"
    wanted = rule_of(REGEX)
    assert real_sops.decrypt(real_sops.encrypt(text, wanted)) == text
    with pytest.raises(BadManifestError, match="twice"):
        ENGINE.encrypt(text, file=FILE, rule=wanted)


@pytest.mark.parametrize("text", SILENTLY.values(), ids=SILENTLY)
def test_what_sops_changes_silently_is_refused_here(real_sops: RealSops, text: str) -> None:
    wanted = rule_of(REGEX)
    changed = real_sops.decrypt(real_sops.encrypt(text, wanted))
    assert changed != text
    with pytest.raises(BadManifestError):
        ENGINE.encrypt(text, file=FILE, rule=wanted)


REFUSED: Final = {
    "a list at the top": "- a\n",
    "a number as key": "data:\n  1: a\n",
    "a boolean as key": "data:\n  true: a\n",
    "beyond int64": "a: 9223372036854775808\n",
    "a duplicate key": "a: 1\na: 2\n",
    "a version directive": "%YAML 1.2\n---\na: 1\n",
    "an escaped slash": 'a: "x\\/y"\n',
    "an empty file": "",
    "a key sops": "a: 1\nsops:\n  b: 2\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_sops_refuses_is_refused_here(real_sops: RealSops, text: str) -> None:
    wanted = rule_of({})
    with pytest.raises(SopsFailedError):
        real_sops.encrypt(text, wanted)
    with pytest.raises(BadManifestError):
        ENGINE.encrypt(text, file=FILE, rule=wanted)


SELECTED: Final = "a: 1\na_plain: 2\nb_enc: 3\ngroup:\n  a: 4\n  # hide this\n  c: 5\n  d: 6\n"


@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize(
    "selector",
    [
        {"unencrypted_suffix": "_plain"},
        {"encrypted_suffix": "_enc"},
        {"unencrypted_regex": "^gr"},
        {"encrypted_regex": "^(a|group)$"},
        {"unencrypted_comment_regex": "hide"},
        {"encrypted_comment_regex": "hide"},
        {},
    ],
    ids=str,
)
def test_selectors(real_sops: RealSops, selector: dict[str, str], only: bool) -> None:
    wanted = rule_of(selector, only=only)
    ours = ENGINE.encrypt(SELECTED, file=FILE, rule=wanted).text
    theirs = real_sops.encrypt(SELECTED, wanted)
    encrypted = [
        {line.split(":")[0].strip() for line in text.split("\nsops:")[0].split("\n") if ": ENC[" in line}
        for text in (ours, theirs)
    ]
    assert encrypted[0] == encrypted[1]
    assert real_sops.decrypt(ours) == real_sops.decrypt(theirs)
    assert values(ENGINE.decrypt(theirs, file=FILE)) == values(SELECTED)
