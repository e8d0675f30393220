from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIVER = Path(__file__).with_name("limited.py")


@pytest.fixture
def root() -> Iterator[Path]:
    # Not tmp_path: its parents are closed to other users, and one test runs as another user.
    path = Path(tempfile.mkdtemp())
    (path / "apps").mkdir()
    (path / "first.yaml").write_bytes(b"first")
    (path / "apps" / "a.yaml").write_bytes(b"old")
    (path / ".git").mkdir()
    yield path
    (path / "apps").chmod(0o700)
    shutil.rmtree(path)


def run(how: str, root: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(DRIVER), how, str(root)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, str] = json.loads(done.stdout)
    return result


def assert_untouched(root: Path) -> None:
    assert (root / "first.yaml").read_bytes() == b"first"
    assert (root / "apps" / "a.yaml").read_bytes() == b"old"
    assert [path.name for path in root.rglob("*.tmp")] == []
    assert [path.name for path in root.rglob("*.json")] == []


@pytest.mark.parametrize("limit", [0, 100, 1024, 14_999])
def test_a_file_size_limit_changes_nothing(root: Path, limit: int) -> None:
    result = run(f"limit={limit}", root)
    assert result["type"] == "OutsideError"
    assert "File too large; nothing was changed" in result["text"]
    assert "ulimit -f" in result["hint"]
    assert_untouched(root)
    assert run("plain", root)["type"] == "done"
    assert (root / "apps" / "a.yaml").read_bytes() == b"new" * 5000


def test_the_shells_ulimit(root: Path) -> None:
    command = f'ulimit -f 1; exec "{sys.executable}" "{DRIVER}" plain "{root}"'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["text"] == "apps/a.yaml: cannot write: File too large; nothing was changed"
    assert_untouched(root)


def hand_over(root: Path) -> None:
    """Make the tree belong to the user that the driver becomes."""
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, 65534, 65534)


def test_a_directory_that_may_not_be_written(root: Path) -> None:
    hand_over(root)
    (root / "apps").chmod(0o555)
    result = run("nobody", root)
    assert result["type"] == "RefusedError"
    assert result["text"] == "apps/a.yaml: cannot write: Permission denied; nothing was changed"
    assert result["hint"].startswith("look at the permissions: ls -la ")
    assert_untouched(root)


def test_a_git_directory_that_may_not_be_written(root: Path) -> None:
    hand_over(root)
    (root / ".git").chmod(0o555)
    result = run("nobody", root)
    assert result["type"] == "RefusedError"
    assert "matrix-secrets: Permission denied; nothing was changed" in result["text"]
    assert_untouched(root)


def test_a_file_that_may_not_be_read(root: Path) -> None:
    hand_over(root)
    (root / "apps" / "a.yaml").chmod(0o200)
    result = run("nobody", root)
    assert (result["type"], result["text"]) == ("RefusedError", "apps/a.yaml: cannot read: Permission denied")
    assert_untouched(root)


def test_an_ordinary_user_can(root: Path) -> None:
    hand_over(root)
    assert run("nobody", root)["type"] == "done"
    assert (root / "apps" / "a.yaml").read_bytes() == b"new" * 5000
