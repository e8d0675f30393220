from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

DRIVER = Path(__file__).with_name("interrupted.py")


def test_a_kill_at_any_call_leaves_all_old_or_all_new(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(DRIVER), str(tmp_path)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [result for result in results if result["kind"] == "mixed" or result["left"]]
    assert wrong == []
    kinds = Counter((result["phase"], result["kind"]) for result in results)
    # Every way it can go has been seen: undone and finished, the recovery itself killed, and nothing killed at all.
    assert kinds["apply", "old"] > 60
    assert kinds["apply", "new"] > 30
    assert kinds["recover", "old"] > 8
    assert kinds["recover", "new"] > 8
    assert kinds["end", "new"] == 3
