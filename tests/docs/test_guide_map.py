"""The map of the guide: nothing of it is missing, every command and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from matrix_secrets.cli.registry import COMMANDS, GroupEntry

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs/reference/guide-map.md").read_text(encoding="utf-8")
ROWS = {
    "Steps": 15,
    "Summary of all changes required": 12,
    "Production hardening": 4,
    "Troubleshooting": 5,
}


def rows(section: str) -> list[list[str]]:
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_entry_is_there() -> None:
    assert {section: len(rows(section)) for section in ROWS} == ROWS
    assert [row[0].split()[0] for row in rows("Steps")] == [str(number) for number in range(1, 16)]


def test_every_entry_has_a_test_that_exists() -> None:
    known = {
        name
        for path in (TOP / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for section in ROWS:
        for row in rows(section):
            named = re.findall(r"`(test_\w+)`", row[2])
            assert named, row
            assert set(named) <= known, row


def test_every_command_exists() -> None:
    for first, second in re.findall(r"`matrix-secrets ([a-z-]+)(?: ([a-z-]+))?", PAGE):
        entry = COMMANDS[first]
        assert not isinstance(entry, GroupEntry) or second in entry.commands, (first, second)
