"""Random YAML texts with comments everywhere, in every style, as Hypothesis strategies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

KEYS: Final = ("a", "b", "data", "secret_unencrypted", "key_enc", "k-1", "x.y", "ü")
PLAIN: Final = ("word", "two words", "https://h/p?q=1", "a#b", "12", "-7", "1.5", "true", "", "null", "~", "ünï")
QUOTED: Final = ("'single'", "'it''s'", '"double"', '"with \\"quotes\\""', "''", '""', '"12"', "'true'", '"# no"')
IN_FLOW: Final = ("x", "'q'", '"d"', "1", "[]", "{}", "true")
_HEADERS: Final = ("|", "|-", "|+", "|2", ">", ">-", "|2-")
_MOST_DEEP: Final = 3


@dataclass(slots=True)
class _Writer:
    """Writes lines by drawing what comes next; comments are numbered, so that each is unlike the others."""

    draw: DrawFn
    comments: bool
    folded: bool
    lines: list[str] = field(default_factory=list)
    count: int = 0

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def pick(self, options: tuple[str, ...]) -> str:
        return self.draw(st.sampled_from(options))

    def comment(self) -> str:
        self.count += 1
        return f"#{self.pick(('', ' ', '#'))}c{self.count}"

    def behind(self) -> str:
        return f" {self.comment()}" if self.comments and self.chance(20) else ""

    def between(self, indent: int) -> None:
        while self.comments and self.chance(30):
            if self.chance(30):
                self.lines.append(self.pick(("", "", "   ")))
            else:
                at = self.draw(st.sampled_from((indent, indent, 0, max(indent - 2, 0), indent + 2, 3)))
                self.lines.append(" " * at + self.comment())

    def mapping(self, indent: int, depth: int, first: str | None = None) -> None:
        names = self.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
        for number, name in enumerate(names):
            start = " " * indent
            if number == 0 and first is not None:
                start = first
            else:
                self.between(indent)
            key = f'"{name}"' if self.chance(10) else name
            self.value(f"{start}{key}:", indent, depth)

    def sequence(self, indent: int, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, 3))):
            self.between(indent)
            if depth < _MOST_DEEP and self.chance(30):
                space = self.pick((" ", "   "))
                self.mapping(indent + 1 + len(space), depth + 1, " " * indent + "-" + space)
            else:
                self.value(" " * indent + "-", indent, depth)

    def value(self, start: str, indent: int, depth: int) -> None:
        kind = self.draw(st.integers(0, 9))
        write: Callable[[str, int], None] | None = None
        if kind <= 3 or depth >= _MOST_DEEP:
            spelled = self.pick(PLAIN if self.chance(60) else QUOTED)
            self.lines.append(f"{start} {spelled}".rstrip() + self.behind())
        elif kind == 4:
            write = self.block
        elif kind == 5:
            write = self.flow
        elif kind == 6 and self.folded:
            self.lines += [f"{start} plain", " " * (indent + 2) + "continued" + self.behind()]
        else:
            self.lines.append(start + self.behind())
            inner = indent + self.draw(st.sampled_from((1, 2, 2, 4)))
            self.between(inner)
            if self.chance(65):
                self.mapping(inner, depth + 1)
            else:
                self.sequence(inner, depth + 1)
        if write is not None:
            write(start, indent)

    def block(self, start: str, indent: int) -> None:
        headers = _HEADERS if self.folded else tuple(header for header in _HEADERS if header[0] == "|")
        header = self.pick(headers)
        self.lines.append(f"{start} {header}{self.behind()}")
        inner = " " * (indent + 2)
        texts = ("text", "# no comment", "  deeper", "key: value") if "2" not in header else ("text", " odd")
        self.lines.append(inner + texts[0])
        for _ in range(self.draw(st.integers(0, 3))):
            self.lines.append(self.pick(("", *(inner + text for text in texts))))

    def flow(self, start: str, indent: int) -> None:
        self.lines.append(f"{start} {self.collection(indent, 0)}{self.behind()}")

    def collection(self, indent: int, depth: int) -> str:
        items = [self.item(indent, depth) for _ in range(self.draw(st.integers(0, 3)))]
        if self.chance(50):
            return "[" + ", ".join(items) + "]"
        return "{" + ", ".join(f"k{number}: {item}" for number, item in enumerate(items)) + "}"

    def item(self, indent: int, depth: int) -> str:
        if depth < 2 and self.chance(25):
            return self.collection(indent, depth + 1)
        item = self.pick(IN_FLOW)
        if self.chance(15):
            return item + self.behind() + "\n" + " " * (indent + 4)
        return item


@st.composite
def yaml_texts(draw: DrawFn, *, comments: bool = True, folded: bool = True, odd_ends: bool = True) -> str:
    """One to three documents whose roots are mappings; LF or CRLF, with or without byte order mark and last line end.

    Without ``folded`` there is nothing whose line breaks SOPS cannot keep.
    """
    writer = _Writer(draw, comments, folded)
    writer.between(0)
    if writer.chance(40):
        writer.lines.append("---" + writer.behind())
    for number in range(draw(st.integers(1, 3))):
        if number:
            if writer.chance(10):
                writer.lines.append("...")
            writer.lines.append("---" + writer.behind())
        writer.between(0)
        if not number or writer.chance(90):
            writer.mapping(0, 0)
        writer.between(0)
    newline = draw(st.sampled_from(("\n", "\n", "\r\n"))) if odd_ends else "\n"
    text = newline.join(line.replace("\n", newline) for line in writer.lines)
    bom = "\ufeff" if odd_ends and writer.chance(5) else ""
    return bom + text + ("" if odd_ends and writer.chance(25) else newline)
