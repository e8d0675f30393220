"""Which of its ways ``rotate`` is asked to go; they exclude each other."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from matrix_secrets.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.cli.options import How


class Mode(StrEnum):
    """The option that chooses it; ONLINE is without any."""

    ONLINE = "online"
    OFFLINE = "offline"
    STATUS = "status"
    RESUME = "resume"
    ABORT = "abort"
    HEAL = "heal"


def mode_of(given: Mapping[str, bool], names: Sequence[str], how: How) -> Mode:
    """Return the one that is asked for. Raises UsageError where options contradict each other."""
    chosen = [Mode(name) for name, wanted in given.items() if wanted]
    if len(chosen) > 1:
        options = " and ".join(f"--{mode}" for mode in chosen)
        raise UsageError(f"{options} contradict each other", hint="leave one of them out")
    mode = chosen[0] if chosen else Mode.ONLINE
    if mode is not Mode.OFFLINE and how.commit:
        text = "--commit and --push go with --offline: in a cluster a rotation pushes by itself, and asks before"
        raise UsageError(text, hint="leave them out, or add --offline")
    heals_it = mode is Mode.HEAL and {name.strip().lower().replace("-", "_") for name in names} <= {"postgres_password"}
    if names and mode not in {Mode.ONLINE, Mode.OFFLINE} and not heals_it:
        raise UsageError(f"--{mode} takes no NAME", hint=f"matrix-secrets rotate --{mode}")
    return mode
