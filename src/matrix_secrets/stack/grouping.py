"""Which directories make one stack: usually one; parts that complement each other below one directory, together."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Group:
    """A stack to be: its directory, and the directories whose files belong to it."""

    directory: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What kinds of parts a directory holds (``secret``, ``homeserver``, ``element``) and in which namespaces."""

    kinds: frozenset[str]
    namespaces: frozenset[str]


def groups(contents: Mapping[str, Content], bundles: Iterable[str]) -> list[Group]:
    """Group directories into stacks, sorted by directory.

    ``bundles`` are the directories that have a kustomization.yaml. Directories side by side, or one in the other,
    are one stack if such a bundle lies above them, no two hold the same kind of part, and no two name different
    namespaces: ``apps/matrix/{postgres,synapse,element}``. Anything else stays apart: base and overlays, copies.
    """
    found: list[Group] = []
    left = set(contents)
    # The deepest bundles first: a copy of a whole stack beside another one is complete before their parent is asked.
    for bundle in sorted(set(bundles), key=lambda each: (-_depth(each), each)):
        members = sorted(each for each in left if posixpath.dirname(each) == bundle or each == bundle)
        if len(members) > 1 and _complement([contents[each] for each in members]):
            found.append(Group(bundle, tuple(members)))
            left -= set(members)
    found.extend(Group(each, (each,)) for each in left)
    return sorted(found, key=lambda group: group.directory)


def _depth(directory: str) -> int:
    return directory.count("/") + 1 if directory else 0


def _complement(contents: list[Content]) -> bool:
    count = sum(len(content.kinds) for content in contents)
    together = frozenset[str]().union(*(content.kinds for content in contents))
    namespaces = frozenset[str]().union(*(content.namespaces for content in contents)) - {""}
    return count == len(together) and len(namespaces) <= 1
