"""A repository whose commits and pushes go through the hooks."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from tests.keys.team import Team

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.cli.running import Done

VALUES = "values.json"
NAMES = (
    "POSTGRES_PASSWORD",
    "SYNAPSE_MACAROON_SECRET_KEY",
    "SYNAPSE_REGISTRATION_SHARED_SECRET",
    "SYNAPSE_FORM_SECRET",
)


class Hooked(Team):
    """Git is run as people run it, and says yes or no."""

    def value(self, name: str = "POSTGRES_PASSWORD") -> str:
        """A secret's value as it was when the repository was made."""
        found = json.loads((self.people / VALUES).read_text())[name]
        assert isinstance(found, str)
        return found

    def write(self, file: str, text: str | bytes) -> None:
        path = self.repository / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def stage(self, file: str, text: str | bytes) -> None:
        self.write(file, text)
        self.git("add", "--", file)

    def stage_rule(self, path_regex: str) -> None:
        """Stage one more rule, for me, behind those that are there."""
        rules = (self.repository / ".sops.yaml").read_text()
        [indent] = {line[: line.index("-")] for line in rules.splitlines() if "- path_regex" in line}
        more = f"{indent}- path_regex: {path_regex}\n{indent}  age: {self.me.recipient}\n"
        self.stage(".sops.yaml", rules.replace("\nstores:", f"{more}\nstores:"))

    def try_git(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run git and return what it said."""
        return subprocess.run(
            ["git", *words],
            cwd=cwd or self.repository,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            input=stdin,
            check=False,
        )

    def commit(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Commit what is staged."""
        return self.try_git("commit", "--message", "try", *words, cwd=cwd, env=env, stdin=stdin)

    def refused(self, *, said: str, words: tuple[str, ...] = ()) -> str:
        """Insist that a commit is refused, with these words, and that no value is shown."""
        before = self.git("rev-parse", "HEAD")
        done = self.commit(*words)
        shown = done.stdout + done.stderr
        assert done.returncode != 0, shown
        assert said in shown
        assert self.git("rev-parse", "HEAD") == before
        self.assert_silent(shown)
        return shown

    def taken(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
        """Insist that a commit is made."""
        done = self.commit(*words, cwd=cwd, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def assert_silent(self, shown: str) -> None:
        for name in NAMES if (self.people / VALUES).exists() else ():
            assert self.value(name) not in shown
        assert "AGE-SECRET-KEY-" not in shown

    def audit(self, *words: str, code: int | None = None) -> Done:
        """Run audit, with --json."""
        done = self("audit", "--json", *words, code=code)
        self.assert_silent(done.out + done.err)
        return done


def values_in(text: str) -> dict[str, str]:
    """The four values that stand in the plain text of a Secret."""
    lines = (line.strip().partition(":") for line in text.splitlines())
    return {name: value.strip().strip('"') for name, _, value in lines if name in NAMES}
