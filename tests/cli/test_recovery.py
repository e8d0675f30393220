"""What an interrupted run left is finished or undone by the next command, whichever it is, and told."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.running import Cli

# Ends the process, as a kill would, at the rename of that number. The journal's own rename is the first.
SCRIPT = """
import os, sys
from matrix_secrets.cli.main import run
left = int(sys.argv.pop(1))
def at_rename(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            os._exit(9)
sys.addaudithook(at_rename)
sys.exit(run(sys.argv[1:], os.environ))
"""
CONFIGURE = ["configure", "--server-name", "10.0.0.1", "--node-ip", "10.0.0.1"]


def killed_at_rename(cli: Cli, number: int) -> None:
    command = [sys.executable, "-c", SCRIPT, str(number), *CONFIGURE]
    assert subprocess.run(command, cwd=cli.repository, check=False, capture_output=True).returncode == 9


@pytest.mark.parametrize(("rename", "outcome"), [(1, "undone"), (3, "finished")])
@pytest.mark.parametrize("command", [[], ["show"], ["verify", "--json"]])
def test_the_next_command_says_what_it_did(rename: int, outcome: str, command: list[str], guide: Cli) -> None:
    before = guide.tree()
    killed_at_rename(guide, rename)
    done = guide(*command, code=None)
    assert "interrupted" in done.err
    assert outcome in done.err
    assert "apps/matrix/" in done.err
    after = guide.tree()
    assert after.keys() == before.keys()
    changed = {file for file in after if after[file] != before[file]}
    assert changed == (set() if outcome == "undone" else {"apps/matrix/element.yaml", "apps/matrix/synapse.yaml"})
    assert "interrupted" not in guide(*command, code=None).err
    guide(*CONFIGURE)
