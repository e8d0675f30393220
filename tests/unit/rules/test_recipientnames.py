from __future__ import annotations

import pytest

from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.recipientnames import recipient_names

A = "age1hsk0ga42qh2mlej7llu6r33dt24fx54pee7u7ca3heux2v95wazstsf6qd"
B = "age1u733x54gnlhvf4x7u5rh9je5hup69l0jrnqpr2rpw6auvkdgry0smuhze4"
SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ carol@host"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f"creation_rules:\n- age:\n  - {A}  # alice\n  - {B}\n  # nobody\n", {A: "alice"}),
        (f"creation_rules:\n- age: {A} #  Alice Smith \r\n", {A: "Alice Smith"}),
        (f"creation_rules:\n- age: [{A}, # alice\n    {B} # bob\n    ]\n", {A: "alice", B: "bob"}),
        (f"keys:\n- &alice {A}\ncreation_rules:\n- age: [*alice, {B}] # both\n", {A: "alice"}),
        (f"keys:\n- &alice {A} # Alice Smith\ncreation_rules:\n- age: [*alice]\n", {A: "alice"}),
        (f"keys:\n  people:\n  - &alice {A}\n  hosts:\n  - &web {B}\n", {A: "alice", B: "web"}),
        (f"a:\n- {A} # alice\n- {A} # later\n", {A: "alice"}),
        (f"creation_rules:\n- age: {A},{B} # who?\n", {}),
        (f"creation_rules:\n- age:\n  - {SSH}  # carol\n  - '{A}' # alice\n", {SSH: "carol", A: "alice"}),
        (f"creation_rules:\n- path_regex: x # no recipient\n  age: {A}#1\n", {}),
        ("", {}),
        ("# nothing\n", {}),
    ],
)
def test_names(text: str, names: dict[str, str]) -> None:
    assert recipient_names(parse(text)) == names
