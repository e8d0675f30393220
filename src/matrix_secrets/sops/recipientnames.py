"""Whose recipient is whose: the names that ``.sops.yaml`` gives, by anchors and trailing comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Alias, Scalar, Stream, leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIXES: Final = ("age1", "ssh-")
# Behind a list's item, a comma of a flow list included.
_TRAILING_COMMENT: Final = re.compile(r"[ \t]*,?[ \t]+#+[ \t]*([^\r\n]*)")


def recipient_names(stream: Stream) -> Mapping[str, str]:
    """Return the name of each age recipient that has one.

    An anchor's name wins (``- &alice age1…``), then the comment behind the recipient (``- age1…  # alice``), wherever
    in the file it stands; of several comments the first. A comment behind a list of several in one text is nobody's.
    """
    if not stream.documents:
        return {}
    anchors: dict[str, str] = {}
    comments: dict[str, str] = {}
    for leaf in leaves(stream.documents[0].root):
        if isinstance(leaf.node, Alias) or not _is_one(leaf.node):
            continue
        recipient = leaf.node.value.strip()
        if leaf.node.anchor is not None:
            anchors.setdefault(recipient, leaf.node.anchor)
        if name := trailing_comment(stream.text, leaf.node.end):
            comments.setdefault(recipient, name)
    return {**comments, **anchors}


def trailing_comment(text: str, position: int) -> str:
    """Return the text of the comment behind a position on the same line, empty where there is none."""
    found = _TRAILING_COMMENT.match(text, position)
    return found[1].strip() if found else ""


def _is_one(node: Scalar) -> bool:
    value = node.value.strip()
    return value.startswith(_PREFIXES) and "," not in value and node.style not in ("|", ">")
