"""What the journals are called: enough to see whether a run was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

INTENT: Final = "intent.json"
COMMITTED: Final = "committed.json"


def pending(state_dir: Path) -> bool:
    """Whether an interrupted run waits for `recover`; touches nothing."""
    return any((state_dir / name).exists() for name in (COMMITTED, INTENT))
