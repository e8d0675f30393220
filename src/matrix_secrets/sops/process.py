"""The real ``sops``: found, its version known, run over standard input and output."""

from __future__ import annotations

import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import OutsideError
from matrix_secrets.records import dataclass
from matrix_secrets.sops.childenv import child_environment
from matrix_secrets.sops.failures import failure
from matrix_secrets.sops.program import HINT, find_sops

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["HINT", "SopsProgram", "find_sops"]

OLDEST: Final = (3, 10, 0)  # the first that reads a list under age:
_ANSWERS: Final = 10.0  # seconds within which a sops says its version
_NOT_MODIFIED: Final = 200  # what `sops edit` exits with where the editor changed nothing
_VERSION: Final = re.compile(r"^sops (\d+)\.(\d+)\.(\d+)")
_YAML: Final = ("--input-type", "yaml", "--output-type", "yaml")
_NO_RULES: Final = "stores:\n  yaml:\n    indent: 2\n"


@dataclass(frozen=True, slots=True)
class SopsProgram:
    """A sops that is new enough. ``env`` is the user's environment, from which each run gets what it needs."""

    path: Path
    version: tuple[int, int, int]
    env: Mapping[str, str]

    @classmethod
    def at(cls, path: Path, env: Mapping[str, str]) -> SopsProgram:
        """Ask a program for its version. Raises OutsideError if it cannot be run, is no sops, or is too old."""
        done = _run([str(path), "--version"], b"", child_environment(env, identities=False), limit=_ANSWERS)
        found = _VERSION.match(done.stdout.decode("utf-8", "replace"))
        if done.returncode != 0 and found is None:
            raise failure(done.returncode, done.stderr.decode("utf-8", "replace"), file=str(path), doing="--version")
        if found is None:
            raise OutsideError(f"{path} does not say which version of sops it is", hint=HINT)
        version = (int(found[1]), int(found[2]), int(found[3]))
        if version < OLDEST:
            shown = ".".join(map(str, version))
            raise OutsideError(f"{path} is sops {shown}, which is too old", cause="3.10 is needed", hint=HINT)
        return cls(path, version, env)

    def encrypt(self, plain: str, config: str, *, file: str) -> str:
        """Encrypt a text under the one rule of a configuration; return it as sops writes it.

        Raises BadManifestError for what sops does not read, OutsideError.
        """
        arguments = ["encrypt", "--filename-override", "manifest.yaml", *_YAML]
        with _configuration(config) as path:
            return self._text(["--config", str(path), *arguments], plain, file=file, identities=False)

    def decrypt(self, encrypted: str, *, file: str) -> str:
        """Decrypt a text, its MAC verified; return it as sops writes it.

        Raises NoIdentityError, TamperedError, OutsideError.
        """
        with _configuration(_NO_RULES) as path:
            return self._text(["--config", str(path), "decrypt", *_YAML], encrypted, file=file, identities=True)

    def edit(self, directory: Path, encrypted: str, plain: str, *, file: str) -> str:
        """Put another plain text into an encrypted one; values that are equal keep their ciphertext.

        ``directory`` is private and in memory: sops writes the plain text into a file there. The editor is a shell that
        copies standard input, and fails when sops, which did not like the text, comes back for another one.
        """
        copy, config = directory / "manifest.yaml", directory / "rules.yaml"
        copy.write_bytes(encrypted.encode())
        config.write_text(_NO_RULES, encoding="utf-8")
        editor = """sh -c 'cat >"$1" && test -s "$1"' sh"""
        overrides = {"SOPS_EDITOR": editor, "TMPDIR": str(directory)}
        command = [str(self.path), "--config", str(config), "edit", *_YAML, str(copy)]
        done = _run(command, plain.encode(), {**child_environment(self.env, identities=True), **overrides})
        if done.returncode not in (0, _NOT_MODIFIED):
            raise failure(done.returncode, done.stderr.decode("utf-8", "replace"), file=file, doing="edit")
        return copy.read_bytes().decode("utf-8")

    def _text(self, arguments: Sequence[str], text: str, *, file: str, identities: bool) -> str:
        env = child_environment(self.env, identities=identities)
        done = _run([str(self.path), *arguments], text.encode(), env)
        if done.returncode != 0:
            doing = "decrypt" if "decrypt" in arguments else "encrypt"
            raise failure(done.returncode, done.stderr.decode("utf-8", "replace"), file=file, doing=doing)
        try:
            return done.stdout.decode("utf-8")
        except UnicodeDecodeError:
            raise OutsideError("sops returned something that is no text; nothing was changed", hint=HINT) from None


@contextmanager
def _configuration(text: str) -> Iterator[Path]:
    """A rules file for one run. It holds public keys; no rule of the repository can mix itself in."""
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-") as directory:
        path = Path(directory) / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        yield path


def _run(
    command: Sequence[str], stdin: bytes, env: Mapping[str, str], *, limit: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run to the end, however long (a key service may wait for a person), or for ``limit`` seconds.

    An interruption ends the child, too.
    """
    try:
        return subprocess.run(command, input=stdin, capture_output=True, check=False, env=dict(env), timeout=limit)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise OutsideError(f"{command[0]} does not answer", hint=HINT) from None
    except OSError as error:
        raise OutsideError(
            f"{command[0]} cannot be run: {error.strerror or 'it is no program for this machine'}", hint=HINT
        ) from None
