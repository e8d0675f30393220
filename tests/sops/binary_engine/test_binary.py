"""The real sops as an engine: the same promises as the built-in one keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from matrix_secrets.errors import (
    BadManifestError,
    NoIdentityError,
    OutsideError,
    RefusedError,
    TamperedError,
    UsageError,
)
from matrix_secrets.sops.choose import choose_engine
from matrix_secrets.sops.creationrules import CreationRule
from matrix_secrets.sops.process import SopsProgram

if TYPE_CHECKING:
    from tests.sops.binary_engine.conftest import Bench

FIXTURES = Path(__file__).parents[2] / "fixtures"
MANIFESTS = sorted(path.relative_to(FIXTURES).as_posix() for path in FIXTURES.glob("*/**/*.yaml"))
OTHER = "age1hsk0ga42qh2mlej7llu6r33dt24fx54pee7u7ca3heux2v95wazstsf6qd"
CANARY = "canary-7f3a9"

ODD = {
    "one": f"a: {CANARY}\n",
    "types": "i: 12\nf: 1.5\nb: true\nn: null\ne: ''\nt: '12'\nd: \"2020-01-01\"\nl: [1, x, \"y\"]\nm: {}\n",
    "blocks": "a: |\n  x\n  y\nb: |-\n  x\nc: |+\n  x\n\nd: |2\n    x\ne: >\n  x\nf: 'it''s'\n",
    "comments": "# head\na: b # line\n# between\nc:\n  # first\n  - d # of d\n  # second\n  - e\n# foot\n",
    "crlf": "# head\r\na: b # line\r\nc: |\r\n  x\r\n  y\r\n",
    "no end": "a: b\nc: d",
    "documents": "a: b\n---\n# only a comment\n---\nc: d\n...\n---\ne: f\n",
    "flow": "{a: b, c: [d, 'e']}\n",
    "indented": "  a: b\n  c: d\n",
    "bom": "\ufeffa: b\n",
    "emoji": "a: 🔐 x\n# 🔐\nb: c\n",
    "the same twice": "a: {x: q}\nb: [x, x, x]\nc: {x: q}\n",
}


def rule(bench: Bench, **fields: object) -> CreationRule:
    return CreationRule("", (bench.recipient,), **fields)  # type: ignore[arg-type]  # as a rule's fields are


def content(text: str) -> list[object]:
    return list(YAML(typ="safe").load_all(text))


@pytest.mark.parametrize("name", MANIFESTS)
@pytest.mark.parametrize("selector", [{"encrypted_regex": "^(data|stringData)$", "mac_only_encrypted": True}, {}])
def test_manifests_keep_their_bytes(name: str, selector: dict[str, object], bench: Bench) -> None:
    plain = (FIXTURES / name).read_bytes().decode()
    made = bench.binary.encrypt(plain, file=name, rule=rule(bench, **selector))
    assert bench.binary.decrypt(made.text, file=name) == plain
    assert bench.builtin.decrypt(made.text, file=name) == plain
    assert content(bench.plain_sops("decrypt", made.text)) == content(plain)
    theirs = bench.builtin.encrypt(plain, file=name, rule=rule(bench, **selector))
    assert (made.values, made.comments, made.documents) == (theirs.values, theirs.comments, theirs.documents)
    assert bench.binary.decrypt(theirs.text, file=name) == plain


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "selector", [{}, {"encrypted_regex": "^[ac]$"}, {"unencrypted_regex": "^a$"}, {"encrypted_suffix": "a"}]
)
def test_odd_texts_keep_their_bytes(name: str, selector: dict[str, object], bench: Bench) -> None:
    plain = ODD[name]
    made = bench.binary.encrypt(plain, file="x.yaml", rule=rule(bench, **selector))
    assert bench.binary.decrypt(made.text, file="x.yaml") == plain
    assert bench.builtin.decrypt(made.text, file="x.yaml") == plain
    if not selector:
        assert CANARY not in made.text


@pytest.mark.parametrize("selector", ["encrypted_comment_regex", "unencrypted_comment_regex"])
def test_comments_that_select(selector: str, bench: Bench) -> None:
    plain = "# secret\na: b\nc: d # secret\n# other\ne:\n  # secret\n  - f\n  - g\n"
    made = bench.binary.encrypt(plain, file="x.yaml", rule=rule(bench, **{selector: "secret"}))
    theirs = bench.builtin.encrypt(plain, file="x.yaml", rule=rule(bench, **{selector: "secret"}))
    assert (made.values, made.comments) == (theirs.values, theirs.comments)
    assert bench.binary.decrypt(made.text, file="x.yaml") == plain
    assert bench.binary.decrypt(theirs.text, file="x.yaml") == plain


@pytest.mark.parametrize("name", ODD)
def test_what_plain_sops_wrote_is_read(name: str, bench: Bench) -> None:
    made = SopsProgram.at(bench.sops, bench.env).encrypt(ODD[name], rule(bench).as_config(), file="x.yaml")
    ours = bench.binary.decrypt(made, file="x.yaml")
    assert content(ours) == content(ODD[name])
    assert ours == bench.builtin.decrypt(made, file="x.yaml")


def test_comments_that_sops_loses_are_encrypted_too(bench: Bench) -> None:
    plain = f"# head\n---\na b:   #x\n\n  data: null   #{CANARY}\n---\ndata:   #{CANARY}\n\n  data: null   #x\n# foot"
    made = bench.binary.encrypt(plain, file="x.yaml", rule=rule(bench))
    assert CANARY not in made.text
    assert bench.builtin.decrypt(made.text, file="x.yaml") == plain


def test_unchanged_is_left_alone_and_one_change_is_one_change(bench: Bench) -> None:
    plain = ODD["types"]
    made = bench.binary.encrypt(plain, file="x.yaml", rule=rule(bench)).text
    assert bench.binary.update(made, plain, file="x.yaml").text == made
    new = bench.binary.update(made, plain.replace("x, ", "z, "), file="x.yaml").text
    changed = [old for old, line in zip(made.splitlines(), new.splitlines(), strict=True) if old != line]
    assert {line.strip().split(":")[0] for line in changed} - {"lastmodified"} == {"l", "mac"}
    assert bench.binary.decrypt(new, file="x.yaml") == plain.replace("x, ", "z, ")


def test_somebody_else_alone_can_be_encrypted_for(bench: Bench) -> None:
    made = bench.binary.encrypt(ODD["comments"], file="x.yaml", rule=CreationRule("", (OTHER,)))
    with pytest.raises(NoIdentityError) as caught:
        bench.binary.decrypt(made.text, file="apps/x.yaml")
    assert str(caught.value) == "apps/x.yaml: none of your keys opens this file"
    assert OTHER in (caught.value.cause or "")


def test_what_was_tampered_with_is_told(bench: Bench) -> None:
    plain = f"kind: A\ndata:\n  a: {CANARY}\n  b: other\n"
    made = bench.binary.encrypt(plain, file="x.yaml", rule=rule(bench, encrypted_regex="^data$")).text
    lines = made.splitlines()
    swapped = "\n".join([*lines[:2], lines[3].replace("b:", "a:"), lines[2].replace("a:", "b:"), *lines[4:]])
    by_hand = made.replace(lines[2], f"  a: {CANARY}")
    for text in (made.replace("kind: A", "kind: B"), swapped, by_hand):
        with pytest.raises(TamperedError) as caught:
            bench.binary.decrypt(text, file="x.yaml")
        assert CANARY not in f"{caught.value!r}{caught.value}{caught.value.cause}{caught.value.hint}"
    only = bench.binary.encrypt(
        plain, file="x.yaml", rule=rule(bench, encrypted_regex="^data$", mac_only_encrypted=True)
    )
    changed = only.text.replace("kind: A", "kind: B")
    assert bench.binary.decrypt(changed, file="x.yaml") == plain.replace("kind: A", "kind: B")


@pytest.mark.parametrize(
    "text", ["- a\n", "", "a: 1\nsops: {mac: x}\n", "a: &x 1\nb: *x\n", "a: 0123\n", "a: [\n", "a: 1\na: 2\n"]
)
def test_what_is_not_safe_is_refused(text: str, bench: Bench) -> None:
    with pytest.raises(BadManifestError):
        bench.binary.encrypt(text, file="x.yaml", rule=rule(bench))


@pytest.mark.parametrize("recipients", [(), ("age1broken",), (OTHER[:-1] + "x",)])
def test_recipients_that_are_none(recipients: tuple[str, ...], bench: Bench) -> None:
    with pytest.raises(RefusedError):
        bench.binary.encrypt("a: b\n", file="x.yaml", rule=CreationRule("", recipients))


def test_the_environment_does_not_add_recipients(bench: Bench) -> None:
    env = {**bench.env, "SOPS_AGE_RECIPIENTS": OTHER, "SOPS_CONFIG": "/nowhere"}
    engine = choose_engine("binary", list, {**env, "PATH": str(bench.sops.parent)})
    made = engine.encrypt("a: b\n", file="x.yaml", rule=rule(bench))
    assert OTHER not in made.text


def test_choice(bench: Bench, tmp_path: Path) -> None:
    here, nowhere = {**bench.env, "PATH": str(bench.sops.parent)}, {**bench.env, "PATH": str(tmp_path)}
    assert choose_engine("auto", list, here).name == "binary"
    assert choose_engine("binary", list, here).name == "binary"
    assert choose_engine("builtin", list, here).name == "builtin"
    assert choose_engine("auto", list, nowhere).name == "builtin"
    with pytest.raises(OutsideError, match="there is no sops on PATH"):
        choose_engine("binary", list, nowhere)
    with pytest.raises(UsageError):
        choose_engine("best", list, here)
    old = tmp_path / "sops"
    old.write_text("#!/bin/sh\necho 'sops 3.9.0'\n")
    old.chmod(0o755)
    assert choose_engine("auto", list, nowhere).name == "builtin"
    with pytest.raises(OutsideError, match="too old"):
        choose_engine("binary", list, nowhere)


def test_a_rule_file_that_is_broken_does_not_matter(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench.binary.encrypt("a: b\n", file="x.yaml", rule=rule(bench))
    (tmp_path / ".sops.yaml").write_text("creation_rules: [\n")
    monkeypatch.chdir(tmp_path)
    assert bench.binary.decrypt(made.text, file="x.yaml") == "a: b\n"
    assert bench.binary.encrypt("a: b\n", file="x.yaml", rule=rule(bench)).values == 1
