r"""Go's regular expressions (RE2 syntax, as regexp/syntax with Perl flags reads it) said again for Python's ``re``.

sops matches path_regex, encrypted_regex and the like with Go's package regexp. Python differs in what ``$``, ``\d``,
``{,n}`` or ``(?i)`` mean, and accepts what Go refuses: the expression is parsed as Go does and written anew.
Source of the rules: https://pkg.go.dev/regexp/syntax. Not understood, and refused by name: Unicode classes
(``\p{Greek}``) and ``(?i)`` over letters beyond ASCII.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from matrix_secrets.sops.goregexpclass import (
    CharClass,
    ExpressionError,
    class_of_escape,
    fold_escape,
    literal_escape,
    parse_class,
)

__all__ = ["ExpressionError", "compile_expression"]

MAX_REPEAT: Final = 1000
MAX_NESTING: Final = 100
_NUMBER: Final = r"(0|[1-9][0-9]*)"
_REPEAT: Final = re.compile(rf"\{{{_NUMBER}(?:(,){_NUMBER}?)?\}}")
_GROUP_NAME: Final = re.compile(r"\(\?P?<([A-Za-z0-9_]+)>")
_GROUP_FLAGS: Final = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_ASSERTIONS: Final = {"A": r"\A", "z": r"\Z", "b": r"(?a:\b)", "B": r"(?!(?a:\b))"}


@lru_cache(maxsize=256)  # the rules are asked about every file
def compile_expression(expression: str) -> re.Pattern[str]:
    """Compile a Go expression; ``search`` of the result finds what Go's MatchString does.

    Raises ExpressionError, which says what Go does not accept, or what is not understood here.
    """
    parser = _Parser(expression)
    pattern, _ = parser.alternatives(_Flags())
    parser.expect_end()
    return re.compile(pattern)


class _Flags(NamedTuple):
    fold: bool = False
    multiline: bool = False
    dot_all: bool = False

    def after(self, setting: re.Match[str]) -> _Flags:
        on, off = setting[1], setting[2] or ""
        return _Flags(
            (self.fold or "i" in on) and "i" not in off,
            (self.multiline or "m" in on) and "m" not in off,
            (self.dot_all or "s" in on) and "s" not in off,
        )


class _Parser:
    """Recursive descent. A piece is Python text and how often its heaviest counted repetition repeats."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0
        self._depth = 0

    def expect_end(self) -> None:
        if self._at < len(self._text):
            raise ExpressionError("a closing parenthesis too many")

    def alternatives(self, flags: _Flags) -> tuple[str, int]:
        """Read up to a closing parenthesis. A flag setting such as ``(?i)`` holds across the bars that follow it."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ExpressionError(f"nested more than {MAX_NESTING} levels deep")
        branches: list[str] = []
        pieces: list[tuple[str, int]] = []
        heaviest = 1
        repeated = False
        while self._at < len(self._text) and self._text[self._at] != ")":
            setting = _GROUP_FLAGS.match(self._text, self._at)
            was_repeated, repeated = repeated, False
            if operator := self._repeat_operator():
                if not pieces:
                    raise ExpressionError("nothing to repeat")
                if was_repeated:
                    raise ExpressionError("a repetition of a repetition")
                pieces[-1] = _repeat(pieces[-1], *operator)
                repeated = True
            elif self._text[self._at] == "|":
                self._at += 1
                branches.append("".join(piece for piece, _ in pieces))
                pieces = []
            elif setting is not None and setting[3] == ")":
                self._at = setting.end()
                flags = flags.after(setting)
            else:
                pieces.extend(self._pieces(flags))
            heaviest = max([heaviest, *(weight for _, weight in pieces[-1:])])
        self._depth -= 1
        branches.append("".join(piece for piece, _ in pieces))
        return "|".join(branches), heaviest

    def _repeat_operator(self) -> tuple[str, int] | None:
        """Read an operator: greedy (that decides nothing about a match) in Python's spelling, and its weight."""
        following = self._text[self._at]
        if following in "*+?":
            self._at += 1
            operator, weight = following, 1
        elif found := _REPEAT.match(self._text, self._at):
            self._at = found.end()
            least = int(found[1])
            most = int(found[3]) if found[3] else None
            if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
                raise ExpressionError("a repeat count that Go does not allow")
            weight = max(least if most is None else most, 1)
            operator = found[0]
            if (found[2] is None and least == 0) or most == 0:
                weight = 0
        else:
            return None
        if self._text.startswith("?", self._at):
            self._at += 1
        return operator, weight

    def _pieces(self, flags: _Flags) -> list[tuple[str, int]]:  # noqa: PLR0911
        char = self._text[self._at]
        match char:
            case "(":
                return [self._group(flags)]
            case "[":
                found, self._at = parse_class(self._text, self._at, fold=flags.fold)
                return [(found.spelled(), 1)]
            case "\\":
                return [(piece, 1) for piece in self._escape(flags)]
        self._at += 1
        match char:
            case "^":
                return [("(?m:^)" if flags.multiline else r"\A", 1)]
            case "$":
                return [("(?m:$)" if flags.multiline else r"\Z", 1)]
            case ".":
                return [("(?s:.)" if flags.dot_all else r"[^\n]", 1)]
            case _:
                return [(CharClass.single(char).spelled(fold=flags.fold), 1)]

    def _group(self, flags: _Flags) -> tuple[str, int]:
        if found := _GROUP_NAME.match(self._text, self._at):
            self._at = found.end()
        elif found := _GROUP_FLAGS.match(self._text, self._at):
            flags = flags.after(found)
            self._at = found.end()
        elif self._text.startswith("(?", self._at):
            raise ExpressionError("a group that Go does not know (it has no look-ahead and no look-behind)")
        else:
            self._at += 1
        inner, weight = self.alternatives(flags)
        if not self._text.startswith(")", self._at):
            raise ExpressionError("a closing parenthesis is missing")
        self._at += 1
        return f"(?:{inner})", weight

    def _escape(self, flags: _Flags) -> list[str]:
        following = self._text[self._at + 1 : self._at + 2]
        if following in _ASSERTIONS:
            self._at += 2
            return [_ASSERTIONS[following]]
        if following == "Q":
            literal, _, rest = self._text[self._at + 2 :].partition(r"\E")
            self._at = len(self._text) - len(rest)
            return [CharClass.single(char).spelled(fold=flags.fold) for char in literal]
        found = class_of_escape(self._text, self._at)
        if found is not None:
            self._at += 2
            return [(fold_escape(found) if flags.fold else found).spelled()]
        char, self._at = literal_escape(self._text, self._at)
        return [CharClass.single(char).spelled(fold=flags.fold)]


def _repeat(piece: tuple[str, int], operator: str, weight: int) -> tuple[str, int]:
    """Repeat a piece. Counted repetitions within one another may come to a thousand (repeatIsValid in Go)."""
    text, inner = piece
    total = inner * weight if weight else 1
    if total > MAX_REPEAT:
        raise ExpressionError(f"repeated more than {MAX_REPEAT} times")
    return f"(?:{text}){operator}", total
