"""Reading what stands in one place: its state, and the value where there is a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, MatrixSecretsError, Place
from matrix_secrets.manifests.nodes import Alias, Node, Scalar
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.configtext import ConfigText, no_sops_block
from matrix_secrets.stack.model import ConfigSpot, Location, SecretSpot, Spot, ValueState
from matrix_secrets.stack.placeholders import is_placeholder

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.manifests.resources import Entry

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


def in_entry(entry: Entry, locked: MatrixSecretsError | None) -> Location:
    """Read a managed secret's value under a key of a Secret."""
    spot = SecretSpot(entry.resource, entry.key, entry)
    if entry.encrypted:
        why = locked or no_sops_block(entry.place)
        return Location(entry.place, ValueState.UNREADABLE, None, spot, why)
    if is_placeholder(entry.scalar.value):  # before decoding: the guide's placeholder is no base64
        return Location(entry.place, ValueState.PLACEHOLDER, None, spot)
    if is_null(entry.scalar):
        return Location(entry.place, ValueState.EMPTY, None, spot)
    try:
        text = entry.embedded().text
    except BadManifestError as error:
        return Location(entry.place, ValueState.UNREADABLE, None, spot, error)
    return _read(text, entry.place, spot)


def in_config(config: ConfigText, path: Path) -> Location:
    """Read a managed secret's value in a configuration; MISSING where the path has no value."""
    place, spot = config.place(path), ConfigSpot(config, path)
    if not config.readable:
        return Location(place, ValueState.UNREADABLE, None, spot, config.why)
    node = config.node(path)
    match node:
        case None:
            return Location(place, ValueState.MISSING, None, spot)
        case Scalar() if is_null(node):
            return Location(place, ValueState.EMPTY, None, spot)
        case Scalar():
            return _read(node.value, place, spot)
        case _:
            return Location(place, ValueState.UNREADABLE, None, spot, not_a_value(node, place))


def is_null(scalar: Scalar) -> bool:
    """Whether a scalar is YAML's null, or an empty text."""
    return not scalar.value.strip() or (not scalar.style and scalar.value in _NULLS)


def not_a_value(node: Node, place: Place) -> BadManifestError:
    """Make the error for an alias or a collection where a value is expected."""
    what = "is an alias" if isinstance(node, Alias) else "is a list or a mapping"
    return BadManifestError(
        f"{what}, where one value is expected",
        place=place,
        hint=f"write the value there itself, in {place.file}. Nothing was changed.",
    )


def _read(text: str, place: Place, spot: Spot) -> Location:
    if not text.strip():
        return Location(place, ValueState.EMPTY, None, spot)
    if is_placeholder(text):
        return Location(place, ValueState.PLACEHOLDER, None, spot)
    return Location(place, ValueState.SET, SecretValue(text), spot)
