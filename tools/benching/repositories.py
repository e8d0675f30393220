"""Repositories after the guide, with as many or as large files as are wanted."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benching.measuring import Command, loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GUIDE: Final = Path(__file__).parent.parent.parent / "tests" / "fixtures" / "guide"
SYNAPSE: Final = "apps/matrix/synapse.yaml"
POSTGRES: Final = "apps/matrix/postgres.yaml"
ADDRESS: Final = "192.168.1.100"
_FOREIGN: Final = ("XDG_", "SOPS_", "GIT_", "MATRIX_SECRETS_", "AGE_", "PYTHON")
_SMALL: Final = """\
# An application's own secrets
apiVersion: v1
kind: Secret
metadata:
  name: more-{number}
  namespace: matrix
type: Opaque
stringData:
  USER: somebody
  PASSWORD: {first}
  TOKEN: {second}
  URL: "https://example.org/{number}"
"""


def our_command() -> list[str]:
    """The installed command beside this Python, else the module."""
    script = Path(sysconfig.get_path("scripts")) / "matrix-secrets"
    return [str(script)] if script.exists() else [sys.executable, "-m", "matrix_secrets"]


class Site:
    """A repository, a home with an identity in it, and both programs. The guide's values are generated, in plain."""

    def __init__(self, directory: Path, sops: Path) -> None:
        self.root = directory / "cluster"
        self.sops = sops
        self._home = directory / "home"
        self._home.mkdir(parents=True)
        shutil.copytree(GUIDE, self.root)
        self._do("git", "init", "--quiet")
        self.recipient = self._do(*our_command(), "keys", "generate").strip()
        self._do(*our_command(), "configure", "--server-name", ADDRESS, "--node-ip", ADDRESS)
        self._do(*our_command(), "generate")
        self.rules(self.recipient)

    @property
    def env(self) -> dict[str, str]:
        """The environment of somebody who has the real sops on PATH; the engine is builtin."""
        env = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        path = os.pathsep.join([str(self.sops.parent), env.get("PATH", "/usr/bin:/bin")])
        return env | {"HOME": str(self._home), "PATH": path, "MATRIX_SECRETS_ENGINE": "builtin"}

    def rules(self, *recipients: str) -> None:
        """Write a rule that covers all files."""
        lines = ["stores: {yaml: {indent: 2}}", "creation_rules:", "  - path_regex: ^apps/", "    age:"]
        lines += [f"      - {recipient}" for recipient in recipients]
        lines += ["    encrypted_regex: ^(data|stringData)$", "    mac_only_encrypted: true", ""]
        (self.root / ".sops.yaml").write_text("\n".join(lines), encoding="utf-8")

    def small_files(self, count: int) -> list[str]:
        """Add Secrets of four values to the stack."""
        names = [f"apps/matrix/more-{number:05}.yaml" for number in range(count)]
        for number, name in enumerate(names):
            text = _SMALL.format(number=number, first=secrets.token_hex(32), second=secrets.token_hex(32))
            (self.root / name).write_text(text, encoding="utf-8")
        return names

    def large_file(self, size: int) -> str:
        """Add a Secret of about ``size`` bytes."""
        name = "apps/matrix/large.yaml"
        head = _SMALL.format(number=0, first="first", second="second")
        values = (f"  VALUE_{number:06}: {secrets.token_hex(60)}\n" for number in range(size // 137))
        (self.root / name).write_text(head + "".join(values), encoding="utf-8")
        return name

    def guide_size_files(self, count: int) -> list[str]:
        """Add copies of the guide's postgres.yaml, five documents each, whose Secret is no part of the stack."""
        text = re.sub(r"\b(POSTGRES|SYNAPSE)_", "OTHER_", (GUIDE / POSTGRES).read_text(encoding="utf-8"))
        names = [f"apps/matrix/like-the-guide-{number:05}.yaml" for number in range(count)]
        for number, name in enumerate(names):
            new = re.sub("matrix-(secrets|postgres)", f"other-{number}", text)
            new = re.sub("CHANGE_ME_BEFORE_DEPLOY", lambda _: secrets.token_hex(32), new)
            (self.root / name).write_text(new, encoding="utf-8")
        return names

    def ours(self, *words: str, before: Callable[[], None] | None = None, engine: str = "builtin") -> Command:
        """Make a command of ours."""
        return Command([*our_command(), *words], self.root, self.env | {"MATRIX_SECRETS_ENGINE": engine}, before)

    def theirs(self, *words: str, files: Sequence[str], before: Callable[[], None] | None = None) -> Command:
        """Make a call of sops, or a shell's loop over several files."""
        program = [str(self.sops), *words]
        line = [*program, *files] if len(files) == 1 else loop(program, files)
        return Command(line, self.root, self.env, before)

    def their_turns(
        self, *turns: Sequence[str], files: Sequence[str], before: Callable[[], None] | None = None
    ) -> Command:
        """Make a shell's loop that calls sops several times for each file."""
        calls = " && ".join(f'{shlex.join([str(self.sops), *words])} "$file"' for words in turns)
        line = ["sh", "-c", f"for file do {calls} || exit; done", "sh", *files]
        return Command(line, self.root, self.env, before)

    def restoring(self, *names: str) -> Callable[[], None]:
        """Return what puts these files back as they are now."""
        kept = {self.root / name: (self.root / name).read_bytes() for name in (*names, ".sops.yaml")}

        def restore() -> None:
            for path, content in kept.items():
                if path.read_bytes() != content:
                    path.write_bytes(content)

        return restore

    def encrypt(self, *names: str) -> None:
        """Encrypt files, by ours."""
        self._do(*our_command(), "encrypt", *names)

    def encrypt_in_place(self, *names: str) -> None:
        """Encrypt files by the real sops, which writes into them: no inode is given up."""
        self._do(*loop([str(self.sops), "encrypt", "-i"], names))

    def run(self, *words: str) -> None:
        """Run a command of ours."""
        self._do(*our_command(), *words)

    def commit(self) -> None:
        """Commit all that is there."""
        who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
        self._do("git", "add", "--all")
        self._do("git", *who, "commit", "--quiet", "--message", "all")

    def _do(self, *words: str) -> str:
        return subprocess.run(words, cwd=self.root, env=self.env, check=True, capture_output=True, text=True).stdout
