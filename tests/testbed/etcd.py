"""etcd: where the API server keeps everything. No fsync: nothing here outlives the tests."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING
from urllib.error import URLError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.testbed.processes import Processes


def start(processes: Processes, program: Path, folder: Path, address: str) -> str:
    """Start it on an empty folder; return its URL once it answers."""
    url, peers = f"http://{address}:2379", f"http://{address}:2380"
    process = processes.start(
        "etcd",
        [
            str(program),
            f"--data-dir={folder}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
    )
    process.wait_until(lambda: _healthy(url))
    return url


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return b"true" in answer.read()
    except (URLError, OSError):
        return False
