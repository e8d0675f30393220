"""How long on-boarding and off-boarding take for 100 stacks with 10 recipients, beside a loop over the real sops."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from matrix_secrets.agekeys.generate import generate_identity, identity_file_text, write_identity
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import load_rules
from provision.part import find_programs, load_parts

STACKS: Final = 100
RECIPIENTS: Final = 10
_MANIFEST: Final = "apiVersion: v1\nkind: Secret\nmetadata: {{name: matrix-secrets}}\nstringData:\n{values}"
_KEYS: Final = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)


def main() -> int:
    """Measure and print. Returns 1 where there is no sops to compare with."""
    programs = find_programs(load_parts()["sops"])
    if programs is None:
        print("NOT RUN: keys add and keys remove beside sops: make parts", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as place:
        for line in _measured(Path(place), programs["sops"]):
            print(line)
    return 0


def _measured(place: Path, sops: Path) -> list[str]:
    home = place / "home"
    me, bob = generate_identity(), generate_identity()
    write_identity(home / ".config" / "sops" / "age" / "keys.txt", identity_file_text(me))
    keys = [me.recipient.key, *(generate_identity().recipient.key for _ in range(RECIPIENTS - 2))]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SOPS_", "GIT_", "XDG_"))}
    env |= {"HOME": str(home), "PATH": f"{sops.parent}{os.pathsep}{env['PATH']}", "GIT_CONFIG_NOSYSTEM": "1"}
    ours, theirs = place / "ours", place / "theirs"
    files = _repository(ours, keys)
    shutil.copytree(ours, theirs)
    tool = [sys.executable, "-m", "matrix_secrets", "-C", str(ours), "keys"]

    added = _seconds([[*tool, "add", "bob", bob.recipient.key, "--all-stacks"]], env, ours)
    (theirs / ".sops.yaml").write_bytes((ours / ".sops.yaml").read_bytes())
    updated = _seconds([[str(sops), "updatekeys", "--yes", file] for file in files], env, theirs)
    removed = _seconds([[*tool, "remove", "bob"]], env, ours)
    (theirs / ".sops.yaml").write_bytes((ours / ".sops.yaml").read_bytes())
    loops = [[str(sops), "updatekeys", "--yes", file] for file in files]
    loops += [[str(sops), "rotate", "--in-place", file] for file in files]
    rotated = _seconds(loops, env, theirs)
    what = f"{STACKS} stacks, {RECIPIENTS} recipients"
    return [
        f"keys add,    {what}: {added:5.1f} s; a loop over sops updatekeys: {updated:5.1f} s, {updated / added:.1f} x",
        (
            f"keys remove, {what}: {removed:5.1f} s; updatekeys, then rotate:       {rotated:5.1f} s, "
            f"{rotated / removed:.1f} x (without the list of what is known, and the proof)"
        ),
    ]


def _repository(root: Path, keys: list[str]) -> list[str]:
    """Make a Git repository of encrypted stacks; return their files."""
    root.mkdir()
    listed = "".join(f"      - {key}\n" for key in keys)
    rule = f"  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    age:\n{listed}"
    (root / ".sops.yaml").write_text(f"creation_rules:\n{rule}", encoding="utf-8")
    rules = load_rules(root, {})
    engine = BuiltinEngine(tuple)
    files = [f"apps/stack-{number:03}/matrix.yaml" for number in range(STACKS)]
    for number, file in enumerate(files):
        values = "".join(f"  {key}: {key.lower()}-of-stack-{number:04}\n" for key in _KEYS)
        creation = rules.rule_for(file) if rules is not None else None
        if creation is None:
            message = f"no rule covers {file}"
            raise RuntimeError(message)
        (root / file).parent.mkdir(parents=True)
        text = engine.encrypt(_MANIFEST.format(values=values), file=file, rule=creation).text
        (root / file).write_text(text, encoding="utf-8")
    who = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    return files


def _seconds(commands: list[list[str]], env: dict[str, str], where: Path) -> float:
    begun = time.monotonic()
    for command in commands:
        subprocess.run(command, cwd=where, env=env, check=True, capture_output=True)
    return time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
