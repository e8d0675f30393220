"""Which engine does SOPS: the real program, or the built-in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, UsageError
from matrix_secrets.sops.builtin import BuiltinEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.sops.engine import Engine
    from matrix_secrets.sops.process import SopsProgram

NAMES = ("auto", "binary", "builtin")


def choose_engine(
    name: str,
    identities: Callable[[], Sequence[Identity]],
    env: Mapping[str, str],
    *,
    unlock: Callable[[], Sequence[Identity]] = tuple,
) -> Engine:
    """Make the engine of a name; ``auto`` takes the program where it is on PATH and new enough, else builtin.

    ``identities`` and ``unlock`` (`BuiltinEngine`) are asked only by builtin, and only once a file has to be opened;
    the program finds its own. Raises OutsideError for ``binary`` without a usable program, UsageError for another name.
    """
    builtin = BuiltinEngine(identities, unlock=unlock)
    if name == "builtin":
        return builtin
    if name not in NAMES:
        raise UsageError(f"there is no engine {name!r}", hint=f"--engine {'|'.join(NAMES)}")
    try:
        program = _program(env)
    except OutsideError:
        if name == "binary":
            raise
        return builtin
    from matrix_secrets.sops.binary import BinaryEngine  # noqa: PLC0415  (only where the program is there)

    return BinaryEngine(program, builtin)


def _program(env: Mapping[str, str]) -> SopsProgram:
    from matrix_secrets.sops.program import HINT, find_sops  # noqa: PLC0415  (builtin does without)

    path = find_sops(env)
    if path is None:
        raise OutsideError("there is no sops on PATH", hint=HINT)
    from matrix_secrets.sops.process import SopsProgram  # noqa: PLC0415  (only where the program is there)

    return SopsProgram.at(path, env)
