"""What the real sops makes of a rules file: the result's recipients and selectors, or that it refuses."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matrix_secrets.manifests.nodes import Scalar, Sequence, child, text_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.sops.configfile import SELECTORS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ALICE = "age1hsk0ga42qh2mlej7llu6r33dt24fx54pee7u7ca3heux2v95wazstsf6qd"
BOB = "age1u733x54gnlhvf4x7u5rh9je5hup69l0jrnqpr2rpw6auvkdgry0smuhze4"
CAROL = "age1h6a093xuun064w6lj56a2f2895tcl4catrv7hqp242l75lm36ugqj0hkqw"


@dataclass(frozen=True)
class Answer:
    """``selector`` is a name and a value; ``refused`` holds sops's message where it refused."""

    recipients: tuple[str, ...] = ()
    selector: tuple[str, str] = ("", "")
    mac_only_encrypted: bool = False
    refused: str = ""


def ask_sops(sops: Path, root: Path, file: str, env: Mapping[str, str]) -> Answer:
    """Encrypt a little file from standard input as ``file``, in ``root``, under the rules that sops finds there."""
    command = [str(sops), "encrypt", "--filename-override", file, "--input-type", "yaml", "--output-type", "yaml"]
    done = subprocess.run(command, cwd=root, input="a: b\n", capture_output=True, text=True, check=False, env=dict(env))
    if done.returncode:
        return Answer(refused=done.stderr or f"exit {done.returncode}")
    block = child(parse(done.stdout).documents[0].root, "sops")
    ages = child(block, "age")
    recipients = [text_at(one, ("recipient",)) or "" for one in (ages.items if isinstance(ages, Sequence) else ())]
    groups = child(block, "key_groups")
    for group in groups.items if isinstance(groups, Sequence) else ():
        inner = child(group, "age")
        recipients += [
            text_at(one, ("recipient",)) or "" for one in (inner.items if isinstance(inner, Sequence) else ())
        ]
    selectors = [(name, node.value) for name in SELECTORS if isinstance(node := child(block, name), Scalar)]
    assert len(selectors) == 1
    return Answer(tuple(recipients), selectors[0], text_at(block, ("mac_only_encrypted",)) == "true")
