"""From a new value for a place to the edit of the file that holds it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError, Place
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.embedded import EmbeddedText, encode_base64
from matrix_secrets.manifests.nodes import Mapping, Path, Scalar, child
from matrix_secrets.manifests.render import quoted, require_colon
from matrix_secrets.manifests.resources import DATA, STRING_DATA
from matrix_secrets.manifests.sourcemap import BLOCK_HEADER
from matrix_secrets.records import dataclass
from matrix_secrets.stack.insertion import insert_key
from matrix_secrets.stack.model import ConfigSpot, Location, SecretSpot
from matrix_secrets.stack.values import not_a_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.stack.configtext import ConfigText

_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SECRETS: Final = ("registration_shared_secret", "macaroon_secret_key", "form_secret")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An edit of a file, or of the configuration ``within`` one. The repr leaves out the edit: it holds the value."""

    place: Place
    edit: Edit = field(repr=False)
    within: EmbeddedText | None = field(default=None, repr=False)


def rewrite(location: Location, value: str) -> Rewrite:
    """Put a value in a managed secret's place; a missing key is added. Always in double quotes.

    Raises the location's own reason where it cannot be read, BadManifestError where its surroundings have no place.
    """
    if location.why is not None:
        raise location.why
    match location.spot:
        case SecretSpot():
            return Rewrite(location.place, _in_secret(location.spot, location.place, value))
        case ConfigSpot(config, path):
            return set_option(config, path, value)


def set_option(config: ConfigText, path: Path, value: str, *, after: str | None = None) -> Rewrite:
    """Put a text in an option of a configuration, in double quotes; where the option is missing it is added.

    It goes behind a key that is like it, else behind ``after``, else to the end.

    Raises the reason why the configuration cannot be read, BadManifestError where there is no mapping to add it to.
    """
    place = config.place(path)
    if config.why is not None:
        raise config.why
    text, node = config.embedded.text, config.node(path)
    if isinstance(node, Scalar):
        return Rewrite(place, replace_scalar(text, node, _spelled(config, value)), config.embedded)
    if node is not None:
        raise not_a_value(node, place)
    parent = config.node(path[:-1])
    if not isinstance(parent, Mapping) or (not parent.items and not parent.flow):
        raise BadManifestError(
            "is missing, and so is the mapping it belongs in",
            place=place,
            hint=f"add it by hand in {place.file}, then run the command again. Nothing was changed.",
        )
    neighbour = _neighbour(parent, str(path[-1])) or after
    edit = insert_key(text, parent, str(path[-1]), _spelled(config, value), newline=_newline(text), after=neighbour)
    return Rewrite(place, edit, config.embedded)


def replace_scalar(text: str, scalar: Scalar, spelled: str) -> Edit:
    """Make the edit that puts another spelling in place of a scalar: of a null, of a block with its lines.

    Raises BadManifestError for the null of a key without a colon.
    """
    require_colon(text, scalar)
    if scalar.style in ("|", ">"):
        header = BLOCK_HEADER.match(text, scalar.start, scalar.end)
        comment = f" {header[2]}" if header and header[2] else ""
        ending = re.search(r"[\r\n]*$", text[scalar.start : scalar.end])
        return Edit(scalar.start, scalar.end, spelled + comment + (ending[0] if ending else ""))
    if scalar.start == scalar.end and text[scalar.start - 1 : scalar.start] not in (" ", "\t"):
        return Edit(scalar.start, scalar.end, f" {spelled}")
    return Edit(scalar.start, scalar.end, spelled)


def compose(rewrites: Iterable[Rewrite]) -> dict[str, list[Edit]]:
    """Gather rewrites into the edits of each file. Those within one configuration are made together."""
    direct: dict[str, list[Edit]] = defaultdict(list)
    within: dict[tuple[str, int], list[Rewrite]] = defaultdict(list)
    for each in rewrites:
        if each.within is None:
            direct[each.place.file].append(each.edit)
        else:
            within[each.place.file, each.within.scalar.start].append(each)
    for (file, _), together in within.items():
        embedded = together[0].within
        if embedded is not None:
            direct[file].extend(embedded.edits([each.edit for each in together]))
    return dict(direct)


def _in_secret(spot: SecretSpot, place: Place, value: str) -> Edit:
    stream = spot.resource.stream
    if spot.entry is not None:
        encoded = spot.entry.embedded().encoded
        text = encode_base64(value) if encoded else value
        return replace_scalar(stream.text, spot.entry.scalar, quoted(text))
    for name in (STRING_DATA, DATA):
        node = child(spot.resource.root, name)
        if isinstance(node, Mapping) and node.items:
            text = encode_base64(value) if name == DATA and spot.resource.kind == "Secret" else value
            return insert_key(stream.text, node, spot.key, quoted(text), newline=stream.newline)
    raise BadManifestError(
        "is missing, and the Secret has neither stringData: nor data: to add it to",
        place=place,
        hint=f"add stringData: to it in {place.file}, then run the command again. Nothing was changed.",
    )


def _neighbour(parent: Mapping, key: str) -> str | None:
    """Return the key that a new one goes behind: another secret, the database's user."""
    present = [name.value for name, _ in parent.items if isinstance(name, Scalar)]
    beside = ("user",) if key == "password" else _SECRETS if key in _SECRETS else ()
    found = [name for name in present if name in beside]
    return found[-1] if found else None


def _spelled(config: ConfigText, value: str) -> str:
    """Spell a text in double quotes; in a JSON file with escapes that JSON has, too."""
    if not config.entry.key.endswith(".json"):
        return quoted(value)
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
