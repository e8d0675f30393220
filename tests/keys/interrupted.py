"""A driver for test_interruption: takes somebody off in children that kill themselves at the n-th call to the system.

Prints one JSON object a line: whether all files were old or all new once `recover` had run.
Usage: python interrupted.py REPOSITORY RECIPIENT
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from matrix_secrets.agekeys.discovery import find_identities
from matrix_secrets.operations.apply import apply_plan
from matrix_secrets.operations.keys_files import sealed_files
from matrix_secrets.operations.keys_holders import holders, named
from matrix_secrets.operations.keys_remove import plan_remove
from matrix_secrets.sops.builtin import BuiltinEngine
from matrix_secrets.sops.creationrules import load_rules
from matrix_secrets.sops.rekeying import Rekeying
from matrix_secrets.stack.workspace import Workspace
from matrix_secrets.transaction import recover
from tests.unit.transaction.interrupted import killed_at


def main(root: Path, recipient: str) -> None:
    engine = BuiltinEngine(lambda: find_identities(os.environ).identities)
    workspace = Workspace(root, root / ".git", lambda: engine)
    rules = load_rules(root)
    files = sealed_files(workspace, rules)
    leaving = named(holders(files, rules), recipient)
    plan = plan_remove(workspace, rules, files, leaving, Rekeying(engine, lambda: None)).plan
    old = {write.path: write.old for write in plan.writes}
    new = {write.path: write.new for write in plan.writes}
    apply_plan(workspace, plan)  # everything is loaded before the calls are counted
    step = 0
    while True:
        for path, data in old.items():
            path.write_bytes(data or b"")
        step += 1
        name = killed_at(step, lambda: apply_plan(workspace, plan))
        recover(root, workspace.state_dir)
        now = {path: path.read_bytes() for path in old}
        kind = "old" if now == old else "new" if now == new else "mixed"
        print(json.dumps({"step": step, "call": name, "kind": kind}))  # noqa: T201
        if name is None:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
