from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from matrix_secrets.cli.registry import COMMANDS, GroupEntry

ROOT = Path(__file__).parent.parent.parent
MENTIONED = re.compile(r"matrix-secrets (?:(?:-C|--\w+) \S+ )?([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
# Words that follow the name in a sentence and are no commands.
PROSE = {"is", "ran", "needs"}


def test_the_reference_page_is_what_the_commands_say() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "reference.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_message_names_a_command_that_does_not_exist() -> None:
    unknown = []
    for path in (ROOT / "src").rglob("*.py"):
        for first, second in MENTIONED.findall(path.read_text()):
            entry = COMMANDS.get(first)
            if first not in PROSE and (
                entry is None or (isinstance(entry, GroupEntry) and second not in entry.commands)
            ):
                unknown.append(f"{path.name}: matrix-secrets {first} {second}")
    assert unknown == []


def test_help_lists_options_only() -> None:
    command = [sys.executable, "-m", "matrix_secrets", "generate", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    options = done.stdout.partition("\nOptions:\n")[2].partition("\n\n")[0]
    assert options.startswith("  --dry-run ")
    assert "NAME" not in options
