from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sops.rules_interop.asking_sops import Answer, ask_sops

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Asks = "Callable[[str, str], Answer]"


@pytest.fixture
def ask(sops_binary: Path, tmp_path: Path) -> Callable[[str, str], Answer]:
    """Ask the real sops what a rules file means for a file."""

    def asked(rules: str, file: str) -> Answer:
        (tmp_path / ".sops.yaml").write_text(rules, encoding="utf-8")
        return ask_sops(sops_binary, tmp_path, file, {"HOME": str(tmp_path), "PATH": ""})

    return asked
