"""The whole job on a fresh repository after the guide, with the commands' real output (``make demo``).

Needs Python, Git and the installed ``matrix-secrets``. The repository and the home directory with the age identity are
made in a temporary directory, which is named at the end; ``--clean`` removes it.
"""

from __future__ import annotations

import argparse
import io
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

GUIDE: Final = Path(__file__).parent.parent / "tests" / "fixtures" / "guide"
ADDRESS: Final = "192.168.1.100"
WIDEST: Final = 110  # columns of the diff that are shown: ciphertext is long
FOREIGN: Final = ("XDG_", "SOPS_", "GIT_", "MATRIX_SECRETS_", "AGE_")
JOB: Final = (
    (),
    ("keys", "generate"),
    ("configure", "--server-name", ADDRESS, "--node-ip", ADDRESS),
    ("generate",),
    ("encrypt",),
    ("verify",),
)


class FailedError(Exception):
    """A step ended with another exit code than 0."""


def environment(home: Path) -> dict[str, str]:
    """Make the environment of somebody who starts with nothing: an empty home, no keys, no configuration."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    who = {"GIT_AUTHOR_NAME": "Demo", "GIT_AUTHOR_EMAIL": "demo@example.org"}
    who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
    return env | who | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat"}


def console_script() -> str:
    """Find the installed command: beside this Python, else on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "matrix-secrets"
    found = str(beside) if beside.exists() else shutil.which("matrix-secrets")
    if found is None:
        message = "matrix-secrets is not installed: make install"
        raise FailedError(message)
    return found


class Demo:
    """A repository and a home of its own, and the steps on them."""

    def __init__(self, place: Path) -> None:
        self.home = place / "home"
        self.repository = place / "cluster"
        self.env = environment(self.home)
        self.script = console_script()

    def prepare(self) -> None:
        """Copy the guide's manifests, placeholders and all, and commit them."""
        self.home.mkdir()
        shutil.copytree(GUIDE, self.repository)
        self.quietly("git", "init", "--quiet", "--initial-branch", "main")
        self.quietly("git", "add", "--all")
        self.quietly("git", "commit", "--quiet", "--message", "Matrix, after the guide")

    def run(self, *arguments: str) -> None:
        """Show a command of ours and run it, its output going where ours goes."""
        self.show("matrix-secrets", *arguments)
        code = subprocess.run([self.script, *arguments], cwd=self.repository, env=self.env, check=False).returncode
        if code:
            message = f"matrix-secrets {shlex.join(arguments)} ended with exit code {code}"
            raise FailedError(message)

    def git(self, *arguments: str) -> None:
        """Show a Git command and what it prints, long lines cut."""
        self.show("git", *arguments)
        for line in self.quietly("git", *arguments).splitlines():
            print(line if len(line) <= WIDEST else f"{line[:WIDEST]}…")

    def show(self, *command: str) -> None:
        """Print a command as it would be typed."""
        print(f"\n$ {shlex.join(command)}", flush=True)

    def quietly(self, *command: str) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(command, cwd=self.repository, env=self.env, check=False, capture_output=True, text=True)
        if done.returncode:
            message = f"{shlex.join(command)} ended with exit code {done.returncode}: {done.stderr.strip()}"
            raise FailedError(message)
        return done.stdout

    def play(self) -> None:
        """Do the whole job: each step, the diff that would be committed, what verify says of it, the commit."""
        print("A repository after the guide, every placeholder still in it; an empty home directory.")
        self.prepare()
        for arguments in JOB:
            self.run(*arguments)
        print(f"\n--- What would be committed (lines longer than {WIDEST} columns are cut)")
        self.quietly("git", "add", "--all")
        self.git("diff", "--cached", "--stat")
        self.git("diff", "--cached", "--unified=0")
        print("\n--- What verify says of it")
        self.run("verify")
        self.git("commit", "--message", "feat(matrix): real settings, secrets encrypted")
        self.git("status", "--short", "--branch")


def main() -> int:
    """Play the demo in a new directory."""
    parser = argparse.ArgumentParser(description="The whole job on a fresh repository after the guide.")
    parser.add_argument("--clean", action="store_true", help="remove the repository and its key afterwards")
    clean = parser.parse_args().clean
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    place = Path(tempfile.mkdtemp(prefix="matrix-secrets-demo-"))
    try:
        Demo(place).play()
    except FailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if clean:
            shutil.rmtree(place)
            print("\nThe repository and its key were removed.")
        else:
            print(f"\nThe repository is {place / 'cluster'}, the key in {place / 'home'}. Remove both: rm -r {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
