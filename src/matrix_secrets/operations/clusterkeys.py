"""The Secret that Flux decrypts with: which identities stand in it, and what Flux cannot or does not read there."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.identity import Identity, Locked
from matrix_secrets.agekeys.identityfile import parse_identities
from matrix_secrets.errors import Place, RefusedError
from matrix_secrets.findings import Finding, Severity
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matrix_secrets.cluster.objects import LiveSecret

# kustomize-controller, internal/decryptor: entries are chosen by their suffix, and each must parse.
AGE_SUFFIX: Final = ".agekey"
OWN_PREFIX: Final = "matrix-secrets-"
_AGE_KEY: Final = "AGE-SECRET-KEY-"
_CHARACTERS: Final = 13  # of a recipient, in an entry's name: age1 and nine more


@dataclass(frozen=True, slots=True)
class HeldKey:
    """An entry that Flux reads. ``foreign`` counts keys whose recipient only age itself could tell (plugins)."""

    entry: str
    identities: tuple[Identity, ...] = field(repr=False)
    foreign: int = 0

    @property
    def recipients(self) -> tuple[str, ...]:
        """The recipients of its identities."""
        return tuple(identity.recipient.key for identity in self.identities)

    @property
    def own(self) -> bool:
        """Whether its name says that this program put it there."""
        return self.entry.startswith(OWN_PREFIX)


def entry_name(recipient: str) -> str:
    """Return the name of the entry for a recipient's identity: entries of a rollover stand side by side."""
    return f"{OWN_PREFIX}{recipient[:_CHARACTERS]}{AGE_SUFFIX}"


def held_keys(secret: LiveSecret | None) -> list[HeldKey]:
    """Read every entry that Flux reads, as strictly as Flux does.

    Raises RefusedError naming one that does not parse: with it Flux decrypts nothing at all.
    """
    if secret is None:
        return []
    return [_read(secret, entry) for entry in sorted(secret.entries) if entry.endswith(AGE_SUFFIX)]


def recipients_of(held: Sequence[HeldKey]) -> tuple[str, ...]:
    """Return the recipients of all entries, each once."""
    return tuple(dict.fromkeys(recipient for each in held for recipient in each.recipients))


def unread_entries(secret: LiveSecret | None, option: str) -> Iterator[Finding]:
    """Yield a warning for each entry that holds an age identity under a name that Flux does not read.

    ``option`` names the context in the fix.
    """
    for entry, value in sorted(secret.entries.items()) if secret is not None else ():
        if not entry.endswith(AGE_SUFFIX) and _AGE_KEY in value.reveal():
            text = f"holds an age identity, but Flux reads only entries named *{AGE_SUFFIX}"
            place = secret_place(secret, entry) if secret is not None else Place("")
            fix = f"matrix-secrets cluster install-key, then: {_removal(secret, entry, option)}" if secret else ""
            yield Finding("cluster-entry-unread", Severity.WARNING, place, text, fix)


def secret_place(secret: LiveSecret, entry: str = "") -> Place:
    """Return the place of an entry: ``flux-system › Secret/sops-age › age.agekey``."""
    return Place(secret.namespace, f"Secret/{secret.name}", (entry,) if entry else ())


def _read(secret: LiveSecret, entry: str) -> HeldKey:
    try:
        found = parse_identities(secret.entries[entry].reveal().encode(), entry)
    except RefusedError as error:
        raise _unparsable(secret, entry, error.message) from None
    if any(isinstance(each, Locked) for each in found):
        raise _unparsable(secret, entry, "it is under a passphrase, which Flux does not have")
    identities = tuple(each for each in found if isinstance(each, Identity))
    return HeldKey(entry, identities, len(found) - len(identities))


def _unparsable(secret: LiveSecret, entry: str, why: str) -> RefusedError:
    return RefusedError(
        "is no age identity: with it Flux decrypts nothing at all, whatever else stands in that Secret",
        place=secret_place(secret, entry),
        cause=why,
        hint=f"{_removal(secret, entry, '')}; then run the command again",
    )


def _removal(secret: LiveSecret, entry: str, option: str) -> str:
    pointer = entry.replace("~", "~0").replace("/", "~1")
    patch = f'[{{"op": "remove", "path": "/data/{pointer}"}}]'
    return f"kubectl{option} -n {secret.namespace} patch secret {secret.name} --type=json -p '{patch}'"
