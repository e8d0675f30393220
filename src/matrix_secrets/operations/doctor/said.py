"""What others say, fit to be repeated: one line, without any value of a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.secretvalue import SecretValue

_LONGEST: Final = 300  # characters
_HIDDEN: Final = "…"
# go-yaml and encoding/json repeat the beginning of a value that they cannot use: !!str `5f0c8a4...`
_QUOTED_VALUE: Final = re.compile(r"(!!\w+ )?`[^`]*`")
_CIPHERTEXT: Final = re.compile(r"ENC\[[^\]\s]*\]?")
_LONG_WORD: Final = re.compile(r"(?<![/\w.:@-])[0-9A-Za-z+/=_-]{32,}(?![\w/.:-])")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


class Scrubber:
    """Takes known secrets, and what looks like one, out of a controller's words."""

    def __init__(self, secrets: Iterable[SecretValue]) -> None:
        self._secrets = [text for each in secrets if (text := each.reveal())]

    def __call__(self, text: str) -> str:
        """Return the text as one line of at most 300 characters."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        text = _CIPHERTEXT.sub(_HIDDEN, _QUOTED_VALUE.sub(lambda found: f"{found[1] or ''}{_HIDDEN}", text))
        text = _LONG_WORD.sub(lambda found: found[0] if _COMMIT.fullmatch(found[0]) else _HIDDEN, text)
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}{_HIDDEN}"
