"""``python -m matrix_secrets``."""

from __future__ import annotations

from matrix_secrets.cli.main import entry

if __name__ == "__main__":
    entry()
