"""Options of a homeserver.yaml that are no texts: switches and lists, set and taken out where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence
from matrix_secrets.stack.insertion import content_end, indent_of, insert_below, insert_key
from matrix_secrets.stack.itemlists import not_a_list
from matrix_secrets.stack.removal import pair_of, removal
from matrix_secrets.stack.rewriting import Rewrite, replace_scalar
from matrix_secrets.stack.spelling import block, flow
from matrix_secrets.stack.values import is_null, not_a_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as SequenceType

    from matrix_secrets.stack.configtext import ConfigText


def set_switch(config: ConfigText, option: str, *, on: bool, after: str | None = None) -> Rewrite:
    """Set an option to true or false; a missing one is added behind the option ``after``, else as the last.

    Raises BadManifestError where the option is no single value, or there is no mapping to add it to.
    """
    root, text, place = _root(config), config.embedded.text, config.place((option,))
    pair = pair_of(root, option)
    if pair is None:
        edit = insert_key(text, root, option, flow(on), newline=_newline(text), after=after)
    elif isinstance(pair[1], Scalar):
        edit = replace_scalar(text, pair[1], flow(on))
    else:
        raise not_a_value(pair[1], place)
    return Rewrite(place, edit, config.embedded)


def set_list(config: ConfigText, option: str, wanted: SequenceType[str], *, after: str | None = None) -> list[Rewrite]:
    """Make an option the list of these texts; items that stay are not touched, nor are the comments behind them.

    A missing option is added behind the option ``after``, else as the last. Raises BadManifestError where something
    else than a list of texts stands there, or there is no mapping to add it to.
    """
    return [Rewrite(config.place((option,)), edit, config.embedded) for edit in _edits(config, option, wanted, after)]


def list_of(config: ConfigText, option: str) -> tuple[str, ...] | None:
    """Return an option's texts; None where it is not set. Raises BadManifestError where it is no list of texts."""
    pair = pair_of(config.root, option)
    if pair is None or (isinstance(pair[1], Scalar) and is_null(pair[1])):
        return None
    node = pair[1]
    if not isinstance(node, Sequence) or not all(isinstance(item, Scalar) for item in node.items):
        raise not_a_list(config.place((option,)))
    return tuple(item.value for item in node.items if isinstance(item, Scalar))


def take_out(config: ConfigText, option: str) -> Iterator[Rewrite]:
    """Yield the edit that takes an option out; none where it is not there."""
    if pair_of(config.root, option) is not None:
        edit = removal(config.embedded.text, _root(config), option)
        yield Rewrite(config.place((option,)), edit, config.embedded)


def _edits(config: ConfigText, option: str, wanted: SequenceType[str], after: str | None) -> list[Edit]:
    root, text = _root(config), config.embedded.text
    present, pair, newline = list_of(config, option), pair_of(root, option), _newline(text)
    if pair is None:
        lines = block(list(wanted), indent_of(text, root) + "  ") if wanted and not root.flow else []
        spelled = "".join(newline + line for line in lines) or flow(list(wanted))
        return [insert_key(text, root, option, spelled, newline=newline, after=after)]
    if present is not None and sorted(set(present)) == sorted(set(wanted)):
        return []
    node = pair[1]
    if isinstance(node, Scalar):
        return [replace_scalar(text, node, flow(list(wanted)))]
    if isinstance(node, Sequence) and not node.flow and wanted:
        return _in_block(text, node, wanted, newline)
    start = node.start if isinstance(node, Sequence) and node.flow else pair[0].end
    lead = "" if start == node.start else ": "
    return [Edit(start, content_end(node), lead + flow(list(wanted)))]


def _in_block(text: str, node: Sequence, wanted: SequenceType[str], newline: str) -> list[Edit]:
    scalars = [item for item in node.items if isinstance(item, Scalar)]
    added = [each for each in dict.fromkeys(wanted) if each not in {item.value for item in scalars}]
    gone = [item for item in scalars if item.value not in wanted]
    # One that takes the place of another keeps its line.
    edits = [replace_scalar(text, old, flow(new)) for old, new in zip(gone, added, strict=False)]
    both = min(len(gone), len(added))
    edits.extend(_line(text, item) for item in gone[both:])
    indent = " " * (node.start - (text.rfind("\n", 0, node.start) + 1))
    lines = (f"{newline}{indent}").join(f"- {flow(each)}" for each in added[both:])
    if lines:
        edits.append(insert_below(text, node.items[-1], indent, lines, newline=newline, last=True))
    return edits


def _line(text: str, item: Scalar) -> Edit:
    start, end = text.rfind("\n", 0, item.start) + 1, text.find("\n", item.end)
    return Edit(start, end + 1, "") if end >= 0 else Edit(max(start - 1, 0), len(text), "")


def _root(config: ConfigText) -> Mapping:
    if config.why is not None:
        raise config.why
    root = config.root
    if not isinstance(root, Mapping) or not (root.items or root.flow):
        raise BadManifestError(
            "has no options", place=config.entry.place, hint=f"put Synapse's options there, in {config.file}"
        )
    return root


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
