"""Ciphertext in the place of a value: what the text says there afterwards, its style and indentation kept.

What sops takes was tried (plain, quoted and block ciphertexts, whatever follows the closing bracket); a plain
ciphertext within a flow collection it does not take, so it is quoted, and a space behind it tells that it was plain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from matrix_secrets.manifests.edits import Edit
from matrix_secrets.sops.blockbody import block_body

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Scalar

WAS_PLAIN: Final = " "
"""What follows the ciphertext, within the quotes, where the value stood unquoted in a flow collection."""


class Site(NamedTuple):
    """Where a value's own characters stand: ``text[start:end]``; of a block scalar its lines without the header."""

    start: int
    end: int
    style: str
    indent: str = ""
    flow: bool = False

    def filled(self, ciphertext: str) -> Edit:
        """The edit that puts a ciphertext here."""
        match self.style:
            case "|" | ">":
                return Edit(self.start, self.end, self.indent + ciphertext)
            case "'" | '"':
                return Edit(self.start, self.end, f"{self.style}{ciphertext}{self.style}")
            case _ if self.flow:
                return Edit(self.start, self.end, f'"{ciphertext}{WAS_PLAIN}"')
            case _:
                return Edit(self.start, self.end, ciphertext)


def site_of(text: str, node: Scalar, *, flow: bool) -> Site | None:
    """Find where a scalar's characters stand; None for a block scalar without content."""
    if node.style not in ("|", ">"):
        return Site(node.start, node.end, node.style, flow=flow)
    body = block_body(text, node)
    return None if body is None else Site(body.start, body.end, node.style, body.indent)
