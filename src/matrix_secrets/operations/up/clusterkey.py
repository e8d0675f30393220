"""The cluster's identity, put there before anything is encrypted for it: Flux must never wait for a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.agekeys.generate import generate_identity
from matrix_secrets.operations.keyhome import find_home, put_keys, read_home
from matrix_secrets.sops.recipientlists import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.operations.coverage import Named
    from matrix_secrets.operations.keyhome import KeyHome
    from matrix_secrets.sops.creationrules import CreationRules
    from matrix_secrets.stack.model import Stack
    from matrix_secrets.stack.workspace import Workspace


def home_of(cluster: Connection, workspace: Workspace, stacks: Sequence[Stack]) -> KeyHome:
    """Return the Secret that the stack's owner decrypts with, as it is now. Raises as `find_home` and `read_home`."""
    return read_home(cluster, *find_home(cluster, workspace, stacks))


def serves(home: KeyHome, mine: Collection[str], rules: CreationRules | None) -> bool:
    """Whether it holds an identity to encrypt for: its own, one that the rules list, or one of the user's."""
    listed = {key_of(each) for rule in (rules.rules if rules is not None else ()) for each in rule.recipients}
    own = any(each.own for each in home.held)
    return home.pending is not None or own or bool(set(home.recipients) & {*mine, *listed})


def put_own(cluster: Connection, home: KeyHome) -> KeyHome:
    """Make an identity of the cluster's own, in memory, put it into the Secret, and return that as it then is.

    It is marked until the repository encrypts for it. Raises ConflictError where the Secret changed meanwhile.
    """
    key = generate_identity("the cluster's new identity")
    put_keys(cluster, home, (key,), key.recipient.key)
    return read_home(cluster, home.namespace, home.name)


def end_pending(cluster: Connection, home: KeyHome) -> None:
    """Take the mark away: the repository knows the recipient now."""
    if home.marked:
        put_keys(cluster, read_home(cluster, home.namespace, home.name), (), None)


def cluster_readers(home: KeyHome, name: str) -> list[Named]:
    """Return the recipient to encrypt for: the one just made, else the cluster's own, else the first."""
    own = [recipient for each in home.held if each.own for recipient in each.recipients]
    pending = [home.pending.recipient.key] if home.pending is not None else []
    return [(key, name) for key in (pending or own or list(home.recipients))[:1]]
