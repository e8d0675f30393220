"""The values and comments of one document in the order and with the paths that sops gives them.

Source: sops 3.13.3, stores/yaml/store.go (appendYamlNodeToTreeBranch, nodeToTreeValue) and sops.go (walkBranch,
walkSlice, shouldBeEncrypted with its stack of comments).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from matrix_secrets.manifests.nodes import Alias, Mapping, Scalar, Sequence
from matrix_secrets.manifests.resolve import Kind
from matrix_secrets.records import dataclass
from matrix_secrets.sops.metadata import KEY
from matrix_secrets.sops.treeitems import Leaf, Remark, endless_alias, key_name, no_mapping, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.comments import Attached, NodeComments
    from matrix_secrets.manifests.nodes import Document, Node, Path, Stream
    from matrix_secrets.sops.selectors import Selection
    from matrix_secrets.sops.treeitems import Item

_MOST_EXPANDED: Final = 100_000


@dataclass(slots=True)
class _Level:
    """One mapping or list on the way down.

    ``hit`` tells of a key above it that the selector names; ``above`` and ``here`` of a comment in force that it names.
    """

    place: Path
    prefix: str
    hit: bool
    above: bool = False
    here: bool = False
    in_list: bool = False


@dataclass(slots=True)
class _Visit:
    """A node to be visited. ``handled`` tells that its comments were said already."""

    level: _Level
    node: Node
    comments: NodeComments
    place: Path
    prefix: str
    hit: bool
    flow: bool
    owner: int
    handled: bool
    via: Alias | None


@dataclass(slots=True)
class _Say:
    """Comments to be said."""

    level: _Level
    numbers: tuple[int, ...]
    inline: bool = False


_Task: TypeAlias = _Visit | _Say | _Level


class CommentWalk:
    """Walks one document; nothing in it is deeper than the tasks are many."""

    def __init__(
        self, stream: Stream, selection: Selection, attached: Attached, comments: NodeComments, document: Document
    ) -> None:
        self._stream = stream
        self._selection = selection
        self._attached = attached
        self._comments = comments
        self._document = document
        self._anchors: dict[str, tuple[Node, NodeComments]] = {}
        self._expanded = 0
        self._tasks: list[_Task] = []

    def items(self) -> Iterator[Item]:
        """Yield leaves and comments. Raises BadManifestError for what sops does not read."""
        document, comments, level = self._document, self._comments, _Level((), "", hit=False)
        of_root = comments.children[0]
        yield from self._say(_Say(level, comments.head + comments.line))
        root = document.root
        if isinstance(root, Mapping):
            self._remember(root, of_root)
            self._open_mapping(root, of_root, level, handled=False, via=None)
            while self._tasks:
                yield from self._do(self._tasks.pop())
        elif root is None:
            yield from self._say(_Say(level, of_root.head + of_root.line))
        elif not isinstance(root, Scalar) or value_of(root).kind is not Kind.NULL:
            raise no_mapping(self._stream, document.index)
        yield from self._say(_Say(level, comments.foot))

    def _do(self, task: _Task) -> Iterator[Item]:
        if isinstance(task, _Say):
            yield from self._say(task)
        elif isinstance(task, _Level):
            task.here = False
        elif isinstance(task.node, Scalar):
            self._remember(task.node, task.comments)
            yield self._leaf(task, task.node)
        else:
            self._open(task)

    def _leaf(self, task: _Visit, node: Scalar) -> Leaf:
        level, selection = task.level, self._selection
        hit = level.above or level.here if selection.by_comment else task.hit
        encrypted = hit is not selection.names_plain
        level.here = False
        aad = task.prefix or ":"
        return Leaf(self._document.index, task.place, aad, node, encrypted, task.flow, task.owner, task.via)

    def _say(self, say: _Say) -> Iterator[Remark]:
        level, selection = say.level, self._selection
        for number in say.numbers:
            if number < 0:
                continue
            hit = level.hit
            if selection.by_comment:
                before = level.above or level.here
                level.here = level.here or selection.hits(self._text_of(number))
                # The comment that asks for encryption stays plain itself; the one that forbids it does, too.
                hit = level.above or level.here if selection.names_plain else before
            encrypted, aad = hit is not selection.names_plain, level.prefix or ":"
            yield Remark(self._document.index, level.place, aad, number, encrypted, say.inline, level.in_list)

    def _text_of(self, number: int) -> str:
        comment = self._attached.comments[number]
        return self._stream.text[comment.start + 1 : comment.end]

    def _open(self, task: _Visit) -> None:
        node, comments, outer = task.node, task.comments, task.level
        if isinstance(node, Alias):
            self._follow(task, node)
            return
        self._remember(node, comments)
        if self._selection.by_comment:
            self._tasks.append(outer)  # when all of it is done, the comments in front of it are no longer in force
        level = _Level(task.place, task.prefix, task.hit, outer.above or outer.here)
        if isinstance(node, Mapping):
            self._open_mapping(node, comments, level, handled=task.handled, via=task.via)
        elif isinstance(node, Sequence):
            level.in_list = True
            self._open_list(node, task, level)

    def _open_list(self, node: Sequence, task: _Visit, level: _Level) -> None:
        own = task.comments
        todo: list[_Task] = [] if task.handled else [_Say(level, own.head + own.line)]
        for index, (item, about) in enumerate(zip(node.items, own.children, strict=True)):
            todo += [_Say(level, about.head), _Say(level, about.line, inline=True)]
            place, hit = (*task.place, index), task.hit
            todo.append(
                _Visit(level, item, about, place, task.prefix, hit, node.flow, node.start, handled=True, via=task.via)
            )
            todo.append(_Say(level, about.foot))
        if not task.handled:
            todo.append(_Say(level, own.foot))
        self._tasks.extend(reversed(todo))

    def _open_mapping(
        self, node: Mapping, comments: NodeComments, level: _Level, *, handled: bool, via: Alias | None
    ) -> None:
        todo: list[_Task] = [] if handled else [_Say(level, comments.head + comments.line)]
        decides, document = not self._selection.by_comment, self._document.index
        about = iter(comments.children)
        for key, value in node.items:
            name = key_name(self._stream, document, level.place, key)
            of_key, of_value = next(about), next(about)
            self._remember(key, of_key)
            simple = isinstance(value, Scalar | Alias)
            todo.append(_Say(level, of_key.head + of_key.line))
            if simple:
                todo += [_Say(level, of_value.head), _Say(level, of_value.line, inline=True)]
            if name != KEY or level.place:
                hit = level.hit or (decides and self._selection.hits(name))
                place, prefix = (*level.place, name), f"{level.prefix}{name}:"
                todo.append(
                    _Visit(level, value, of_value, place, prefix, hit, node.flow, key.start, handled=simple, via=via)
                )
            todo.append(_Say(level, (of_value.foot if simple else ()) + of_key.foot))
        if not handled:
            todo.append(_Say(level, comments.foot))
        self._tasks.extend(reversed(todo))

    def _follow(self, task: _Visit, alias: Alias) -> None:
        found = self._anchors.get(alias.anchor)
        self._expanded += 1
        if found is None or found[0].start <= alias.start < found[0].end or self._expanded > _MOST_EXPANDED:
            raise endless_alias(self._stream, self._document.index, task.place, alias.start)
        task.node, task.comments = found
        task.handled, task.via = False, task.via or alias
        self._tasks.append(task)

    def _remember(self, node: Node, comments: NodeComments) -> None:
        if not isinstance(node, Alias) and node.anchor is not None:
            self._anchors[node.anchor] = (node, comments)
