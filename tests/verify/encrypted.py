"""The guide's repository, encrypted by the real sops."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.sops.choose import choose_engine
from matrix_secrets.stack.workspace import Workspace
from tests.unit.checks.tree import OWNER, POSTGRES, SYNAPSE, Tree, verified

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.findings import Finding

SELECTED: Final = "    encrypted_regex: ^(data|stringData)$\n    mac_only_encrypted: true\n"
DECRYPTION: Final = "  decryption: {provider: sops, secretRef: {name: sops-age}}\n"


@dataclass(frozen=True)
class Programs:
    """The real programs."""

    sops: Path
    age_keygen: Path


class EncryptedTree(Tree):
    """A tree with a rule, and an identity in the home directory that reads it."""

    def __init__(self, root: Path, home: Path, programs: Programs) -> None:
        super().__init__(root)
        self.home = home
        self.programs = programs
        self.me = self.new_identity("keys.txt")

    def new_identity(self, name: str) -> str:
        """Make an identity in the directory where sops looks; return its recipient."""
        path = self.home / ".config" / "sops" / "age" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([self.programs.age_keygen, "-o", path], check=True, capture_output=True)
        return subprocess.run(
            [self.programs.age_keygen, "-y", path], check=True, capture_output=True, text=True
        ).stdout.strip()

    def rules(
        self, *recipients: str, selected: str = SELECTED, regex: str = r"^apps/matrix/(postgres|synapse)\.yaml$"
    ) -> None:
        listed = "".join(f"      - {recipient}  # someone\n" for recipient in recipients)
        self.write(".sops.yaml", f"creation_rules:\n  - path_regex: {regex}\n{selected}    age:\n{listed}")

    def sops(self, *words: str) -> None:
        env = {**os.environ, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config")}
        subprocess.run([self.programs.sops, *words], cwd=self.root, env=env, check=True, capture_output=True)

    def encrypt(self, *files: str) -> None:
        for file in files or (POSTGRES, SYNAPSE):
            self.sops("encrypt", "--in-place", file)

    def decrypted_by_flux(self) -> None:
        self.edit(OWNER, "  path: ./apps\n", f"  path: ./apps\n{DECRYPTION}")

    def workspace(self) -> Workspace:
        env = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config")}
        return Workspace(
            self.root,
            self.root / ".git",
            lambda: choose_engine("builtin", lambda: find_identities(env).identities, env),
        )

    def findings(self, *, without_key: bool = False) -> list[Finding]:
        return verified(self.workspace(), without_key=without_key)

    def errors(self, *, without_key: bool = False) -> list[tuple[str, str]]:
        found = self.findings(without_key=without_key)
        return [(finding.id, str(finding.place)) for finding in found if finding.severity == "error"]

    def ids(self) -> set[str]:
        return {finding.id for finding in self.findings()}
