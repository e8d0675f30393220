from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from matrix_secrets.agekeys.generate import generate_identity, identity_file_text, write_identity
from matrix_secrets.agekeys.identityfile import load_identities
from matrix_secrets.errors import RefusedError
from matrix_secrets.secretvalue import SecretValue

if TYPE_CHECKING:
    from pathlib import Path


def test_the_text_is_age_keygens() -> None:
    identity = generate_identity()
    text = identity_file_text(identity, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).reveal()
    lines = text.splitlines()
    assert lines[0] == "# created: 2026-01-02T03:04:05Z"
    assert lines[1] == f"# public key: {identity.recipient}"
    assert re.fullmatch(r"AGE-SECRET-KEY-1[0-9A-Z]{58}", lines[2])
    assert text.endswith("\n")


def test_two_are_different() -> None:
    assert generate_identity() != generate_identity()


def test_written_for_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    identity = generate_identity()
    path = tmp_path / "config" / "sops" / "age" / "keys.txt"
    before = os.umask(0)
    try:
        write_identity(path, identity_file_text(identity))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for parent in (path.parent, path.parent.parent, path.parent.parent.parent):
        assert stat.S_IMODE(parent.stat().st_mode) == 0o700
    assert load_identities(path, "keys.txt") == [identity]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("precious")
    with pytest.raises(RefusedError, match="never overwritten"):
        write_identity(path, SecretValue("new"))
    assert path.read_text() == "precious"
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="never overwritten"):
        write_identity(link, SecretValue("new"))
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedError, match="cannot create"):
        write_identity(tmp_path / "file" / "keys.txt", SecretValue("new"))


LIMITED = """
import resource, sys
from pathlib import Path
from matrix_secrets.agekeys.generate import write_identity
from matrix_secrets.errors import OutsideError
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_identity(Path(sys.argv[1]), "x" * 100)
except OutsideError as error:
    print(error)
"""


def test_a_full_disk_leaves_no_half_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "keys.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "File too large; no file was left there" in done.stdout
    assert list(tmp_path.iterdir()) == []
