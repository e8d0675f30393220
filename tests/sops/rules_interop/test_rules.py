"""Rules files and paths: the same answer as the real sops gives, its refusals included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix_secrets.agekeys.recipient import Recipient
from matrix_secrets.errors import RefusedError
from matrix_secrets.sops.creationrules import load_rules
from tests.sops.rules_interop.asking_sops import ALICE, BOB, CAROL, Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUIDE = f"creation_rules:\n  - path_regex: apps/matrix/.*\\.yaml$\n    age: {ALICE}\n"

RULES = {
    "the guide's": GUIDE,
    "a list": f"creation_rules:\n- age:\n  - {ALICE}\n  - {BOB}\n",
    "several in one text": f"creation_rules:\n- age: ' {ALICE} ,,{BOB}, '\n",
    "several in one item": f'creation_rules:\n- age: ["{ALICE}, {BOB}", {CAROL}]\n',
    "the same twice": f"creation_rules:\n- age: [{ALICE}, {ALICE}]\n",
    "folded": f"creation_rules:\n- age: >-\n    {ALICE},\n    {BOB}\n",
    "first match wins": f"""
creation_rules:
- path_regex: ^other/
  age: {BOB}
- path_regex: matrix
  age: {ALICE}
  encrypted_regex: ^(data|stringData)$
  mac_only_encrypted: true
- age: {CAROL}
""",
    "no rule matches": f"creation_rules:\n- path_regex: ^nowhere\n  age: {ALICE}\n",
    "no rules": "creation_rules: []\n",
    "rules null": "creation_rules:\n",
    "empty file": "",
    "only a comment": "# nothing yet\n",
    "a list at the root": "- a\n",
    "a text at the root": "a\n",
    "anchors": f"""
keys:
- &alice {ALICE}
- &bob {BOB}
creation_rules:
- path_regex: \\.yaml$
  age: [*alice, *bob]
""",
    "anchored list": f"keys: &all [{ALICE}, {BOB}]\ncreation_rules:\n- age: *all\n",
    "merge key": f"""
base: &base
  age: {ALICE}
  encrypted_regex: ^data$
creation_rules:
- <<: *base
  encrypted_regex: ^stringData$
""",
    "merge list": f"""
a: &a {{age: {ALICE}}}
b: &b {{age: {BOB}, mac_only_encrypted: true}}
creation_rules:
- <<: [*a, *b]
""",
    "merge in merge": f"""
a: &a {{age: {ALICE}, encrypted_suffix: _x}}
b: &b {{<<: *a, age: {BOB}}}
creation_rules:
- <<: *b
""",
    "merge no mapping": f"a: &a [{ALICE}]\ncreation_rules:\n- <<: *a\n",
    "quoted merge": f"a: &a {{age: {BOB}}}\ncreation_rules:\n- '<<': *a\n  age: {ALICE}\n",
    "anchor in itself": f"creation_rules: &a\n- age: {ALICE}\n- key_groups: *a\n",
    "key groups of one": f"creation_rules:\n- key_groups:\n  - age: [{ALICE}, {BOB}, {ALICE}]\n",
    "key groups win": f"creation_rules:\n- age: {CAROL}\n  key_groups:\n  - age: [{ALICE}]\n",
    "two key groups": f"creation_rules:\n- shamir_threshold: 2\n  key_groups:\n  - age: [{ALICE}]\n  - age: [{BOB}]\n",
    "merged groups": f"""
creation_rules:
- key_groups:
  - merge:
    - merge: [{{age: [{CAROL}]}}]
      age: [{ALICE}]
    age: [{BOB}, {ALICE}]
""",
    "empty key groups": f"creation_rules:\n- age: {ALICE}\n  key_groups: []\n",
    "two selectors": f"creation_rules:\n- age: {ALICE}\n  encrypted_regex: a\n  encrypted_suffix: b\n",
    "two selectors in another rule": f"""
creation_rules:
- age: {ALICE}
- age: {BOB}
  encrypted_regex: a
  encrypted_suffix: b
""",
    "an empty selector is none": f"creation_rules:\n- age: {ALICE}\n  encrypted_regex: ''\n  encrypted_suffix: b\n",
    "encrypted_suffix": f"creation_rules:\n- age: {ALICE}\n  encrypted_suffix: _enc\n",
    "unencrypted_suffix": f"creation_rules:\n- age: {ALICE}\n  unencrypted_suffix: _plain\n",
    "unencrypted_regex": f"creation_rules:\n- age: {ALICE}\n  unencrypted_regex: ^kind$\n",
    "encrypted_comment_regex": f"creation_rules:\n- age: {ALICE}\n  encrypted_comment_regex: secret\n",
    "unencrypted_comment_regex": f"creation_rules:\n- age: {ALICE}\n  unencrypted_comment_regex: plain\n",
    "a number as a text": f"creation_rules:\n- age: {ALICE}\n  encrypted_regex: 12\n",
    "a truth value as a text": f"creation_rules:\n- age: {ALICE}\n  encrypted_regex: true\n",
    "a null as a text": f"creation_rules:\n- age: {ALICE}\n  encrypted_regex: ~\n",
    "mac yes": f"creation_rules:\n- age: {ALICE}\n  mac_only_encrypted: yes\n",
    "mac quoted on": f"creation_rules:\n- age: {ALICE}\n  mac_only_encrypted: 'on'\n",
    "mac quoted true": f"creation_rules:\n- age: {ALICE}\n  mac_only_encrypted: 'true'\n",
    "mac 1": f"creation_rules:\n- age: {ALICE}\n  mac_only_encrypted: 1\n",
    "unknown fields": f"foo: [1, {{a: b}}]\ncreation_rules:\n- age: {ALICE}\n  bar: {{a: 1, a: 2}}\n",
    "a field twice": f"creation_rules:\n- age: {ALICE}\n  age: {BOB}\n",
    "an unknown field twice": f"creation_rules:\n- age: {ALICE}\n  foo: 1\n  foo: 2\n",
    "age is a number": "creation_rules:\n- age: 12\n",
    "age holds a number": f"creation_rules:\n- age: [{ALICE}, 12]\n",
    "age holds a null": f"creation_rules:\n- age: [{ALICE}, ~]\n",
    "age holds a list": f"creation_rules:\n- age: [[{ALICE}]]\n",
    "age is a mapping": f"creation_rules:\n- age: {{a: {ALICE}}}\n",
    "age is wrong in another rule": f"creation_rules:\n- age: {ALICE}\n- age: 12\n",
    "age holds nothing": f"creation_rules:\n- age: ['', {ALICE}]\n",
    "no recipient at all": "creation_rules:\n- encrypted_regex: a\n",
    "a broken recipient": f"creation_rules:\n- age: {ALICE[:-1]}x\n",
    "no recipient": "creation_rules:\n- age: alice\n",
    "a null rule": f"creation_rules:\n- ~\n- age: {ALICE}\n",
    "a rule that is a text": f"creation_rules:\n- a\n- age: {ALICE}\n",
    "rules a mapping": f"creation_rules:\n  age: {ALICE}\n",
    "stores": f"stores: {{yaml: {{indent: 2}}}}\ncreation_rules:\n- age: {ALICE}\n",
    "stores wrong": f"stores: {{yaml: {{indent: two}}}}\ncreation_rules:\n- age: {ALICE}\n",
    "stores null": f"stores:\ncreation_rules:\n- age: {ALICE}\n",
    "destination rules": f"destination_rules:\n- path_regex: x\n  s3_bucket: y\ncreation_rules:\n- age: {ALICE}\n",
    "destination rules wrong": f"destination_rules:\n- omit_extensions: 3\ncreation_rules:\n- age: {ALICE}\n",
    "a broken expression before": f"creation_rules:\n- path_regex: (\n  age: {BOB}\n- age: {ALICE}\n",
    "a broken expression behind": f"creation_rules:\n- age: {ALICE}\n- path_regex: (\n  age: {BOB}\n",
    "broken YAML": "creation_rules: [\n",
    "CRLF": GUIDE.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + GUIDE,
    "a second document": GUIDE + "---\ncreation_rules:\n- age: 12\n",
    "shamir a fraction": f"creation_rules:\n- age: {ALICE}\n  shamir_threshold: 1.5\n",
    "shamir a text": f"creation_rules:\n- age: {ALICE}\n  shamir_threshold: one\n",
    "path_regex null": f"creation_rules:\n- path_regex:\n  age: {ALICE}\n",
    "pgp a number": f"creation_rules:\n- age: {ALICE}\n  pgp: 1234567890123456789012345678901234567890\n",
    "pgp empty": f"creation_rules:\n- age: {ALICE}\n  pgp: ''\n",
    "keys of a number": f"creation_rules:\n- age: {ALICE}\n  1: 2\n  ? [a]\n  : b\n",
    "odd characters": f'creation_rules:\n- age: {ALICE}\n  encrypted_regex: "\\x85\\u2028é😀\\x7f\\\\t\'"\n',
    "keys that are null": f"creation_rules:\n- age: {ALICE}\n  ~: 2\n",
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("file", ["apps/matrix/postgres.yaml", "apps/matrix/../other/x.yaml"])
def test_answer_is_that_of_sops(name: str, file: str, ask: Callable[[str, str], Answer], tmp_path: Path) -> None:
    theirs = ask(RULES[name], file)
    ours = _our_answer(tmp_path, file)
    assert bool(ours.refused) == bool(theirs.refused), (ours, theirs)
    if theirs.refused:
        return
    assert ours == theirs
    rules = load_rules(tmp_path, {})
    assert rules is not None
    rule = rules.rule_for(file)
    assert rule is not None
    assert ask(rule.as_config(), "any/other.yaml") == theirs


def _our_answer(root: Path, file: str) -> Answer:
    try:
        rules = load_rules(root, {})
        rule = None if rules is None else rules.rule_for(file)
        if rule is None:
            return Answer(refused="no rule")
        for recipient in rule.recipients:
            Recipient.parse(recipient)
    except RefusedError as error:
        return Answer(refused=str(error))
    if not rule.recipients:
        return Answer(refused="no recipient")
    return Answer(rule.recipients, rule.selector, rule.mac_only_encrypted)
