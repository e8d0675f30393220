"""Rules written here are what the real sops goes by; and so is the example."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.sops.creationrules import load_rules, rules_of
from matrix_secrets.sops.ruleedit import with_rule
from tests.sops.rules_interop.asking_sops import ALICE, BOB, CAROL, Answer, ask_sops

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).parents[3] / ".sops.yaml.example"
FILES = ("apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml")
OURS = Answer((ALICE, BOB), ("encrypted_regex", "^(data|stringData)$"), mac_only_encrypted=True)


@pytest.mark.parametrize(
    "old",
    [
        None,
        f"creation_rules:\n  - path_regex: apps/matrix/.*\\.yaml$\n    age: {CAROL}\n",
        f"creation_rules:\n- path_regex: ^x\n  age: {CAROL}\n- age: {CAROL}\n".replace("\n", "\r\n"),
    ],
)
def test_new_rule_wins(old: str | None, ask: Callable[[str, str], Answer]) -> None:
    new = with_rule(old, files=FILES, recipients=[(ALICE, "alice"), (BOB, "bob")])
    for file in FILES:
        assert ask(new, file) == OURS
    theirs = ask(new, "apps/matrix/element.yaml")
    assert theirs.recipients == ((CAROL,) if old else ())


@pytest.mark.parametrize("files", [("a b.yaml",), ("$(x)/é+1.yaml", "$(x)/'.yaml"), ("a/[b].yaml", "c{2}.yml")])
def test_odd_file_names(files: tuple[str, ...], ask: Callable[[str, str], Answer]) -> None:
    new = with_rule(None, files=files, recipients=[(ALICE, "alice"), (BOB, "")])
    assert all(ask(new, file) == OURS for file in files)
    assert ask(new, f"{files[0]}x").refused


def test_the_example_as_it_stands_encrypts_for_nobody(ask: Callable[[str, str], Answer]) -> None:
    assert "unknown recipient type" in ask(EXAMPLE.read_text(), FILES[0]).refused


def test_the_example_with_recipients_in_it(ask: Callable[[str, str], Answer], tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("AGE1_RECIPIENT_OF_ALICE", ALICE).replace("AGE1_RECIPIENT_OF_THE_CLUSTER", BOB)
    wanted = {
        FILES[0]: OURS,
        "apps/matrix/element.yaml": Answer((ALICE,), ("unencrypted_suffix", "_unencrypted")),
        "apps/other/x.yaml": Answer((ALICE,), ("unencrypted_regex", "^(apiVersion|kind|metadata|type)$")),
    }
    rules = rules_of(tmp_path, text)
    assert rules is not None
    assert rules.names == {ALICE: "alice", BOB: "cluster"}
    for file, answer in wanted.items():
        assert ask(text, file) == answer
        rule = rules.rule_for(file)
        assert rule is not None
        assert Answer(rule.recipients, rule.selector, rule.mac_only_encrypted) == answer
    assert ask(text, "elsewhere.yaml").refused
    assert rules.rule_for("elsewhere.yaml") is None


def test_the_example_without_age_lists_selectors_that_sops_knows(ask: Callable[[str, str], Answer]) -> None:
    block = EXAMPLE.read_text().partition("only one:\n")[2].partition("  - path_regex")[0]
    spelled = [line.strip(" #").split("  ")[0] for line in block.splitlines() if line.strip()]
    assert len(spelled) == 6
    for line in spelled:
        name, _, value = line.partition(": ")
        answer = ask(f"creation_rules:\n- age: {ALICE}\n  {line}\n", "x.yaml")
        assert answer.selector == (name, value.strip('"'))


def test_lookup_is_that_of_sops(sops_binary: Path, tmp_path: Path) -> None:
    root, other = tmp_path / "a" / "repository", tmp_path / "other"
    root.mkdir(parents=True)
    other.mkdir()
    (tmp_path / ".sops.yaml").write_text(f"creation_rules:\n- path_regex: ^a/repository/x\n  age: {ALICE}\n")
    (other / "rules.yaml").write_text(f"creation_rules:\n- path_regex: ^{root}/x\n  age: {BOB}\n")
    for env in ({}, {"SOPS_CONFIG": str(other / "rules.yaml")}, {"SOPS_CONFIG": "../../other/rules.yaml"}):
        rules = load_rules(root, env)
        assert rules is not None
        rule = rules.rule_for("x.yaml")
        assert rule is not None
        assert ask_sops(sops_binary, root, "x.yaml", env).recipients == rule.recipients
        assert rules.rule_for("y.yaml") is None
        assert ask_sops(sops_binary, root, "y.yaml", env).refused
