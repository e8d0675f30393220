"""The real sops as a command over stdin and stdout, with identities and rules of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.sops.builtin import BuiltinEngine

if TYPE_CHECKING:
    from pathlib import Path

    from matrix_secrets.secretvalue import SecretValue
    from matrix_secrets.sops.creationrules import CreationRule

IDENTITY = generate_identity("interop")
ENGINE = BuiltinEngine(lambda: [IDENTITY])
FILE = "apps/a.yaml"


class SopsFailedError(Exception):
    """sops exited with an error."""


@dataclass(frozen=True, slots=True)
class RealSops:
    """Runs the binary; ``directory`` holds its configuration, ``secret`` is the age key that it has."""

    binary: Path
    directory: Path
    secret: SecretValue = IDENTITY.secret

    def encrypt(self, plain: str, rule: CreationRule) -> str:
        """Encrypt with a configuration of this one rule."""
        (self.directory / ".sops.yaml").write_text(rule.as_config())
        return self._run(plain, "encrypt", "--filename-override", "a.yaml")

    def decrypt(self, encrypted: str) -> str:
        """Decrypt."""
        return self._run(encrypted, "decrypt", "--filename-override", "a.yaml")

    def decrypt_json(self, encrypted: str) -> object:
        """Decrypt one document into JSON values: strings, numbers and the like are told apart there."""
        return json.loads(self._run(encrypted, "decrypt", "--filename-override", "a.yaml", output="json"))

    def _run(self, text: str, *arguments: str, output: str = "yaml") -> str:
        done = subprocess.run(
            [str(self.binary), *arguments, "--input-type", "yaml", "--output-type", output],
            input=text.encode(),
            capture_output=True,
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "SOPS_AGE_KEY": self.secret.reveal()},
            check=False,
        )
        if done.returncode:
            raise SopsFailedError(done.stderr.decode())
        return done.stdout.decode()
