"""The command that lets new pods take the place of a workload's old ones, which hold what they were started with."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matrix_secrets.stack.workloads import Workload


def new_pods(workload: Workload, namespace: str, option: str = "") -> str:
    """Return it; ``option`` names the cluster. Flux would undo ``rollout restart``, by one more restart."""
    where = f" -n {shlex.quote(namespace)}" if namespace else ""
    selector = ",".join(f"{key}={value}" for key, value in sorted(workload.selector.items()))
    which = f" -l {shlex.quote(selector)}" if selector else f", for each pod of {workload.resource.label}"
    return f"kubectl{option} delete pod{where}{which}"
