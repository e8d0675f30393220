from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.running import Cli


def complete(cli: Cli, words: str) -> list[str]:
    env = {"_MATRIX_SECRETS_COMPLETE": "bash_complete", "COMP_WORDS": f"matrix-secrets {words}"}
    done = cli(COMP_CWORD=str(len(words.split(" "))), **env)
    assert done.err == ""
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


def test_commands_options_stacks_and_names(guide: Cli) -> None:
    assert complete(guide, "") == [
        "keys",
        "configure",
        "generate",
        "encrypt",
        "decrypt",
        "edit",
        "show",
        "verify",
        "hooks",
        "audit",
        "completion",
    ]
    assert complete(guide, "ve") == ["verify"]
    assert complete(guide, "keys g") == ["generate"]
    assert "--dry-run" in complete(guide, "generate --d")
    assert complete(guide, "show --stack a") == ["apps/matrix"]
    assert complete(guide, "show p") == ["postgres_password"]
    assert "synapse_form_secret" in complete(guide, "generate postgres_password s")


def test_completion_is_silent_where_there_is_nothing(empty: Cli) -> None:
    assert complete(empty, "show p") == []
    assert complete(empty, "--stack a") == []


def test_completion_asks_for_no_key(encrypted: Cli) -> None:
    assert complete(encrypted, "show p") == ["postgres_password"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_that_the_shell_reads(shell: str, empty: Cli) -> None:
    script = empty("completion", shell).out
    assert "_MATRIX_SECRETS_COMPLETE" in script
    assert empty("completion", shell, "--json").json["script"] == script
    program = shutil.which(shell)
    if program is not None:
        subprocess.run([program, "-n"], input=script.encode(), check=True, capture_output=True)
