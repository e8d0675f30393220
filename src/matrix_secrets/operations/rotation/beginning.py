"""The beginning of a rotation: everything looked at, the commit made, the lock taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from matrix_secrets.errors import RefusedError
from matrix_secrets.gitrepo.push import BehindError
from matrix_secrets.operations.rotation.journal import ROTATION_BRANCH
from matrix_secrets.operations.rotation.preflight import preflight
from matrix_secrets.operations.rotation.preparing import prepare
from matrix_secrets.operations.rotation.words import ONWARD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matrix_secrets.operations.rotation.bench import Bench
    from matrix_secrets.secretvalue import SecretValue


def begin(bench: Bench, values: Mapping[str, SecretValue], tell: Callable[[str, str, float], None]) -> None:
    """Begin a rotation to these values; ``tell`` gets what was done, and the seconds it took.

    Raises RefusedError or OutsideError, and nothing has changed then; where the last push was cut, the branch may be
    there: looking tells.
    """
    begun = time.monotonic()
    main, found = preflight(bench, tuple(values))
    tell("preflight", found, time.monotonic() - begun)
    begun = time.monotonic()
    bench.said = "preparing the commit"
    commit = prepare(bench, main, values)
    try:
        bench.acts.create_branch(commit)
    except BehindError:
        text = f"somebody else has begun a rotation a moment ago: {bench.remote} has the branch {ROTATION_BRANCH}"
        hint = f"matrix-secrets rotate --status, then {ONWARD}"
        raise RefusedError(f"{text}; nothing was changed", hint=hint) from None
    tell("prepared", f"{commit[:8]} on {ROTATION_BRANCH}", time.monotonic() - begun)
