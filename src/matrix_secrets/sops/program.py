"""Where the real ``sops`` is: all that has to be known where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: Final = "sops"
HINT: Final = "install sops 3.10 or newer (https://github.com/getsops/sops/releases), or use --engine builtin"


def find_sops(env: Mapping[str, str]) -> Path | None:
    """Return the ``sops`` on PATH, None where there is none."""
    found = shutil.which(NAME, path=env.get("PATH", ""))
    return None if found is None else Path(found)
