"""Where ``.sops.yaml`` lists age recipients: in rules, in their key groups, and by anchors that aliases refer to."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.manifests.nodes import Alias, Mapping, Node, Scalar, Sequence, child
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.nodes import Stream

Listing: TypeAlias = "Scalar | Sequence"
"""What stands behind ``age:``: a text of recipients with commas, or a list."""


def key_of(recipient: str) -> str:
    """The key itself: behind an ssh key may stand a comment."""
    return recipient if recipient.isalnum() else " ".join(recipient.split()[:2])


def keys_in(text: str) -> list[str]:
    """The keys in a text with commas, as sops takes it apart."""
    return [key_of(part) for part in text.split(",") if part.strip()]


@dataclass(frozen=True, slots=True)
class AgeField:
    """The recipients of one rule. ``owner`` is the mapping that has ``age:``, ``listing`` None where it has none.

    ``index`` counts the rules from 0. Two fields share a ``listing`` where both are aliases of it.
    """

    index: int
    owner: Mapping
    listing: Listing | None


class RecipientLists:
    """The places in one ``.sops.yaml``. Raises RefusedError for a layout that cannot be edited by position."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._root = stream.documents[0].root if stream.documents else None
        self._anchors: dict[str, Node] = {}
        self.referred: defaultdict[str, list[Alias]] = defaultdict(list)
        for node in nodes(self._root):
            if isinstance(node, Alias):
                self.referred[node.anchor].append(node)
            elif node.anchor is not None:
                if node.anchor in self._anchors:
                    raise self.cannot(f"the anchor &{node.anchor} stands there twice")
                self._anchors[node.anchor] = node

    @property
    def root(self) -> Node | None:
        """The first document's content: the only one that sops reads."""
        return self._root

    def resolved(self, node: Node | None) -> Node | None:
        """What an alias refers to; any other node is itself."""
        return self._anchors.get(node.anchor) if isinstance(node, Alias) else node

    def anchor_of(self, recipient: str) -> Scalar | None:
        """The anchored scalar that holds exactly this recipient."""
        for node in self._anchors.values():
            if isinstance(node, Scalar) and keys_in(node.value) == [recipient]:
                return node
        return None

    def anchored(self, name: str) -> bool:
        """Whether an anchor of that name exists."""
        return name in self._anchors

    def fields(self) -> list[AgeField]:
        """The recipients of every rule, in order."""
        rules = self.resolved(child(self._root, "creation_rules"))
        items = rules.items if isinstance(rules, Sequence) else ()
        return [self._field(index, item) for index, item in enumerate(items)]

    def _field(self, index: int, item: Node) -> AgeField:
        rule = self._mapping(item, index)
        groups = self.resolved(child(rule, "key_groups"))
        if isinstance(groups, Sequence) and groups.items:
            if len(groups.items) > 1:
                raise self.cannot(
                    "its key_groups share every file out among several groups (Shamir's secret sharing)", index
                )
            rule = self._mapping(groups.items[0], index)
            if child(rule, "merge") is not None:
                raise self.cannot("its key group merges others", index)
        if child(rule, "<<") is not None:
            raise self.cannot("it takes over fields from elsewhere by a merge key (<<)", index)
        node = child(rule, "age")
        listing = self.resolved(node)
        if listing is None or (isinstance(listing, Scalar) and not listing.style and not listing.value.strip(" ~")):
            return AgeField(index, rule, None)
        if not isinstance(listing, Scalar | Sequence):
            raise self.cannot("its age: is neither a text nor a list", index)
        return AgeField(index, rule, listing)

    def _mapping(self, node: Node, index: int) -> Mapping:
        found = self.resolved(node)
        if not isinstance(found, Mapping):
            raise self.cannot("it is no mapping", index)
        return found

    def further(self) -> Iterator[Listing]:
        """The recipients of destination rules, which say for whom a published file is encrypted anew."""
        rules = self.resolved(child(self._root, "destination_rules"))
        for item in rules.items if isinstance(rules, Sequence) else ():
            listing = self.resolved(child(self.resolved(child(self.resolved(item), "recreation_rule")), "age"))
            if isinstance(listing, Scalar | Sequence):
                yield listing

    def homes(self) -> Iterator[tuple[Sequence | Mapping, int]]:
        """Each collection outside of the rules with the number of an item in it that is a scalar: ``keys:``."""
        if not isinstance(self._root, Mapping):
            return
        for key, value in self._root.items:
            if isinstance(key, Scalar) and key.value not in {"creation_rules", "destination_rules", "stores"}:
                for node in nodes(value):
                    match node:
                        case Sequence():
                            yield from ((node, at) for at, item in enumerate(node.items) if isinstance(item, Scalar))
                        case Mapping():
                            yield from ((node, at) for at, pair in enumerate(node.items) if isinstance(pair[1], Scalar))
                        case _:
                            pass

    def cannot(self, why: str, index: int | None = None) -> RefusedError:
        """Return the error for what has to be edited by hand."""
        name = self._stream.file
        return RefusedError(
            f"recipients cannot be changed here: {why}",
            place=Place(name, "" if index is None else f"rule {index + 1}"),
            hint=f"change the recipients in {name} by hand, then: matrix-secrets keys sync",
        )


def nodes(root: Node | None) -> Iterator[Node]:
    """Yield a node and all below it in source order, keys included."""
    pending = [root] if root is not None else []
    while pending:
        node = pending.pop()
        yield node
        match node:
            case Mapping():
                pending.extend(part for pair in reversed(node.items) for part in reversed(pair))
            case Sequence():
                pending.extend(reversed(node.items))
            case _:
                pass
