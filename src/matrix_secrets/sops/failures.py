"""What an exit of the real sops means, said without its words: they can quote a plain value.

Exit codes: sops 3.13.3, cmd/sops/codes/codes.go. Only what speaks of keys and key services is passed on.
"""

from __future__ import annotations

import re
import signal
from typing import Final

from matrix_secrets.errors import (
    BadManifestError,
    MatrixSecretsError,
    NoIdentityError,
    OutsideError,
    Place,
    RefusedError,
    TamperedError,
)

_UNREADABLE_INPUT: Final = 2
_BROKEN_VALUE: Final = (24, 25)
_MAC: Final = (51, 52)
_EMPTY: Final = 92
_NO_DATA_KEY: Final = 128
_NO_KEYS: Final = 111
_ALREADY_ENCRYPTED: Final = 203
_PANIC: Final = re.compile(r"^(?:panic:|fatal error:|goroutine \d+ )", re.MULTILINE)
_NO_METADATA: Final = re.compile(r"sops metadata not found", re.IGNORECASE)
# Lines that hold the names of keys and what a key service, gpg or age said, never anything of the file.
_ABOUT_KEYS: Final = re.compile(r"^(?:Could not generate data key: |failed to parse input|error loading config: )")
_REPORT_LINE: Final = re.compile(r"^\s+(?:- )?\| ?(.*)$|^  (\S.*): FAILED$", re.MULTILINE)
_SHOWN: Final = 600  # characters of a cause


def failure(code: int, stderr: str, *, file: str, doing: str) -> MatrixSecretsError:
    """Make the error for an exit of sops other than 0. ``doing`` is what it was asked for: ``encrypt``."""
    place = Place(file)
    if code < 0 or _PANIC.search(stderr):
        return _crashed(code, file, doing)
    if code == _NO_DATA_KEY:
        return NoIdentityError(
            "none of your keys opens this file",
            place=place,
            cause=_report(stderr),
            hint="ask somebody who can read it to add you: matrix-secrets keys add NAME RECIPIENT",
        )
    if code in _MAC:
        return TamperedError(
            "its contents do not fit its MAC: it was changed without sops, or values were moved",
            place=place,
            hint=f"git log -p {file} shows who changed what; restore the file, or trust none of its values unseen",
        )
    if code in _BROKEN_VALUE:
        return TamperedError(
            "a value in it is no ciphertext that its key opens",
            place=place,
            cause="it was changed without sops, or moved from another place or file",
            hint=f"git log -p {file} shows who changed what; restore the file",
        )
    return _refusal(code, stderr, place, doing) or OutsideError(
        f"sops {doing} failed with exit code {code}; nothing was changed",
        place=place,
        cause=_about_keys(stderr),
        hint=f"run sops {doing} {file} yourself to see its words: they may show values, so they are left out here",
    )


def _refusal(code: int, stderr: str, place: Place, doing: str) -> MatrixSecretsError | None:
    """What is the file's fault and not that of sops."""
    if code == _ALREADY_ENCRYPTED:
        return RefusedError("has a top-level sops: block already", place=place, hint=f"sops decrypt {place.file}")
    if code == _NO_KEYS:
        return RefusedError("no key to encrypt for", place=place, hint="name recipients in .sops.yaml, or with --age")
    if code in (_UNREADABLE_INPUT, _EMPTY) and doing == "encrypt":
        return BadManifestError(
            "sops does not accept this file: it is empty, or not YAML with a mapping in every document",
            place=place,
            hint=f"leave {place.file} out of the rule, or correct it, then run the command again. Nothing was changed.",
        )
    if _NO_METADATA.search(stderr):
        return BadManifestError(
            "has no sops: block that sops understands", place=place, hint=f"git log -p {place.file}"
        )
    return None


def _crashed(code: int, file: str, doing: str) -> OutsideError:
    how = f"exit code {code}"
    if code < 0:
        try:
            how = signal.Signals(-code).name
        except ValueError:
            how = f"signal {-code}"
    return OutsideError(
        f"sops {doing} crashed ({how}); nothing was changed",
        place=Place(file),
        hint="add --engine builtin to do without the program, or install sops anew",
    )


def _report(stderr: str) -> str | None:
    """What sops says about each key (the lines behind ``|``), on one line."""
    said = " ".join(
        (found[1] if found[1] is not None else f"{found[2]}:").strip() for found in _REPORT_LINE.finditer(stderr)
    )
    return _shortened(said)


def _about_keys(stderr: str) -> str | None:
    return _shortened(" ".join(stderr.split())) if _ABOUT_KEYS.match(stderr) else None


def _shortened(said: str) -> str | None:
    clean = "".join(char if char.isprintable() else " " for char in said).strip()
    return (clean if len(clean) <= _SHOWN else clean[:_SHOWN] + "…") or None
