"""What the README and the tutorials show is what the commands print, in an empty home directory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from console import PAGES

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_what_is_printed(page: str) -> None:
    command = [sys.executable, str(TOP / "tools" / "console.py"), page]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_link_of_the_readme_leads_somewhere() -> None:

    for link in re.findall(r"\]\(([^)#]+)", (TOP / "README.md").read_text()):
        assert link.startswith("https://") or (TOP / link).exists(), link
