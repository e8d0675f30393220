"""The words that run this program again, from a hook or by Git: by its own path, wherever that is called from."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def program_words() -> list[str]:
    """Return the installed command beside this Python, else Python with the module.

    ``-P``: Git starts drivers in the work tree, which must not be where modules are imported from.
    """
    script = Path(sysconfig.get_path("scripts")) / "matrix-secrets"
    return [str(script)] if script.is_file() else [sys.executable, "-P", "-m", "matrix_secrets"]
