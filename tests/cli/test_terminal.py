"""At a terminal: colour, questions, prompts."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage
import pytest

from tests.cli.running import MEMORY

if TYPE_CHECKING:
    from tests.cli.running import Cli


def at_terminal(cli: Cli, *arguments: str, typed: str = "", answer: str = "", **env: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal and return its exit code and the screen.

    ``typed`` is typed at once; ``answer`` when a passphrase is asked for, which throws away what was typed before.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cli.repository)
        command = [sys.executable, "-m", "matrix_secrets", *arguments]
        os.execve(sys.executable, command, {**os.environ, "TERM": "xterm-256color", **env})  # noqa: S606
    os.write(terminal, typed.encode())
    screen = b""
    while True:
        if answer and not termios.tcgetattr(terminal)[3] & termios.ECHO:  # nothing typed from here on is thrown away
            os.write(terminal, answer.encode())
            answer = ""
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
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


def test_a_passphrase_is_asked_for_where_nothing_else_opens_the_file(encrypted: Cli, tmp_path: Path) -> None:
    usual = Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"
    plain = usual.read_bytes()
    usual.write_bytes(pyrage.passphrase.encrypt(plain, "words"))
    code, screen = at_terminal(encrypted, "show", answer="words\n")
    assert (code, screen.count("Passphrase of")) == (0, 1)
    assert screen.count("2 places agree") == 4
    code, screen = at_terminal(encrypted, "show", answer="wrong\n")
    assert "does not open with that passphrase" in screen
    assert "Next: matrix-secrets verify" in screen
    (tmp_path / "other").write_bytes(plain)
    code, screen = at_terminal(encrypted, "show", SOPS_AGE_KEY_FILE=str(tmp_path / "other"))
    assert (code, "Passphrase" in screen) == (0, False)
    code, screen = at_terminal(encrypted, "show", answer="\x03")
    assert code == 130
    assert "\r\nerror:" in re.sub(r"\033\[[\d;]*m", "", screen)
    done = encrypted("decrypt", "apps/matrix/postgres.yaml", code=3)
    assert "is under a passphrase, which can be asked for in a terminal only" in done.err


def test_the_recipient_of_a_locked_identity_is_found_out(guide: Cli) -> None:
    guide("keys", "generate")
    guide("generate")
    usual = Path(os.environ["XDG_CONFIG_HOME"]) / "sops" / "age" / "keys.txt"
    usual.write_bytes(pyrage.passphrase.encrypt(usual.read_bytes(), "words"))
    code, screen = at_terminal(guide, "encrypt", answer="words\n")
    assert (code, screen.count("Passphrase of")) == (0, 1)
    guide("encrypt", "--check")


def test_the_clock_goes_away_for_a_question(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from matrix_secrets.cli.output.progress import Clock\n"
        "from matrix_secrets.cli.output.terminal import Terminal\n"
        "clock = Clock(Terminal(sys.stderr, True, True, True))\n"
        "with clock.working('looking'):\n"
        "    time.sleep(1)\n"
        "    with clock.paused():\n"
        "        sys.stderr.write('<<'); sys.stderr.flush(); time.sleep(1)\n"
        "        sys.stderr.write('>>'); sys.stderr.flush()\n"
        "    time.sleep(1)\n"
    )
    (tmp_path / "clock.py").write_text(script)
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, str(tmp_path / "clock.py")], {**os.environ, "TERM": "xterm"})  # noqa: S606
    screen = b""
    with suppress(OSError):
        while part := os.read(terminal, 65536):
            screen += part
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    before, _, rest = screen.decode().partition("<<")
    asking, _, after = rest.partition(">>")
    assert ("looking" in before, asking, "looking" in after) == (True, "", True)
