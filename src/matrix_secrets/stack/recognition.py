"""What in a file belongs to a Matrix stack: told by what the resources are, never by file names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Stream, text_at
from matrix_secrets.manifests.resources import DATA, STRING_DATA, Entry, Resource, is_ciphertext, resources
from matrix_secrets.records import dataclass
from matrix_secrets.stack.declarations import GUIDE_SECRETS, POSTGRES_PASSWORD
from matrix_secrets.stack.hiddenparts import keys_under, refuse_hidden_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matrix_secrets.stack.declaration import Declaration

HOMESERVER_KEY: Final = "homeserver.yaml"
ELEMENT_KEY: Final = "config.json"

# Keys stay readable in encrypted files, so these stand in the bytes of every file that may hold a part of a stack.
_HINTS: Final = (
    b"POSTGRES_PASSWORD", b"SYNAPSE_", b"MACAROON_SECRET_KEY", b"REGISTRATION_SHARED_SECRET",
    b"homeserver.yaml", b"config.json", b"default_server_config", b"default_hs_url",
)  # fmt: skip
_KEY: Final = re.compile(
    rb"^[ \t\"']*(?:POSTGRES_PASSWORD|SYNAPSE_[A-Z_]+|homeserver\.yaml|config\.json)[\"']?[ \t]*:", re.MULTILINE
)
_TEMPLATE: Final = re.compile(rb"\{\{[-\s]*[.$a-z]")
_OWN_KEYS: Final = frozenset(
    key for each in GUIDE_SECRETS if each is not POSTGRES_PASSWORD for key in each.keys if key != "FORM_SECRET"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a stack in one file. ``maybe_…`` count only beside others: many applications have such keys."""

    secrets: tuple[Resource, ...] = ()
    homeservers: tuple[Entry, ...] = ()
    elements: tuple[Entry, ...] = ()
    maybe_secrets: tuple[Resource, ...] = ()
    maybe_elements: tuple[Entry, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether the file alone shows that there is a stack."""
        return bool(self.secrets or self.homeservers or self.elements)


def may_hold_parts(raw: bytes, further: Iterable[Declaration] = ()) -> bool:
    """Tell from a file's bytes whether it is worth parsing: 10,000 unrelated files must cost next to nothing."""
    return any(hint in raw for hint in _HINTS) or any(each.name.encode() in raw for each in further)


def looks_like_a_part(raw: bytes) -> bool:
    """Tell whether a file that does not parse was meant to be part of a stack. Helm's templates are not."""
    return bool(_KEY.search(raw)) and not _TEMPLATE.search(raw)


def parts_of(stream: Stream, further: Iterable[Declaration] = ()) -> Parts:
    """Find the parts in a file, in source order. Raises BadManifestError for parts where nobody would look for them."""
    wanted = {key for each in (*GUIDE_SECRETS, *further) for key in each.keys}
    secrets: list[Resource] = []
    maybe_secrets: list[Resource] = []
    homeservers: list[Entry] = []
    elements: list[Entry] = []
    maybe_elements: list[Entry] = []
    for resource in resources(stream):
        refuse_hidden_parts(resource, _OWN_KEYS, HOMESERVER_KEY)
        if not _is_store(resource, "Secret", "ConfigMap"):
            continue
        keys = keys_of(resource)
        if _is_store(resource, "Secret") and keys & wanted:
            (secrets if keys & _OWN_KEYS else maybe_secrets).append(resource)
        for entry in resource.entries():
            if entry.key == HOMESERVER_KEY:
                homeservers.append(entry)
            elif entry.key == ELEMENT_KEY and entry.encrypted:
                maybe_elements.append(entry)
            elif entry.key == ELEMENT_KEY and re.search(r"default_server_config|default_hs_url", entry.scalar.value):
                elements.append(entry)
    return Parts(tuple(secrets), tuple(homeservers), tuple(elements), tuple(maybe_secrets), tuple(maybe_elements))


def keys_of(resource: Resource) -> frozenset[str]:
    """Return the keys under a resource's data: and stringData:."""
    return keys_under(resource.root, DATA, STRING_DATA)


def _is_store(resource: Resource, *kinds: str) -> bool:
    """Whether it is of one of the kinds, or may be: in a file encrypted whole the kind is ciphertext, too."""
    return resource.kind in kinds or is_ciphertext(text_at(resource.root, ("kind",)) or "")
