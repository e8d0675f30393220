"""Which values and comments of a file are encrypted: the six selectors of the format.

Source: sops 3.13.3, sops.go (Tree.shouldBeEncrypted) and stores/stores.go (metadata.ToInternal): at most one may be
set; with none, ``unencrypted_suffix: _unencrypted`` counts.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from matrix_secrets.errors import BadManifestError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    import re


class Selector(StrEnum):
    """The field of the metadata; also the field of a creation rule."""

    UNENCRYPTED_SUFFIX = "unencrypted_suffix"
    ENCRYPTED_SUFFIX = "encrypted_suffix"
    UNENCRYPTED_REGEX = "unencrypted_regex"
    ENCRYPTED_REGEX = "encrypted_regex"
    UNENCRYPTED_COMMENT_REGEX = "unencrypted_comment_regex"
    ENCRYPTED_COMMENT_REGEX = "encrypted_comment_regex"


_NAMES: Final = tuple((selector, selector.value) for selector in Selector)
DEFAULT_SUFFIX: Final = "_unencrypted"
_SUFFIXES: Final = frozenset({Selector.UNENCRYPTED_SUFFIX, Selector.ENCRYPTED_SUFFIX})
_BY_COMMENT: Final = frozenset({Selector.UNENCRYPTED_COMMENT_REGEX, Selector.ENCRYPTED_COMMENT_REGEX})
_NAMES_PLAIN: Final = frozenset(
    {Selector.UNENCRYPTED_SUFFIX, Selector.UNENCRYPTED_REGEX, Selector.UNENCRYPTED_COMMENT_REGEX}
)


class HasSelectors(Protocol):
    """What has the six fields: a creation rule, the metadata."""

    @property
    def unencrypted_suffix(self) -> str: ...  # noqa: D102  (the enum above says what)
    @property
    def encrypted_suffix(self) -> str: ...  # noqa: D102
    @property
    def unencrypted_regex(self) -> str: ...  # noqa: D102
    @property
    def encrypted_regex(self) -> str: ...  # noqa: D102
    @property
    def unencrypted_comment_regex(self) -> str: ...  # noqa: D102
    @property
    def encrypted_comment_regex(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Selection:
    """One selector with its text, ready to be asked about keys and comments."""

    selector: Selector
    text: str
    _pattern: re.Pattern[str] | None
    _asked: dict[str, bool]

    @classmethod
    def of(cls, fields: HasSelectors) -> Selection:
        """Read the selector of a rule or of metadata.

        Raises BadManifestError where several are set or a regular expression is not understood.
        """
        found = [(selector, text) for selector, name in _NAMES if (text := getattr(fields, name))]
        if len(found) > 1:
            names = ", ".join(selector for selector, _ in found)
            raise BadManifestError(
                f"only one of the selectors can be set, not {names}",
                hint="keep the one that is meant and remove the others",
            )
        selector, text = found[0] if found else (Selector.UNENCRYPTED_SUFFIX, DEFAULT_SUFFIX)
        pattern = None if selector in _SUFFIXES else _compile(selector, text)
        return cls(selector, text, pattern, {})

    @property
    def by_comment(self) -> bool:
        """Whether comments decide, and not keys."""
        return self.selector in _BY_COMMENT

    @property
    def names_plain(self) -> bool:
        """Whether a hit means plain text."""
        return self.selector in _NAMES_PLAIN

    def hits(self, text: str) -> bool:
        """Whether a key, or for the comment selectors a comment, is one that the selector names."""
        known = self._asked.get(text)
        if known is None:
            pattern = self._pattern
            known = text.endswith(self.text) if pattern is None else pattern.search(text) is not None
            self._asked[text] = known
        return known


@lru_cache(maxsize=64)
def _compile(selector: Selector, text: str) -> re.Pattern[str]:
    from matrix_secrets.sops.goregexp import ExpressionError, compile_expression  # noqa: PLC0415  (only where asked)

    try:
        return compile_expression(text)
    except ExpressionError as error:
        raise BadManifestError(
            f"{selector}: {error}",
            cause="sops itself takes such a selector for one that never matches",
            hint="mend the expression, or use --engine binary",
        ) from None
