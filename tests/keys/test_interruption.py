from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.keys.team import BOTH, Team

DRIVER = Path(__file__).parent / "interrupted.py"
FILES = (".sops.yaml", *BOTH)


def test_killed_at_every_call_all_files_have_the_old_readers_or_all_the_new(team: Team) -> None:
    team.add_bob("--commit")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(DRIVER), str(team.repository), team.bob.recipient]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    states = [json.loads(line) for line in done.stdout.splitlines()]
    assert {state["kind"] for state in states} == {"old", "new"}
    assert len(states) > 20
    assert states[-1]["kind"] == "new"


def readers(team: Team) -> set[str]:
    """What the three files say of bob, once the next run has put right what was interrupted."""
    rows = team("keys", "list", "--json").json["recipients"]
    [bob] = [row for row in rows if row["recipient"] == team.bob.recipient] or [None]
    if bob is None:
        return {"nowhere"}
    return {"everywhere" if set(bob["files"]) == set(BOTH) and bob["rules"] == [1] else f"partly: {bob}"}


def test_kill_9_of_the_command_at_any_time(team: Team) -> None:
    team.add_bob("--commit")
    seen = set()
    for delay in (0.05, 0.2, 0.35, 0.45, 0.55, 0.65, 0.8):
        command = [sys.executable, "-m", "matrix_secrets", "keys", "remove", "bob"]
        with subprocess.Popen(
            command, cwd=team.repository, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as running:
            time.sleep(delay)
            running.send_signal(signal.SIGKILL)
        state = readers(team)
        assert state <= {"nowhere", "everywhere"}
        seen |= state
        team("decrypt", BOTH[0])
        team.git("checkout", "--", ".")
    assert "everywhere" in seen
