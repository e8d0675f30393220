"""``kubectl port-forward`` for as long as a test needs it."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.testbed.processes import DIES_WITH_US

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def forwarded(kubectl: Path, target: str, port: int, namespace: str = "matrix") -> Iterator[str]:
    """Forward a free local port; yield its address. KUBECONFIG says to which cluster."""
    command = [*DIES_WITH_US, str(kubectl), "port-forward", "--namespace", namespace, target, f":{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        assert found is not None, line
        yield found[0]
    finally:
        process.terminate()
        process.communicate()
