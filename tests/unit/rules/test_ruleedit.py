from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matrix_secrets.errors import BadManifestError, RefusedError
from matrix_secrets.sops.creationrules import CreationRules, rules_of
from matrix_secrets.sops.ruleedit import with_rule

ALICE: Final = "age1hsk0ga42qh2mlej7llu6r33dt24fx54pee7u7ca3heux2v95wazstsf6qd"
BOB: Final = "age1u733x54gnlhvf4x7u5rh9je5hup69l0jrnqpr2rpw6auvkdgry0smuhze4"
FILES: Final = ("apps/matrix/postgres.yaml", "apps/matrix/synapse.yaml")
ROOT: Final = Path("/repository")

NEW_FILE = f"""\
# What sops encrypts: in which files, for whom, and which parts of them. The first rule that fits a file counts.
# Reference: https://getsops.io/docs/#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files
creation_rules:
  - path_regex: ^apps/matrix/(postgres|synapse)\\.yaml$
    encrypted_regex: ^(data|stringData)$
    mac_only_encrypted: true
    age:
      - {ALICE}  # you
      - {BOB}

stores:
  yaml:
    indent: 2
"""


def add(text: str | None) -> str:
    return with_rule(text, files=FILES, recipients=[(ALICE, "you"), (BOB, "")])


def read(text: str) -> CreationRules:
    rules = rules_of(ROOT, text)
    assert rules is not None
    return rules


@pytest.mark.parametrize("text", [None, "", " \n\n", "\ufeff"])
def test_a_new_file(text: str | None) -> None:
    assert add(text) == NEW_FILE
    assert read(NEW_FILE).names == {ALICE: "you"}


RULE: Final = """\
  - path_regex: ^apps/matrix/(postgres|synapse)\\.yaml$
    encrypted_regex: ^(data|stringData)$
    mac_only_encrypted: true
    age:
      - {ALICE}  # you
      - {BOB}
""".replace("{ALICE}", ALICE).replace("{BOB}", BOB)
STORES: Final = "\nstores:\n  yaml:\n    indent: 2\n"
HERE: Final = "HERE\n"

PLACES = {
    "above a broader rule and its comment": f"""\
# all rules
creation_rules:
  - path_regex: ^other/
    age: {BOB}  # bob

{HERE}  # everything of matrix
  - path_regex: apps/matrix
    age: {BOB}
    # more of it
# end
""",
    "below the last": f"creation_rules:\n  - path_regex: ^other/\n    age: {BOB}\n    # bob's\n{HERE}# end\n",
    "below a block scalar": f"creation_rules:\n  - path_regex: ^o/\n    age: |\n      {BOB}\n{HERE}",
    "nothing yet": f"keys: [a]\ncreation_rules: # rules\n{HERE}",
    "above a rule for everything": f"creation_rules:\n{HERE}  - age: {BOB}\n",
    "behind a null field": f"creation_rules:\n  - path_regex: ^o/\n    age:\n{HERE}# end\n",
    "no rules": f"destination_rules: []\n{HERE}",
}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_rule_stands_in_its_place(name: str, newline: str) -> None:
    marked = PLACES[name].replace("\n", newline)
    here = f"HERE{newline}"
    rule = ("creation_rules:\n" if name == "no rules" else "") + RULE
    wanted = marked.replace(here, rule.replace("\n", newline)) + STORES.replace("\n", newline)
    assert add(marked.replace(here, "")) == wanted


def test_layout_of_the_file_is_kept() -> None:
    old = f"creation_rules:\n-   path_regex: ^o/\n    age:\n    -   {BOB}\nstores: {{json: {{indent: 1}}}}\n"
    new = add(old)
    assert "\n-   path_regex: ^apps/matrix/(postgres|synapse)\\.yaml$\n    encrypted_regex: " in new
    assert f"\n    age:\n    -   {ALICE}  # you\n    -   {BOB}\nstores: {{json: {{indent: 1}}}}\n" in new


def test_empty_flow_list_and_null_make_way() -> None:
    for nothing in ("[]", "[ ]", "~", "null"):
        new = add(f"creation_rules: {nothing}  # none\nfoo: a")
        assert new == f"creation_rules:  # none\n{RULE}foo: a\n{STORES}"


def test_a_comment_file_gets_its_rules_at_the_end() -> None:
    assert add("# mine\n") == f"# mine\ncreation_rules:\n{RULE}{STORES}"


def test_a_second_document_stays_behind() -> None:
    assert add("a: 1\n---\nb: 2\n") == f"a: 1\ncreation_rules:\n{RULE}{STORES}---\nb: 2\n"


@pytest.mark.parametrize(
    "text",
    [
        "{creation_rules: []}\n",
        f"creation_rules: [{{age: {BOB}}}]\n",
        f"a: &a [{{age: {BOB}}}]\ncreation_rules: *a\n",
    ],
)
def test_what_cannot_be_edited_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match=r"^\.sops\.yaml: cannot take a new rule: "):
        add(text)


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "creation_rules: a\n", "a: 1\na: 2\n"])
def test_what_sops_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(BadManifestError):
        add(text)


@st.composite
def rule_files(draw: st.DrawFn) -> str:
    """Rules files in many layouts: indentation, comments, empty lines, anchors, line ends."""
    dash, gap = draw(st.sampled_from([0, 2, 4])), draw(st.sampled_from([1, 3]))
    noise = st.sampled_from(["", "", "", "\n", "# c\n", " " * dash + "# c\n", " " * (dash + 3) + "# - c\n"])
    key = " " * (dash + 1 + gap)
    spelled = [
        f"age: {BOB}",
        f"age: [{BOB}]  # bob",
        f"age:\n{key}{' ' * dash}- {BOB} # bob",
        f"age: >-\n{key}  {BOB}",
        f"age:\n{key}  *bob",
    ]
    text = draw(noise) + f"keys:\n  - &bob {BOB}\n" + draw(noise) + "creation_rules:\n"
    for _ in range(draw(st.integers(1, 3))):
        expression = draw(st.sampled_from(["^other/", "apps/", "\\.yaml$", "synapse"]))
        fields = [f"path_regex: {expression}", draw(st.sampled_from(spelled)), "foo: {a: 1}"]
        chosen = draw(st.permutations(fields))
        text += draw(noise) + " " * dash + "-" + " " * gap + f"\n{draw(noise)}{key}".join(chosen) + "\n"
    text += (
        draw(noise) + draw(st.sampled_from(["", "stores: {yaml: {indent: 3}}\n", "stores:\n  yaml:\n"])) + draw(noise)
    )
    text = draw(st.sampled_from([text, text.rstrip("\n")]))
    return draw(st.sampled_from([text, text.replace("\n", "\r\n")]))


@given(rule_files())
def test_every_old_line_stays_and_the_rule_wins(old: str) -> None:
    new = add(old)
    rest = iter(new.splitlines())
    assert all(line in rest for line in old.splitlines())
    before, after = read(old), read(new)
    for file in FILES:
        rule = after.rule_for(file)
        assert rule is not None
        assert rule.recipients == (ALICE, BOB)
        assert rule.mac_only_encrypted
    others = [rule for rule in after.rules if ALICE not in rule.recipients]
    assert len(others) == len(after.rules) - 1
    assert [replace(rule, index=index) for index, rule in enumerate(others)] == list(before.rules)
    assert {**after.names, ALICE: "you"} == {**before.names, ALICE: "you"}
