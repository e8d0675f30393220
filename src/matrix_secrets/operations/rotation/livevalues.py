"""The values that are in force in the cluster: what the Secret and the ConfigMap there hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cluster.reading import read_config_map, read_secret
from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.nodes import text_at
from matrix_secrets.manifests.parse import parse
from matrix_secrets.operations.rotation.world import Side
from matrix_secrets.secretvalue import SecretValue
from matrix_secrets.stack.model import ConfigSpot, SecretSpot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matrix_secrets.manifests.nodes import Path
    from matrix_secrets.manifests.resources import Resource
    from matrix_secrets.operations.rotation.site import Site
    from matrix_secrets.stack.model import Location, Stack

Values = dict[str, SecretValue | None]


def side_of(
    found: Mapping[str, SecretValue | None], old: Mapping[str, SecretValue], new: Mapping[str, SecretValue]
) -> Side:
    """Say whether values are the new ones, the old ones, or neither; what both have in common does not count."""
    names = [name for name in new if new[name] != old.get(name)]
    for side, wanted in ((Side.NEW, new), (Side.OLD, old)):
        if all(found.get(name) == wanted.get(name) for name in names):
            return side
    return Side.OTHER


def live_values(site: Site, stack: Stack, names: Iterable[str]) -> Values:
    """Return the value that the cluster holds in all places of each secret; None where they differ, or one lacks it.

    The places are those of ``stack``, as a commit has it. Raises OutsideError.
    """
    wanted = set(names)
    reading = _Reading(site, stack)
    found: Values = {}
    for secret in stack.managed:
        if secret.name in wanted:
            values = {reading.value(location) for location in secret.locations}
            found[secret.name] = values.pop() if len(values) == 1 else None
    return found


class _Reading:
    """Each object read once."""

    def __init__(self, site: Site, stack: Stack) -> None:
        self._site = site
        self._stack = stack
        self._objects: dict[tuple[str, str, str], Mapping[str, SecretValue]] = {}

    def value(self, location: Location) -> SecretValue | None:
        match location.spot:
            case SecretSpot(resource, key):
                return self._entries(resource).get(key)
            case ConfigSpot(config, path):
                return _inside(self._entries(config.entry.resource).get(config.entry.key), path)

    def _entries(self, resource: Resource) -> Mapping[str, SecretValue]:
        place = (resource.kind, self._site.namespace(self._stack, resource), resource.name)
        if place not in self._objects:
            read = read_secret if resource.kind == "Secret" else read_config_map
            found = read(self._site.cluster, *place[1:])
            self._objects[place] = {} if found is None else found.entries
        return self._objects[place]


def _inside(text: SecretValue | None, path: Path) -> SecretValue | None:
    if text is None:
        return None
    try:
        documents = parse(text.reveal()).documents
    except BadManifestError:
        return None
    value = text_at(documents[0].root, path) if documents else None
    return None if value is None else SecretValue(value)
