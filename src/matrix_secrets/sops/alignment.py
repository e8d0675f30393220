"""A text that went into the real sops and the one that came out, laid side by side: value by value, comment by comment.

sops writes its own formatting, but the same values in the same order. A ciphertext is as long as what it encrypts and
names its type (aes/cipher.go), so every pair can be checked without any key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import OutsideError, Place
from matrix_secrets.manifests.comments import attach
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.records import dataclass
from matrix_secrets.sops import format as ciphertexts
from matrix_secrets.sops.treeitems import Leaf, Remark, place_of, value_of
from matrix_secrets.sops.walk import walk

if TYPE_CHECKING:
    from matrix_secrets.errors import MatrixSecretsError
    from matrix_secrets.manifests.nodes import Stream
    from matrix_secrets.sops.selectors import Selection

COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Pair:
    """A value or comment as plain text and as ciphertext. ``aad`` is the path that the ciphertext is bound to."""

    aad: str
    kind: str
    text: str
    ciphertext: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A comment: the path of its branch and its text without ``#``; ciphertext where ``sealed``."""

    aad: str
    text: str

    @property
    def sealed(self) -> bool:
        return self.text.startswith(ciphertexts.PREFIX)


def pairs_of_encryption(plain: Stream, encrypted: Stream, selection: Selection) -> list[Pair]:
    """Pair what sops was given with what it made of it. Raises OutsideError where the two do not fit."""
    return _pairs(plain, encrypted, selection, encrypting=True)


def pairs_of_decryption(encrypted: Stream, plain: Stream, selection: Selection) -> list[Pair]:
    """Pair a file with what sops decrypted it to. Raises OutsideError where the two do not fit."""
    return _pairs(encrypted, plain, selection, encrypting=False)


def _pairs(given: Stream, made: Stream, selection: Selection, *, encrypting: bool) -> list[Pair]:
    leaves, said = _as_given(given, selection)
    made_leaves, made_said = _as_made(made, selection)
    if len(leaves) != len(made_leaves):
        raise _unlike(given)
    found: list[Pair] = []
    for leaf, other in zip(leaves, made_leaves, strict=True):
        plain, sealed = (value_of(one.node) for one in ((leaf, other) if encrypting else (other, leaf)))
        if leaf.encrypted and sealed.kind is Kind.STR and sealed.text.startswith(ciphertexts.PREFIX):
            found.append(Pair(leaf.aad, plain.kind.value, plain.text, bare(sealed.text)))
            same = _fits(found[-1])
        else:
            same = (plain.kind, plain.text) == (sealed.kind, sealed.text)
        if leaf.aad != other.aad or not same:
            raise _unlike(given, leaf)
    return found + _comment_pairs(given, said, made_said, encrypting=encrypting)


def bare(ciphertext: str) -> str:
    """Cut off what may follow in the text of a scalar: a block's line end, a mark that it stood without quotes."""
    return ciphertext[: ciphertext.rfind("]") + 1]


def _as_given(stream: Stream, selection: Selection) -> tuple[list[Leaf], list[_Said]]:
    """The values and comments of a text in the order in which sops reads them."""
    leaves: list[Leaf] = []
    said: list[_Said] = []
    attached = attach(stream.text)
    for item in walk(stream, selection, attached):
        match item:
            case Leaf() if _is_comment(item):
                said.append(_Said(item.aad, item.node.value))
            case Leaf():
                leaves.append(item)
            case Remark(aad=aad, number=number):
                comment = attached.comments[number]
                said.append(_Said(aad, stream.text[comment.start + 1 : comment.end]))
    return leaves, said


def _as_made(stream: Stream, selection: Selection) -> tuple[list[Leaf], list[_Said]]:
    """The same of a text that sops wrote, which has its comments in the order of its tree, each on its line."""
    leaves: list[Leaf] = []
    said: list[tuple[int, _Said]] = []
    attached = attach(stream.text)
    paths: dict[int, str] = {}
    for item in walk(stream, selection, attached):
        match item:
            case Leaf() if _is_comment(item):
                said.append((item.node.start, _Said(item.aad, item.node.value)))
            case Leaf():
                leaves.append(item)
            case Remark(aad=aad, number=number):
                paths[number] = aad
    for number, comment in enumerate(attached.comments):
        text = stream.text[comment.start + 1 : comment.end]
        said.append((comment.start, _Said(paths.get(number, ""), text)))
    return leaves, [one for _, one in sorted(said, key=lambda placed: placed[0])]


def _is_comment(leaf: Leaf) -> bool:
    """Whether an entry of a list is an encrypted comment: that is how sops keeps those of lists."""
    found = ciphertexts.read(leaf.node.value) if leaf.node.value.startswith(ciphertexts.PREFIX) else None
    return found is not None and found.kind == COMMENT


def _fits(pair: Pair) -> bool:
    found = ciphertexts.read(pair.ciphertext)
    return found is not None and found.kind == pair.kind and len(found.data) == len(pair.text.encode())


def _comment_pairs(given: Stream, said: list[_Said], made: list[_Said], *, encrypting: bool) -> list[Pair]:
    """Pair the comments; one of several lines (its line ends within one ciphertext) is several in sops's plain text."""
    found: list[Pair] = []
    rest = iter(made)
    for one in said:
        other = next(rest, None)
        if other is None:
            raise _unlike(given)
        plain, sealed = (one, other) if encrypting else (other, one)
        if not sealed.sealed or plain.sealed:
            if one.text.strip() != other.text.strip():
                raise _unlike(given)
            continue
        pair = Pair(one.aad, COMMENT, plain.text, bare(sealed.text))
        while not encrypting and not _fits(pair) and (more := next(rest, None)) is not None:
            pair = Pair(pair.aad, COMMENT, f"{pair.text}\n{more.text}", pair.ciphertext)
        if not _fits(pair):
            raise _unlike(given)
        found.append(pair)
    if next(rest, None) is not None:
        raise _unlike(given)
    return found


def _unlike(given: Stream, leaf: Leaf | None = None) -> MatrixSecretsError:
    place = Place(given.file) if leaf is None else place_of(given, leaf.document, leaf.place, leaf.node.start)
    return OutsideError(
        "what sops returned does not have the values and comments that it was given; nothing was changed",
        place=place,
        hint="add --engine builtin, and please report this with a file of the same shape and made-up values",
    )
