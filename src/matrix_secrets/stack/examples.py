"""The guide's example name and address where they stand beyond the known options: replaced there, too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from matrix_secrets.manifests.edits import Edit, splice
from matrix_secrets.manifests.nodes import Path, Scalar
from matrix_secrets.manifests.render import is_plain_string, quoted
from matrix_secrets.stack.leftovers import Leftover, leftovers
from matrix_secrets.stack.placeholders import EXAMPLE_NAME, NODE_IP
from matrix_secrets.stack.rewriting import Rewrite

if TYPE_CHECKING:
    from matrix_secrets.stack.model import Stack

Done = Collection[tuple[int, str, Path]]


def fill_examples(stack: Stack, done: Done, *, server_name: str, node_ip: str | None) -> Iterator[tuple[Rewrite, str]]:
    """Yield a rewrite for each further value that holds ``matrix.example.com`` or ``<NODE_IP>``, and its new value.

    ``done`` are the options that are set already: position of the configuration's scalar, file, path. Comments stay.
    Secrets are none of this: a managed value that is a placeholder is `generate`'s business.
    """
    new = {EXAMPLE_NAME: server_name, **({} if node_ip is None else {NODE_IP: _host(node_ip)})}
    together: dict[tuple[str, int, int], list[Leftover]] = defaultdict(list)
    for each in leftovers(stack):
        if each.scalar is not None and each.token.text in new and not _is_done(each, done):
            config = each.config.entry.scalar.start if each.config is not None else -1
            together[each.place.file, config, each.scalar.start].append(each)
    for found in together.values():
        scalar, first = found[0].scalar, found[0]
        if scalar is None:
            continue
        edits = [Edit(each.token.start, each.token.end, new[each.token.text]) for each in found]
        within = first.config.embedded if first.config is not None else None
        for edit in _in_style(first.text, scalar, edits):
            yield Rewrite(first.place, edit, within), ", ".join(dict.fromkeys(edit.new for edit in edits))


def _is_done(each: Leftover, done: Done) -> bool:
    if each.config is None or each.scalar is None:
        return False
    return any(
        each.config.node(path) is each.scalar
        for start, file, path in done
        if (start, file) == (each.config.entry.scalar.start, each.config.file)
    )


def _in_style(text: str, scalar: Scalar, edits: list[Edit]) -> list[Edit]:
    """Return the edits themselves where the scalar's style bears them, else one that quotes the whole."""
    shifted = [Edit(edit.start - scalar.start, edit.end - scalar.start, edit.new) for edit in edits]
    spelled = splice(text[scalar.start : scalar.end], shifted)
    if scalar.style or is_plain_string(spelled):
        return edits
    return [Edit(scalar.start, scalar.end, quoted(spelled))]


def _host(node_ip: str) -> str:
    return f"[{node_ip}]" if ":" in node_ip else node_ip
