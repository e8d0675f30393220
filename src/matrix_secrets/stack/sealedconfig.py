"""homeserver.yaml without secrets: options that name files, and no password of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import RefusedError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Scalar
from matrix_secrets.manifests.render import is_plain_string, quoted
from matrix_secrets.stack.layouts import PASSWORD, has_option
from matrix_secrets.stack.removal import pair_of, removal
from matrix_secrets.stack.rewriting import Rewrite, replace_scalar, set_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.stack.configtext import ConfigText
    from matrix_secrets.stack.declaration import Declaration

_NAME: Final = "server_name"


def name_file(config: ConfigText, declaration: Declaration, file: str) -> Iterator[Rewrite]:
    """Yield the edits by which Synapse reads a secret from a file: the value's own line becomes the option's.

    An option that names a file already is left; the value beside it, with which Synapse would not start, goes.
    Raises RefusedError where another part of the configuration refers to the value.
    """
    path, option = declaration.config_path or (), declaration.path_option or ""
    pair = pair_of(config.root, str(path[0])) if len(path) == 1 else None
    if has_option(config, option):
        if pair is not None:
            yield from _without(config, path)
        return
    if pair is None:  # not at the end: the password, which goes, may be the last line
        yield set_option(config, (option,), file, after=_NAME if has_option(config, _NAME) else None)
        return
    key, value = pair
    if not isinstance(value, Scalar):
        raise _referred(config, path)
    _refuse_anchor(config, path, value)
    if pair_of(config.root, option) is not None:  # there, without a value
        yield from _without(config, path)
        yield set_option(config, (option,), file, after=_NAME if has_option(config, _NAME) else None)
        return
    place, text = config.place((option,)), config.embedded.text
    name = quoted(option) if text[key.start] == '"' else option
    plain = is_plain_string(file) and not key.style
    yield Rewrite(place, Edit(key.start, key.end, name), config.embedded)
    yield Rewrite(place, replace_scalar(text, value, file if plain else quoted(file)), config.embedded)


def without_password(config: ConfigText) -> Iterator[Rewrite]:
    """Yield the edit that takes the database's password out; none where there is none."""
    yield from _without(config, PASSWORD)


def _without(config: ConfigText, path: Path) -> Iterator[Rewrite]:
    node, parent = config.node(path), config.node(path[:-1])
    if node is None or not isinstance(parent, Mapping):
        return
    if not isinstance(node, Scalar):
        raise _referred(config, path)
    _refuse_anchor(config, path, node)
    yield Rewrite(config.place(path), removal(config.embedded.text, parent, str(path[-1])), config.embedded)


def _refuse_anchor(config: ConfigText, path: Path, value: Scalar) -> None:
    around = [config.node(path[:depth]) for depth in range(1, len(path))]
    if value.anchor is not None or any(isinstance(each, Mapping) and each.anchor is not None for each in around):
        raise _referred(config, path)


def _referred(config: ConfigText, path: Path) -> RefusedError:
    place = config.place(path)
    return RefusedError(
        "has an anchor, or is an alias: other options depend on it",
        place=place,
        hint=f"write the values out in {place.file}, each where it is used. Nothing was changed.",
    )
