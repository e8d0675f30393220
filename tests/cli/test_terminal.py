"""At a terminal: colour, questions, prompts."""

from __future__ import annotations

import os
import pty
import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import MEMORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.running import Cli


def at_terminal(cli: Cli, *arguments: str, typed: str = "", **env: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal and return its exit code and the screen."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cli.repository)
        command = [sys.executable, "-m", "matrix_secrets", *arguments]
        os.execve(sys.executable, command, {**os.environ, "TERM": "xterm-256color", **env})  # noqa: S606
    os.write(terminal, typed.encode())
    screen = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        screen += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), screen.decode()


def test_colour_at_a_terminal_only_and_not_against_the_user_s_wish(guide: Cli) -> None:
    code, screen = at_terminal(guide, NO_COLOR="")
    assert code == 0
    assert "\033[31m✗\033[0m" in screen
    assert "\033[" not in at_terminal(guide, NO_COLOR="1")[1]
    assert "\033[" not in at_terminal(guide, "--no-color", NO_COLOR="")[1]
    assert "\033[" not in guide(NO_COLOR="", TERM="xterm-256color").out


@pytest.mark.parametrize(("typed", "edits"), [("n\n", 1), ("\nn\n", 2), ("what?\ny\nn\n", 2)])
def test_a_text_that_does_not_parse_can_be_mended(typed: str, edits: int, encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho >> {tmp_path / "edits"}\necho "a: : b" >> "$1"\n')
    editor.chmod(0o755)
    before = encrypted.tree()
    code, screen = at_terminal(
        encrypted, "edit", "apps/matrix/postgres.yaml", typed=typed, EDITOR=str(editor), TMPDIR=MEMORY
    )
    assert code == 3
    assert "Back to the editor?" in screen
    assert (tmp_path / "edits").read_text().count("\n") == edits
    assert encrypted.tree() == before


def test_without_a_terminal_nothing_is_asked(encrypted: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "a: : b" >> "$1"\n')
    editor.chmod(0o755)
    done = encrypted("edit", "apps/matrix/postgres.yaml", code=3, EDITOR=str(editor), TMPDIR=MEMORY)
    assert "Back to the editor?" not in done.err


def test_a_question_without_a_terminal_names_the_flag() -> None:
    from matrix_secrets.cli.questions import confirm  # noqa: PLC0415
    from matrix_secrets.errors import UsageError  # noqa: PLC0415

    assert confirm("Really?", yes=True)
    with pytest.raises(UsageError) as caught:
        confirm("Delete it all?", yes=False)
    assert re.search("--yes", caught.value.hint or "")
