from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from matrix_secrets import __version__
from matrix_secrets.cli.command import load
from matrix_secrets.cli.registry import COMMANDS, STATUS, Entry

if TYPE_CHECKING:
    import os

    from tests.cli.running import Cli

ENTRIES = {STATUS.target: STATUS} | {
    inner.target: inner
    for entry in COMMANDS.values()
    for inner in ([entry] if isinstance(entry, Entry) else entry.commands.values())
}
HEAVY = ("git", "kubernetes", "rich", "ruamel", "cryptography", "pyrage")


def imported(*arguments: str, cwd: str | os.PathLike[str] = ".") -> set[str]:
    """Run a command line and tell which top-level modules the process has imported at its end."""
    script = (
        "import sys\nfrom matrix_secrets.cli.main import run\nimport os\n"
        f"code = run({list(arguments)!r}, os.environ)\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["--version", "--json"], ["generate", "--help"]])
def test_nothing_heavy_is_imported_to_say_a_few_words(arguments: list[str]) -> None:
    found = imported(*arguments)
    assert not found & set(HEAVY)


def test_verify_imports_neither_git_nor_kubernetes(encrypted: Cli) -> None:
    found = imported("verify", cwd=encrypted.repository)
    assert not found & {"git", "kubernetes", "rich"}


def test_the_version_costs_at_most_six_times_an_empty_python() -> None:
    def cost(*command: str) -> float:
        times = []
        for _ in range(11):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - begun)
        return min(times)

    assert cost("-m", "matrix_secrets", "--version") <= 6 * cost("-c", "pass")


@pytest.mark.parametrize("flag", [["--version"], ["show", "--version"]])
def test_the_version_is_printed_wherever_it_is_asked_for(flag: list[str], empty: Cli) -> None:
    assert empty(*flag).out == f"matrix-secrets {__version__}\n"


@pytest.mark.parametrize("target", ENTRIES)
def test_the_registry_says_what_the_command_says(target: str) -> None:
    help_text = load(target).help or ""
    assert help_text.partition("\n")[0] == ENTRIES[target].help


def test_the_hook_imports_neither_git_nor_kubernetes(encrypted: Cli) -> None:
    (encrypted.repository / "notes.md").write_text("more\n")
    encrypted.git("add", "notes.md")
    found = imported("hooks", "pre-commit", cwd=encrypted.repository)
    assert not found & {"git", "kubernetes", "rich", "ruamel"}
