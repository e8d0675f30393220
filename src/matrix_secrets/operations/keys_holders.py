"""Who holds a key: the name that ``.sops.yaml`` gives, the files it reads, whether it is yours or the cluster's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from matrix_secrets.agekeys.recipient import Recipient, short
from matrix_secrets.errors import RefusedError, UsageError
from matrix_secrets.gitrepo.changes import head_blob
from matrix_secrets.manifests.parse import decode
from matrix_secrets.records import dataclass
from matrix_secrets.sops.creationrules import rules_of
from matrix_secrets.sops.recipientlists import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matrix_secrets.agekeys.discovery import Discovered
    from matrix_secrets.gitrepo.locate import WorkTree
    from matrix_secrets.operations.keys_files import SealedFile
    from matrix_secrets.sops.creationrules import CreationRules

_CLUSTER: Final = re.compile(r"(?:^|[^a-z])(?:cluster|flux)(?:$|[^a-z])")
_NOT_OF_NAMES: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Holder:
    """A recipient. ``rules`` are numbers from 1, ``files`` what it reads.

    ``lacking`` are files that it should read by their rule and does not, ``surplus`` those that it reads and should
    not. ``source`` says where the identity stands if it is yours.
    """

    key: str
    name: str
    rules: tuple[int, ...]
    files: tuple[str, ...]
    lacking: tuple[str, ...]
    surplus: tuple[str, ...]
    source: str | None

    @property
    def is_cluster(self) -> bool:
        """Whether its name says that Flux decrypts with it."""
        return is_cluster_name(self.name)

    @property
    def shown(self) -> str:
        """The name, and enough of the recipient to know it by."""
        return f"{self.name} ({short(self.key)})" if self.name else short(self.key)


def holders(
    files: Sequence[SealedFile],
    rules: CreationRules | None,
    discovered: Discovered | None = None,
    *,
    names: Mapping[str, str] | None = None,
) -> list[Holder]:
    """Return all recipients of rules and files: in the order of the rules, then of the files.

    ``names`` are by key; those of the rules where they are not given.
    """
    listed = rules.rules if rules is not None else ()
    keys = [key_of(recipient) for rule in listed for recipient in rule.recipients]
    keys += [key_of(recipient) for each in files for recipient, _ in each.metadata.age]
    names = names_of(rules) if names is None else names
    sources = _sources(discovered)
    wanted = {each.file: {key_of(recipient) for recipient in each.wanted} for each in files}
    return [
        Holder(
            key,
            names.get(key, ""),
            tuple(rule.index + 1 for rule in listed if key in {key_of(each) for each in rule.recipients}),
            tuple(each.file for each in files if key in each.readers),
            tuple(each.file for each in files if key in wanted[each.file] and key not in each.readers),
            tuple(each.file for each in files if key in each.readers and key not in wanted[each.file]),
            sources.get(key),
        )
        for key in dict.fromkeys(keys)
    ]


def is_cluster_name(name: str) -> bool:
    """Whether a name says that Flux decrypts with the key: ``cluster``, ``home-cluster``, ``flux``."""
    return _CLUSTER.search(name.lower()) is not None


def names_of(rules: CreationRules | None) -> Mapping[str, str]:
    """The names that the rules file gives, by key; an ssh key's own comment where it gives none."""
    if rules is None:
        return {}
    found = {key_of(recipient): name for recipient, name in rules.names.items()}
    for rule in rules.rules:
        for recipient in rule.recipients:
            comment = recipient.removeprefix(key_of(recipient)).strip()
            if comment:
                found.setdefault(key_of(recipient), comment)
    return found


def names_before(work_tree: WorkTree, rules: CreationRules) -> Mapping[str, str]:
    """The names in the last commit's rules file: whoever was taken out since has one there."""
    raw = head_blob(work_tree, rules.path)
    try:
        return {} if raw is None else names_of(rules_of(rules.root, decode(raw, rules.config_file), rules.config_file))
    except RefusedError:
        return {}


def named(everybody: Sequence[Holder], name: str) -> list[Holder]:
    """Return the recipients that a NAME means: a name, any case, or a recipient itself; several for several devices.

    A recipient need not be here any more: the history may know it. Raises UsageError, naming those that there are,
    where a name means nobody; RefusedError for a recipient with a typo.
    """
    refuse_private_key(name)
    if name.startswith(("age1", "ssh-")):
        key = Recipient.parse(name).key
        return [each for each in everybody if each.key == key] or [Holder(key, "", (), (), (), (), None)]
    found = [holder for holder in everybody if holder.name and same_name(holder.name, name)]
    if not found:
        known = ", ".join(holder.shown for holder in everybody) or "nobody"
        raise UsageError(
            f"nobody here is called {name}", hint=f"there are: {known}; a recipient can be named by its key, too"
        )
    return found


def refuse_private_key(name: str) -> None:
    """Refuse a private key in the place of a NAME, and do not repeat it. Raises RefusedError."""
    if "AGE-SECRET-KEY-" in name.upper() or "PRIVATE KEY" in name.upper():
        raise RefusedError(
            "that is a private key (an identity), and it must stay with its owner",
            cause="what is typed as an argument is seen by others on this machine, and kept in the shell's history",
            hint="make a new one (matrix-secrets keys generate --out FILE), and have the old one taken off",
        )


def same_name(one: str, other: str) -> bool:
    """Whether two names mean the same, however they are spelled: an anchor cannot hold spaces or capitals' meaning."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return _NOT_OF_NAMES.sub("-", name.lower()).strip("-") or name


def _sources(discovered: Discovered | None) -> dict[str, str]:
    if discovered is None:
        return {}
    found = {identity.recipient.key: identity.source for identity in discovered.identities}
    for locked in discovered.locked:
        if locked.recipient is not None:
            found.setdefault(locked.recipient.key, locked.source)
    return found
