"""The identities that the cluster decrypts with, read where a command is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.keywork import KeyWork
from matrix_secrets.operations.keyhome import find_home, read_home

if TYPE_CHECKING:
    from matrix_secrets.agekeys.identity import Identity
    from matrix_secrets.cli.context import App


def held_by_cluster(app: App) -> list[Identity]:
    """Return the identities in the Secret that the stacks' owners decrypt with.

    Raises OutsideError where the cluster does not tell, RefusedError for an entry that does not parse.
    """
    work, cluster = KeyWork(app), app.cluster
    place = find_home(cluster, work.workspace, work.stacks)
    home = app.timed("reading the cluster's key", lambda: read_home(cluster, *place))
    return [identity for each in home.held for identity in each.identities]


def held_recipients(app: App) -> frozenset[str]:
    """Return the recipients of these identities. Raises as `held_by_cluster`."""
    return frozenset(identity.recipient.key for identity in held_by_cluster(app))
