"""The kinds of what ``audit`` finds in the history: in use today, or replaced since."""

from __future__ import annotations

from typing import Final

from matrix_secrets.checks.kind import error, warning

IN_USE: Final = error(
    "secret-in-history",
    "`audit`: a secret that is in use today stands in plain text in the history: whoever has the repository has it.",
    "Replace it: `matrix-secrets rotate NAME`; what is not managed with `matrix-secrets edit FILE`. A rewritten "
    "history does not call clones back.",
)
REPLACED: Final = warning(
    "replaced-secret-in-history",
    "`audit`: a secret stands in plain text in the history, and no file holds it today.",
    "Nothing, once it is in use nowhere else: `matrix-secrets audit --accept`.",
)
UNCOMPARED: Final = error(
    "unknown-secret-in-history",
    "`audit`: a secret stands in plain text in the history, and whether it is in use cannot be told: a file of today "
    "does not open.",
    "Bring an identity that opens the files, and run `matrix-secrets audit` again.",
)
KEY_IN_USE: Final = error(
    "private-key-in-history",
    "`audit`: a private age key stands in the history that opens encrypted files, today's or older ones.",
    "`matrix-secrets keys remove RECIPIENT --rotate`, which also replaces what it could read.",
)
KEY_OF_NOTHING: Final = warning(
    "unused-private-key-in-history",
    "`audit`: a private age key stands in the history; nothing in this repository was ever encrypted for it.",
    "If it is used elsewhere, replace it there; then `matrix-secrets audit --accept`.",
)
NOT_COMPARED: Final = error(
    "history-not-compared",
    "`audit`: no identity here opens an encrypted file: its values could not be looked for. Left out with "
    "`--without-key`.",
    "Bring an identity that is among its recipients, or run `matrix-secrets audit --without-key`.",
)
KINDS: Final = (IN_USE, REPLACED, UNCOMPARED, KEY_IN_USE, KEY_OF_NOTHING, NOT_COMPARED)
