"""Files with keys beside age's: PGP here, which needs no cloud. They are changed through ``sops edit``."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.errors import NoIdentityError, OutsideError, RefusedError
from matrix_secrets.sops.creationrules import rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.sops.creationrules import CreationRule
    from tests.sops.binary_engine.conftest import Bench, Pgp

PLAIN = """\
# head
kind: Secret   # kept
stringData:
    # old: canary-7f3a9
    PASSWORD:   "one"   # of the database
    conf.yaml: |
        a: 'b'
        c: d
data: {KEY: 'c2VjcmV0'}
---
kind:   ConfigMap
data:
  x: q
"""
MEMORY = Path("/dev/shm")  # noqa: S108  a file system in memory
CIPHERTEXT = re.compile(r"ENC\[AES256_GCM,data:[^\]]*\]")


def made_rule(text: str) -> CreationRule:
    rules = rules_of(Path("/"), f"creation_rules:\n- encrypted_regex: ^(data|stringData)$\n{text}")
    found = None if rules is None else rules.rule_for("x.yaml")
    assert found is not None
    return found


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory that no other test writes to."""
    with TemporaryDirectory(dir=MEMORY) as directory:
        yield Path(directory)


@pytest.fixture
def both(bench: Bench, pgp: Pgp) -> tuple[Bench, CreationRule]:
    """An environment with both private keys, and a rule for both."""
    env = {**bench.env, "GNUPGHOME": str(pgp.home)}
    return replace(bench, env=env), made_rule(f"  age: {bench.recipient}\n  pgp: {pgp.fingerprint}\n")


@pytest.mark.parametrize("opened_by", ["age", "pgp"])
def test_each_key_alone_reads_and_changes_it(opened_by: str, both: tuple[Bench, CreationRule], memory: Path) -> None:
    bench, rule = both
    assert rule.other_keys == ("pgp",)
    made = bench.binary.encrypt(PLAIN, file="x.yaml", rule=rule).text
    assert "BEGIN PGP MESSAGE" in made
    assert "canary" not in made
    hidden = {"SOPS_AGE_KEY"} if opened_by == "pgp" else {"GNUPGHOME"}
    env = {name: value for name, value in bench.env.items() if name not in hidden}
    one = replace(bench, env={**env, "TMPDIR": str(memory)})
    assert one.binary.decrypt(made, file="x.yaml") == PLAIN
    assert one.binary.update(made, PLAIN, file="x.yaml").text == made

    wanted = PLAIN.replace('"one"', '"two"').replace("x: q", "x: q\n  new:   z # canary-7f3a9")
    new = one.binary.update(made, wanted, file="x.yaml").text
    assert not list(memory.iterdir())
    assert one.binary.decrypt(new, file="x.yaml") == wanted
    assert "canary" not in new
    assert "BEGIN PGP MESSAGE" in new
    old_ones, new_ones = set(CIPHERTEXT.findall(made)), set(CIPHERTEXT.findall(new))
    assert len(old_ones - new_ones) == 2  # the password and the MAC
    assert len(new_ones - old_ones) == 4  # these, the new value and its comment
    assert [line for line in new.splitlines() if "-----" in line or "recipient" in line] == [
        line for line in made.splitlines() if "-----" in line or "recipient" in line
    ]


def test_formatting_can_be_changed_alone(both: tuple[Bench, CreationRule]) -> None:
    bench, rule = both
    made = bench.binary.encrypt(PLAIN, file="x.yaml", rule=rule).text
    wanted = PLAIN.replace("kind: Secret   # kept", "kind: Secret # changed").replace('"one"', "one")
    new = bench.binary.update(made, wanted, file="x.yaml").text
    assert bench.binary.decrypt(new, file="x.yaml") == wanted
    assert set(CIPHERTEXT.findall(made)) - set(CIPHERTEXT.findall(new)) <= {CIPHERTEXT.findall(made)[-1]}


def test_builtin_names_what_it_cannot_do(bench: Bench, pgp: Pgp) -> None:
    only_pgp = made_rule(f"  pgp: {pgp.fingerprint}\n")
    with pytest.raises(RefusedError, match="its rule asks for pgp"):
        bench.builtin.encrypt(PLAIN, file="x.yaml", rule=only_pgp)
    whole = replace(bench, env={**bench.env, "GNUPGHOME": str(pgp.home)})
    made = whole.binary.encrypt(PLAIN, file="x.yaml", rule=only_pgp).text
    assert whole.binary.decrypt(made, file="x.yaml") == PLAIN
    with pytest.raises(NoIdentityError, match="only the sops program can open it"):
        bench.builtin.decrypt(made, file="x.yaml")
    with pytest.raises(NoIdentityError, match="none of your keys opens this file"):
        bench.binary.decrypt(made, file="x.yaml")


def test_a_key_that_is_not_there(bench: Bench, pgp: Pgp) -> None:
    env = {**bench.env, "GNUPGHOME": str(pgp.home)}
    with pytest.raises(OutsideError) as caught:
        replace(bench, env=env).binary.encrypt(PLAIN, file="x.yaml", rule=made_rule(f"  pgp: {'ABCDEF0123' * 4}\n"))
    assert "ABCDEF0123" in (caught.value.cause or "")
    assert "canary" not in (caught.value.cause or "")


def test_groups_that_need_each_other(both: tuple[Bench, CreationRule], pgp: Pgp, bench: Bench) -> None:
    whole, _ = both
    groups = f"  shamir_threshold: 2\n  key_groups:\n  - age: [{bench.recipient}]\n  - pgp: [{pgp.fingerprint}]\n"
    rule = made_rule(groups)
    assert (rule.groups, rule.other_keys) == (2, ("pgp",))
    made = whole.binary.encrypt(PLAIN, file="x.yaml", rule=rule).text
    assert "shamir_threshold: 2" in made
    assert whole.binary.decrypt(made, file="x.yaml") == PLAIN
    new = whole.binary.update(made, PLAIN.replace("one", "two"), file="x.yaml").text
    assert whole.binary.decrypt(new, file="x.yaml") == PLAIN.replace("one", "two")
    assert "shamir_threshold: 2" in new
    with pytest.raises(NoIdentityError):
        bench.binary.decrypt(made, file="x.yaml")


def test_a_flow_document_cannot_take_such_a_block(both: tuple[Bench, CreationRule]) -> None:
    bench, rule = both
    with pytest.raises(RefusedError, match="cannot take the block"):
        bench.binary.encrypt("{data: {a: b}}\n", file="x.yaml", rule=rule)
