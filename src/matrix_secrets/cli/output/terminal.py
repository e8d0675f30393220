"""What the terminal and the locale can show."""

from __future__ import annotations

import os
import re
from enum import Enum
from typing import TYPE_CHECKING, Final, TextIO

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

# Terminals whose font or line discipline is not up to more than ASCII.
_POOR_TERMINALS: Final = frozenset({"dumb", "linux", "vt100", "vt220"})
_ASCII: Final = str.maketrans({"›": ">", "…": "...", "·": "-", "→": "->", "—": "-", "–": "-", "✓": "+", "✗": "x"})
_RESET: Final = "\033[0m"
# A file's name may hold any character. Colours are let through: they are ours, and do no harm.
_CONTROL: Final = re.compile(r"\x1b(?!\[[\d;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")


class Mark(Enum):
    """What a line is about: its sign, its sign in ASCII, its colour (SGR), which never is all that tells them apart."""

    DONE = ("✓", "+", "32")
    WARNING = ("!", "!", "33")
    BAD = ("✗", "x", "31")
    SAME = ("·", "-", "2")
    NONE = ("", "", "")


@dataclass(frozen=True, slots=True)
class Terminal:
    """A stream and what it can show."""

    stream: TextIO
    unicode: bool
    color: bool
    interactive: bool

    @classmethod
    def of(cls, stream: TextIO, env: Mapping[str, str], *, no_color: bool = False) -> Terminal:
        """Look at a stream, the locale and the usual variables (https://no-color.org)."""
        interactive = stream.isatty()
        poor = interactive and env.get("TERM", "dumb") in _POOR_TERMINALS
        encoding = (stream.encoding or "ascii").lower().replace("-", "").replace("_", "")
        color = interactive and not no_color and not env.get("NO_COLOR") and env.get("TERM", "dumb") != "dumb"
        return cls(stream, encoding == "utf8" and _utf8_locale(env) and not poor, color, interactive)

    @property
    def width(self) -> int:
        """Columns; 80 where that cannot be known."""
        import shutil  # noqa: PLC0415  it brings every way to compress a file

        return shutil.get_terminal_size().columns

    def sign(self, mark: Mark) -> str:
        """Return a mark's sign."""
        symbol, plain, color = mark.value
        return self.paint(symbol if self.unicode else plain, color)

    def paint(self, text: str, color: str) -> str:
        """Put the text in a colour, where there is colour."""
        return f"\033[{color}m{text}{_RESET}" if self.color and color and text else text

    def write(self, text: str) -> None:
        """Write lines; what the terminal cannot show, or would obey, is spelled in ASCII."""
        text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
        if not self.unicode:
            text = text.translate(_ASCII)
        encoding = self.stream.encoding or "ascii"
        self.write_bytes(text.encode(encoding, "backslashreplace"))

    def write_bytes(self, content: bytes) -> None:
        """Write bytes as they are. Where the reader has gone, the rest goes nowhere: a command ends what it began."""
        try:
            self.stream.flush()
            self.stream.buffer.write(content)
            self.stream.buffer.flush()
        except BrokenPipeError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.stream.fileno())
            os.close(null)


def _utf8_locale(env: Mapping[str, str]) -> bool:
    name = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return name.lower().replace("-", "").endswith("utf8") or os.name == "nt"
